"""The report on a channel's contents: each metric during each content against what the channel would have had anyway."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hikari.analytics.content_effects import (
    CONFIDENCE,
    MIN_MINUTES,
    NEIGHBOURHOOD_S,
    SESSION_GAP_S,
    Effect,
    Flags,
    Floats,
    effect,
    sessions,
)
from hikari.analytics.contents import Content, Contents
from hikari.errors import BadInput

METHOD = (
    f"stretches of a content against {NEIGHBOURHOOD_S / 60:.0f} minutes on either side, placebo stretches of the same length, "
    f"Student's interval; streams are apart by {SESSION_GAP_S / 60:.0f} minutes; at least {MIN_MINUTES} known minutes a stretch"
)
"""How the intervals are made, for the report."""
NOTES = (
    "Contents are not drawn by lot: a difference goes with the content, it need not come from it. An experiment by time block can tell.",
    f"Each interval holds in {CONFIDENCE:.0%} of cases by itself; among many, some exclude 0 by chance.",
    "The time since the start of the stream is taken into account; the hour and the day only as far as the same stream is compared.",
)


def content_report(
    contents: Contents, timestamps: ArrayLike, metrics: Mapping[str, ArrayLike], kind: str | None = None
) -> dict[str, Any]:
    """Viewers, chat rate and whatever else a table of minutes holds, per content against the channel's baseline.

    timestamps: (n,) epoch seconds, one row a minute while live, in any order; metrics: name -> (n,), NaN where unknown; `kind`: only
    titles, games or segments. Returns `contents` (kind, name, minutes, streams, times shown, `metrics`, `sentences`), `minutes`,
    `streams`, `method` and `notes`. A metric holds mean, baseline, difference, interval, relative (of the baseline), verdict
    (higher | lower | no clear difference | too little data), method and reason. Raises `BadInput`.
    """
    times, columns = _table(timestamps, metrics)
    rows: list[dict[str, Any]] = []
    grouped: dict[tuple[str, str], list[Content]] = {}
    for content in contents.spells(kind):
        grouped.setdefault((content.kind, content.name), []).append(content)
    stream = sessions(times) if times.size else np.zeros(0, np.int64)
    for (each, name), spells in grouped.items():
        shown = _shown(times, spells)
        found = {metric: effect(times, values, shown) for metric, values in columns.items()}
        rows.append(
            {
                "kind": each,
                "name": name,
                "times_shown": len(spells),
                "minutes": int(shown.sum()),
                "streams": int(np.unique(stream[shown]).size),
                "metrics": {metric: _numbers(one) for metric, one in found.items()},
                "sentences": [_sentence(metric, one) for metric, one in found.items()],
            }
        )
    streams = int(stream[-1]) + 1 if stream.size else 0
    return {"contents": rows, "minutes": int(times.size), "streams": streams, "method": METHOD, "notes": list(NOTES)}


def _table(timestamps: ArrayLike, metrics: Mapping[str, ArrayLike]) -> tuple[Floats, dict[str, Floats]]:
    """The table in ascending order of time, infinite values unknown."""
    times = _column(timestamps, "timestamps")
    if not np.isfinite(times).all():
        raise BadInput("timestamps must be finite", field="timestamps")
    if not metrics:
        raise BadInput("a report needs at least one metric", field="metrics")
    order = np.argsort(times, kind="stable")
    columns: dict[str, Floats] = {}
    for name, values in metrics.items():
        column = _column(values, "metrics")
        if column.size != times.size:
            raise BadInput("each metric needs one value for each timestamp", field="metrics")
        columns[name] = np.where(np.isfinite(column), column, np.nan)[order]
    return times[order], columns


def _column(values: ArrayLike, field: str) -> Floats:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{field} must hold numbers", field=field) from error
    if column.ndim != 1:
        raise BadInput(f"{field} must be one row of numbers", field=field)
    return column


def _shown(times: Floats, spells: list[Content]) -> Flags:
    shown = np.zeros(times.size, dtype=np.bool_)
    for spell in spells:
        end = times.size if spell.end is None else int(np.searchsorted(times, spell.end))
        shown[int(np.searchsorted(times, spell.start)) : end] = True
    return shown


def _verdict(one: Effect) -> str:
    if one.interval is None:
        return "too little data"
    low, high = one.interval
    return "higher" if low > 0 else "lower" if high < 0 else "no clear difference"


def _numbers(one: Effect) -> dict[str, Any]:
    relative = None
    if one.difference is not None and one.baseline is not None and one.baseline > 0:
        relative = one.difference / one.baseline
    return {
        "mean": one.mean,
        "baseline": one.baseline,
        "difference": one.difference,
        "interval": None if one.interval is None else list(one.interval),
        "relative": relative,
        "verdict": _verdict(one),
        "method": one.method,
        "compared": {"stretches": one.stretches, "placebos": one.placebos},
        "reason": one.reason,
    }


def _sentence(metric: str, one: Effect) -> str:
    if one.interval is None or one.difference is None or one.baseline is None:
        return f"{metric}: too little data ({one.reason})."
    low, high = one.interval
    where = "in the hour around it" if one.method == "neighbourhood" else "in streams without it"
    end = {"higher": "higher", "lower": "lower"}.get(_verdict(one), "not clearly different")
    return (
        f"{metric}: {one.mean:.3g} against {one.baseline:.3g} expected from what the channel had {where}, {end}: "
        f"the difference is {one.difference:+.3g}, between {low:+.3g} and {high:+.3g}."
    )
