"""Entry point: the anomaly detector on the Numenta Anomaly Benchmark, beside Isolation Forest alone and two published references.

    python -m training.evaluate_nab data.path=FOLDER          # layout: training/nab_corpus.py

One setting for all series; scores by the official rules (`training/nab_scoring.py`), whose sweep finds one threshold for the whole corpus
and each profile. `groups` shows what each group gets at that threshold; `held_out_groups` is the score when the threshold for each group
is found on all the others. Writes metrics.json, a table by group and profile, and timelines; prints the figures as one JSON object on the
last line.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hikari import atomic
from hikari.settings import Settings
from training import entry, tracking
from training.nab_corpus import Series, read_corpus
from training.nab_detectors import Run, detectors
from training.nab_plots import timelines
from training.nab_schema import EvaluateNabConfig
from training.nab_scoring import PROFILES, Outcome, Profile, score_at, sweep
from training.public_data import PublicDataError

Figures = dict[str, Any]


def evaluate(config: EvaluateNabConfig) -> Figures:
    """Run every detector over the corpus and write figures, table and plots under `output`."""
    folder = corpus_folder(config.data.path)
    series = read_corpus(folder)
    runs = {name: [run(one) for one in series] for name, run in detectors(config.detector.settings()).items()}
    figures: Figures = {
        "data": folder.name,
        "series": len(series),
        "rows": sum(len(one.values) for one in series),
        "windows": sum(len(one.windows) for one in series),
        "detectors": {name: judge(series, found) for name, found in runs.items()},
        "alerts": count_alerts(series, runs["hikari"]),
    }
    output = Path(config.output)
    with atomic.new_folder(output) as made:
        (made / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
        write_table(figures["detectors"], made / "table.csv")
        threshold = figures["detectors"]["hikari"]["standard"]["threshold"]
        for group in sorted({one.group for one in series}) if config.plots_per_group else ():
            chosen = [row for row, one in enumerate(series) if one.group == group][: config.plots_per_group]
            picture = made / f"timeline_{group}.png"
            timelines([series[row] for row in chosen], [runs["hikari"][row] for row in chosen], threshold, picture)
    run = tracking.start(config.tracking, "evaluate_nab", {"data": folder.name})
    run.parameters(asdict(config))
    flat = tracking.flatten({name: {key: found[key] for key in PROFILES} for name, found in figures["detectors"].items()})
    run.metrics({key: value for key, value in flat.items() if isinstance(value, int | float)})
    run.file(output)
    run.end()
    return figures


def corpus_folder(path: str | None) -> Path:
    """The folder given, else `nab` in the mirror of public data. Raises `PublicDataError`."""
    if path is not None:
        return Path(path)
    mirror = Settings.read().data_mirror
    if mirror is None:
        raise PublicDataError(
            "NAB: name a folder in its layout (data.path=FOLDER), or set HIKARI_DATA_MIRROR to one that holds nab/"
        )
    return mirror / "nab"


def judge(series: Sequence[Series], runs: Sequence[Run]) -> Figures:
    """The figures of one detector: by profile over all series, then by group."""
    scores = [run.scores for run in runs]
    figures: Figures = {}
    for name, profile in PROFILES.items():
        best = sweep(series, scores, profile)
        figures[name] = {**_shown(best), "held_out_groups": held_out(series, runs, profile)}
    figures["groups"] = {
        group: {
            name: _shown(_of_group(series, runs, group, profile, figures[name]["threshold"]))
            for name, profile in PROFILES.items()
        }
        for group in sorted({one.group for one in series})
    }
    return figures


def held_out(series: Sequence[Series], runs: Sequence[Run], profile: Profile) -> float | None:
    """The score when each group is judged at the threshold that is best for the others; None with a single group."""
    groups = sorted({one.group for one in series})
    if len(groups) < 2:
        return None
    total, count = 0.0, 0
    for group in groups:
        others = [row for row, one in enumerate(series) if one.group != group]
        threshold = sweep([series[row] for row in others], [runs[row].scores for row in others], profile).threshold
        outcome = _of_group(series, runs, group, profile, threshold)
        total += outcome.total
        count += outcome.hits + outcome.misses
    return _number(100.0 * (total + count * profile.miss) / (count * (profile.hit + profile.miss))) if count else None


def count_alerts(series: Sequence[Series], runs: Sequence[Run]) -> Figures:
    """What an operator would have seen: alerts at the configured threshold, one an episode."""
    total, inside, found = 0, 0, 0
    for one, run in zip(series, runs, strict=True):
        moments = [alert.timestamp for alert in run.alerts]
        spans = [(one.timestamps[first], one.timestamps[last]) for first, last in one.windows]
        hits = [sum(1 for moment in moments if first <= moment <= last) for first, last in spans]
        total, inside, found = total + len(moments), inside + sum(hits), found + sum(1 for hit in hits if hit)
    rows = sum(len(one.values) for one in series)
    return {"alerts": total, "inside_windows": inside, "windows_found": found, "per_1000_rows": round(1000 * total / rows, 3)}


def write_table(found: Mapping[str, Figures], file: Path) -> None:
    """One line for each detector, group and profile; the whole corpus is the group `all`."""
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["detector", "group", "profile", "score", "hits", "misses", "false_alarms"])
        for detector, figures in found.items():
            for group, by_profile in {"all": figures, **figures["groups"]}.items():
                for profile in PROFILES:
                    shown = by_profile[profile]
                    writer.writerow(
                        [detector, group, profile, shown["score"], shown["hits"], shown["misses"], shown["false_alarms"]]
                    )


def _of_group(series: Sequence[Series], runs: Sequence[Run], group: str, profile: Profile, threshold: float) -> Outcome:
    rows = [row for row, one in enumerate(series) if one.group == group]
    return score_at([series[row] for row in rows], [runs[row].scores for row in rows], profile, threshold)


def _shown(outcome: Outcome) -> Figures:
    return {
        "score": _number(outcome.normalised),
        "total": round(outcome.total, 4),
        "threshold": outcome.threshold,
        "hits": outcome.hits,
        "misses": outcome.misses,
        "false_alarms": outcome.false_alarms,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)


def main() -> None:
    """`python -m training.evaluate_nab`"""
    entry.run("evaluate_nab", EvaluateNabConfig, lambda config: print(json.dumps(evaluate(config))))


if __name__ == "__main__":
    main()
