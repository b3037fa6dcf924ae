"""Two versions of the text model over the same stream: what changes for those who listen to it.

Both are replayed in full, so that what follows from a label (recommendation, memory, alerts) is compared as well as the label. The report
names messages by id and never by text: whoever may read the stream finds them in the replays beside it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hikari.errors import BadInput
from hikari.stream.replay import ReplayOptions, replay

EXAMPLES = 20
"""Per kind of change, those with the largest difference."""
REPORTS = ("report.json", "report.md")
SIDES = ("a", "b")


def _memory(event: Mapping[str, Any]) -> str:
    memory = event["memory"]
    return "none" if memory is None else f"kept out: {memory['kept_out']}" if "kept_out" in memory else "kept"


def _advice(event: Mapping[str, Any]) -> str:
    advice = event["response_recommendation"]
    return f"{'answer' if advice['respond'] else 'pass'}, {advice['tone']}, {advice['priority']}"


def _asking(question: Mapping[str, Any]) -> float:
    """A model that does not know questions gives no probability: it is sure of what it says then."""
    probability = question["probability"]
    return float(question["asks"] if probability is None else probability)


READ: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "sentiment": lambda event: str(event["sentiment"]["aggregate"]["label"]),
    "emotion": lambda event: str(event["emotion"]["primary"]),
    "toxicity": lambda event: ", ".join(event["toxicity"]["labels"]) or "clean",
    "question": lambda event: "question" if event["context"]["question"]["asks"] else "no question",
    "recommendation": _advice,
    "memory": _memory,
}
"""What is compared, in words."""
SCORES: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "sentiment": lambda event: float(event["sentiment"]["aggregate"]["score"]),
    "toxicity": lambda event: float(event["toxicity"]["score"]),
    "question": lambda event: _asking(event["context"]["question"]),
}


async def compare(
    source: Path,
    bundles: tuple[Path, Path],
    target: Path,
    options: ReplayOptions | None = None,
    progress: Callable[[str, int], None] = lambda side, done: None,
) -> dict[str, Any]:
    """Replay `source` with both bundles into `target/a` and `target/b` and write what differs as `report.json` and `report.md`.

    Raises as `replay`.
    """
    _prepare(target)
    chosen = options or ReplayOptions()
    summaries = {
        side: await replay(source, target / side, replace(chosen, bundle=bundle), lambda done, side=side: progress(side, done))
        for side, bundle in zip(SIDES, bundles, strict=True)
    }
    report = differences(target / "a" / "events.jsonl", target / "b" / "events.jsonl")
    report = {
        "stream": summaries["a"]["source"],
        "models": {side: summaries[side]["model"] for side in SIDES},
        **report,
        "alerts": {side: summaries[side]["alerts"] for side in SIDES},
        "memories": {side: summaries[side]["memory"]["kept"] for side in SIDES},
    }
    (target / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (target / "report.md").write_text(as_markdown(report), encoding="utf-8")
    return report


def differences(left: Path, right: Path) -> dict[str, Any]:
    """What differs between the events of two replays of one stream."""
    totals: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in READ}
    examples: dict[str, list[tuple[float, int, dict[str, Any]]]] = {name: [] for name in READ}
    moved = dict.fromkeys(SCORES, 0.0)
    messages = touched = 0
    for place, (a, b) in enumerate(zip(_analyses(left), _analyses(right), strict=True)):
        messages += 1
        apart = {name: abs(read(a) - read(b)) for name, read in SCORES.items()}
        for name, distance in apart.items():
            moved[name] += distance
        changed = False
        for name, read in READ.items():
            pair = (read(a), read(b))
            if pair[0] == pair[1]:
                continue
            changed = True
            totals[name][pair] += 1
            distance = apart.get(name, max(apart.values()))
            row = {
                "id": a["id"],
                "channel": a["channel"],
                "timestamp": a["timestamp"],
                "a": pair[0],
                "b": pair[1],
                "distance": round(distance, 4),
            }
            examples[name].append((-distance, place, row))
            examples[name] = sorted(examples[name], key=lambda each: each[:2])[:EXAMPLES]
        touched += changed
    return {
        "messages": messages,
        "changed_messages": touched,
        "mean_score_distance": {name: round(total / messages, 5) if messages else None for name, total in moved.items()},
        "changes": {
            name: {
                "count": sum(pairs.values()),
                "share": round(sum(pairs.values()) / messages, 5) if messages else None,
                "pairs": [
                    {"a": a, "b": b, "count": count}
                    for (a, b), count in sorted(pairs.items(), key=lambda each: (-each[1], each[0]))
                ],
                "examples": [row for _, _, row in examples[name]],
            }
            for name, pairs in totals.items()
        },
    }


def as_markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    a, b = (report["models"][side] or {"version": "?", "fingerprint": "?"} for side in SIDES)
    lines = [
        "# What another model changes",
        "",
        f"A is version {a['version']} ({a['fingerprint']}), B version {b['version']} ({b['fingerprint']}). "
        f"Of {report['messages']} messages, {report['changed_messages']} are answered differently in some way.",
        "",
        "| | changed | share | mean distance of scores |",
        "|---|---:|---:|---:|",
    ]
    for name, change in report["changes"].items():
        distance = report["mean_score_distance"].get(name)
        share = "" if change["share"] is None else f"{change['share']:.2%}"
        lines.append(f"| {name} | {change['count']} | {share} | {'' if distance is None else f'{distance:.4f}'} |")
    lines += ["", f"Memories kept: A {report['memories']['a']}, B {report['memories']['b']}.", ""]
    kinds = sorted({*report["alerts"]["a"], *report["alerts"]["b"]})
    if kinds:
        told = [f"{kind} {report['alerts']['a'].get(kind, 0)} and {report['alerts']['b'].get(kind, 0)}" for kind in kinds]
        lines += [f"Alerts (A and B): {'; '.join(told)}.", ""]
    for name, change in report["changes"].items():
        if change["count"]:
            lines += [f"## {name}", "", "| A | B | messages |", "|---|---|---:|"]
            lines += [f"| {pair['a']} | {pair['b']} | {pair['count']} |" for pair in change["pairs"][:EXAMPLES]]
            shown = ", ".join(str(row["id"]) for row in change["examples"])
            lines += ["", f"Farthest apart, by id: {shown}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _prepare(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(path.name not in (*SIDES, *REPORTS) for path in target.iterdir())):
        raise BadInput(f"{target} holds other files than a comparison's", field="out")
    target.mkdir(parents=True, exist_ok=True)


def _analyses(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["type"] == "analysis":
                yield event
