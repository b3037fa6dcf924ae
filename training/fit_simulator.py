"""Entry point: fit the stream simulator to recorded streams, and show how near it comes.

    python -m training.fit_simulator                          # twitch_vtuber_chat, from HIKARI_DATA_MIRROR
    python -m training.fit_simulator data.path=FOLDER         # layout: training/simulator_data.py
    python -m training.fit_simulator write=true               # also replaces hikari/analytics/simulation.json

Streams are sorted into profiles by their message rate. What has a closed form is read off the figures; the rest is moved, round by
round, until simulated streams show the recorded figures. The autocovariance of the rate is fitted as a non-negative sum of the
processes' own. Writes figures and pictures to `output`; the last line is one JSON object.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from hikari import atomic
from hikari.analytics.simulator import streams
from hikari.analytics.simulator_config import FORMAT, PROFILES, Profile, SimulationConfig
from hikari.analytics.simulator_rate import TIMES_S
from training import entry
from training.external import ExternalDataError
from training.simulator_data import MeasuredStream, read_channels, simulated
from training.simulator_figures import HISTORY, LAGS, chatters_of, stream_figures, summary
from training.simulator_report import FITTED, write_report
from training.simulator_schema import FitSimulatorConfig

Figures = dict[str, Any]
_WEEK_S = 7 * 86_400.0
_DIGITS = 5


def fit(config: FitSimulatorConfig) -> Figures:
    """Measure, fit and report; returns the recorded and the simulated figures of each profile. Raises `ExternalDataError`."""
    recorded = recorded_figures(_folder(config.data.path))
    profiles: Figures = {}
    for name, rows in by_profile(recorded).items():
        measured = summary(rows)
        profile = fitted(measured, config, name)
        shown = simulated_figures(profile, config, name)
        profiles[name] = {"parameters": _rounded(asdict(profile)), "measured": _rounded(measured), "simulated": _rounded(shown)}
    content = {
        "format": FORMAT,
        "about": "figures of recorded streams by training.fit_simulator; no messages, no names",
        "profiles": {name: {key: part[key] for key in ("parameters", "measured")} for name, part in profiles.items()},
    }
    write_report(profiles, Path(config.output))
    if config.write:
        atomic.write_file(Path(config.figures), (json.dumps(content, indent=1) + "\n").encode())
    return {
        name: {key: [part["measured"][key], part["simulated"][key]] for key in FITTED} | {"streams": part["measured"]["streams"]}
        for name, part in profiles.items()
    }


def recorded_figures(folder: Path) -> list[Figures]:
    """Figures of every recorded stream, with the days to the channel's next one."""
    found = []
    for recorded in read_channels(folder).values():
        rows = figures_in_order(recorded)
        starts = [stream.start for stream in recorded]
        for row, gap in zip(rows, [*np.diff(starts).tolist(), None], strict=True):
            # A channel's holidays say nothing about its weeks.
            row["days_between"] = gap / 86_400 if gap is not None and gap < 2 * _WEEK_S else None
            found.append(row)
    return found


def figures_in_order(recorded: Sequence[MeasuredStream]) -> list[Figures]:
    """Figures of one channel's streams, each with those before it as history."""
    before: list[frozenset[str]] = []
    rows = []
    for stream in recorded:
        rows.append(stream_figures(stream, before))
        before = [*before[-HISTORY + 1 :], chatters_of(stream)]
    return rows


def by_profile(rows: Sequence[Figures]) -> dict[str, list[Figures]]:
    """The lower quarter, the middle half and the upper quarter by messages a minute. Raises `ExternalDataError` for too few."""
    ordered = sorted(rows, key=lambda row: row["rate"])
    quarter = len(ordered) // 4
    if not quarter:
        raise ExternalDataError("at least four streams of half an hour are needed")
    return dict(zip(PROFILES, (ordered[:quarter], ordered[quarter:-quarter], ordered[-quarter:]), strict=True))


def simulated_figures(profile: Profile, config: FitSimulatorConfig, name: str) -> Figures:
    """Figures of simulated streams of several channels: in one alone, a few loud regulars decide."""
    simulation = SimulationConfig(profile=name, figures=profile)
    rows = []
    for channel in range(config.channels):
        rows += figures_in_order(simulated(streams(config.streams, config.seed + channel, simulation)))
    return summary(rows)


def fitted(measured: Figures, config: FitSimulatorConfig, name: str) -> Profile:
    """The parameters that make simulated streams show the measured figures."""
    profile = _start(measured)
    for number in range(config.rounds):
        # Steps shrink, so that the last rounds do not chase the chance of one draw.
        profile = _moved(profile, measured, simulated_figures(profile, config, name), 1.0 / (1.0 + 0.25 * number))
    return profile


def _start(measured: Figures) -> Profile:
    first_time = measured["first_time"] or 0.2
    days = measured["days_between"] or 2.0
    shape = [1.0 if math.isnan(value) else value for value in measured["shape"]]
    return Profile(
        rate=measured["rate"],
        rate_spread=measured["rate_spread"],
        hours=measured["hours"],
        hours_spread=measured["hours_spread"],
        streams_per_week=min(7.0 / days, 7.0),
        shape=tuple(shape),
        fast=0.3,
        medium=0.25,
        slow=0.2,
        chatters=1.2 * measured["chatters"],
        chattiness=1.5,
        conversation=0.8,
        newcomers=first_time,
        loyalty=0.5,
        emote_only=measured["emote_only"],
        emote_beside=measured["emote_beside"],
        question=measured["question"],
        mention=measured["mention"],
        shouting=measured["shouting"],
        command=measured["command"],
        link=measured["link"],
        words=tuple(measured["words_shares"]),
        emotes=tuple(measured["emotes_shares"]),
    )


def _moved(profile: Profile, measured: Figures, shown: Figures, step: float) -> Profile:
    """The profile moved towards the measured figures; a step of 1 is about all of the way."""

    def ratio(name: str) -> float:
        return float((measured[name] / max(shown[name], 1e-4)) ** (0.8 * step)) if measured[name] else 1.0

    def share(name: str, figure: str | None = None) -> float:
        return min(max(getattr(profile, name) * ratio(figure or name), 0.0005), 0.95)

    fast, medium, slow = _spreads(profile, measured, shown, step)
    returning = 0.0 if measured["returning"] is None else shown["returning"] - measured["returning"]
    talkative = shown["chatters_5_minutes"] - measured["chatters_5_minutes"]
    return replace(
        profile,
        rate=profile.rate * ratio("rate"),
        hours=profile.hours * ratio("hours"),
        fast=fast,
        medium=medium,
        slow=slow,
        shape=tuple(
            height * (wanted / max(found, 0.05)) ** (0.6 * step) if found == found and wanted == wanted else height
            for height, wanted, found in zip(profile.shape, measured["shape"], shown["shape"], strict=True)
        ),
        chatters=profile.chatters * ratio("chatters"),
        chattiness=min(max(profile.chattiness * ratio("top_5"), 0.3), 3.0),
        conversation=min(max(profile.conversation + 2.5 * step * talkative, 0.0), 2.5),
        newcomers=share("newcomers", "first_time"),
        loyalty=min(max(profile.loyalty + 1.5 * step * returning, 0.02), 5.0),
        emote_only=share("emote_only"),
        emote_beside=share("emote_beside"),
        question=share("question"),
        mention=share("mention"),
        shouting=share("shouting"),
    )


def _spreads(profile: Profile, measured: Figures, shown: Figures, step: float) -> tuple[float, ...]:
    """Spreads of the processes: what they add to the autocovariance now is taken off, and the rest of the target is fitted."""
    names = {lag: f"autocovariance_{lag}" for lag in LAGS}
    lags = [lag for lag, name in names.items() if measured[name] is not None and shown[name] is not None]
    curves = np.array([[_of_minutes(lag * 60.0, time) for time in TIMES_S] for lag in lags])
    variances = np.array([profile.fast, profile.medium, profile.slow]) ** 2
    target = np.array([measured[names[lag]] - shown[names[lag]] for lag in lags]) + curves @ variances
    # Long lags are few and noisy.
    weights = np.array([1.0 / (1.0 + lag / 15.0) for lag in lags])
    wanted, _ = nnls(curves * weights[:, None], target * weights)
    part = 0.7 * step
    return tuple(float(math.sqrt(value)) for value in (1.0 - part) * variances + part * np.clip(wanted, 1e-4, 1.0))


def _of_minutes(lag_s: float, time_s: float) -> float:
    """Correlation of two minutes' means of an exponentially correlated process, `lag_s` apart, over its variance.

    Cox and Isham, Point Processes, 1980, section 3.3: for means over T, 2(x - 1 + e^-x)/x^2 with x = T/time at lag 0, and
    e^-(lag - T)/time ((1 - e^-x)/x)^2 beyond.
    """
    x = 60.0 / time_s
    if lag_s == 0:
        return 2.0 * (x - 1.0 + math.exp(-x)) / x**2
    return math.exp(-(lag_s - 60.0) / time_s) * ((1.0 - math.exp(-x)) / x) ** 2


def _folder(path: str | None) -> Path:
    if path is None:
        raise ExternalDataError(
            "data.path=FOLDER must name recorded streams, or HIKARI_DATA_MIRROR a folder with twitch_vtuber_chat"
        )
    folder = Path(path)
    inner = folder / "twitch_vtuber_chat"
    return inner if inner.is_dir() else folder


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """`python -m training.fit_simulator`"""
    entry.run("fit_simulator", FitSimulatorConfig, lambda config: print(json.dumps(fit(config))))


if __name__ == "__main__":
    main()
