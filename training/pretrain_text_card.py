"""The card of the pre-trained text weights, written from what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.public_card import ROWS

_FIGURES = {
    **ROWS,
    "tweeteval_irony.f1": "TweetEval irony (val), F1 of irony",
    "tweeteval_emotion.macro_f1": "TweetEval emotion of four (val), macro-F1",
    "hikari_corpus.macro_f1": "bundled corpus (dev), sentiment, macro-F1",
}


def render(facts: Mapping[str, Any], released: Mapping[str, Any], ablations: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: what it is, what it learned from under which terms, what it reaches on dev, what was tried."""
    figures = facts["figures"]
    lines = [
        "# Pre-trained text weights",
        "",
        f"{facts['encoder']} (sha256 `{str(facts['encoder_sha256'])[:16]}`) after multi-task training on public sets and the bundled "
        f"corpus; weight-only int8, a scale for every 32 entries, {released['bytes'] / 1e6:.1f} MB, "
        f"sha256 `{released['sha256'][:16]}`. The light stage `train` starts from it. No message is in it.",
        *_onward(facts.get("onward")),
        "",
        "## Data",
        "",
        "| set | training | dev | licence |",
        "|---|---|---|---|",
    ]
    train, dev = facts["rows"]["train"], facts["rows"]["dev"]
    licences = {name: entry["licence"] for name, entry in facts["sets"].items()} | {"hikari_corpus": "MIT"}
    for name in sorted({*train, *dev}):
        licence = next((text for key, text in licences.items() if name.startswith(key)), "")
        lines.append(f"| {name} | {train.get(name, 0):,} | {dev.get(name, 0):,} | {licence} |")
    lines += [
        "",
        "No training text occurs twice or in a dev set (compared without case, handles, addresses and punctuation); equal texts of several "
        "sets are one row with the labels of all.",
        "",
        "## Dev figures (thresholds fitted on the same dev rows; before fine-tuning)",
        "",
        "| figure | fp32 | change by int8 |",
        "|---|---|---|",
    ]
    for name, title in _FIGURES.items():
        if name in figures:
            change = facts["int8_change"].get(name)
            lines.append(f"| {title} | {figures[name]:.3f} | {'' if change is None else f'{change:+.4f}'} |")
    languages = [name for name in figures if name.startswith("umsab_") and name.endswith(".macro_f1")]
    lines += [f"| UMSAB {name.removeprefix('umsab_').split('.')[0]}, macro-F1 | {figures[name]:.3f} | |" for name in languages]
    if ablations:
        columns = list(ablations[0]["figures"])
        lines += ["", "## What was tried", ""]
        lines += ["On a sample of the training rows; the score is the mean of the six figures that choose between models.", ""]
        lines += ["| setting | score | " + " | ".join(columns) + " | kept |", "|---|---|" + "---|" * (len(columns) + 1)]
        for row in ablations:
            cells = " | ".join(f"{row['figures'][column]:.3f}" for column in columns)
            lines.append(f"| {row['setting']} | {row['score']:.4f} | {cells} | {'yes' if row['kept'] else 'no'} |")
    lines += [
        "",
        "## Limits",
        "",
        "Tweets, Reddit, news comments and game chat of 2013 to 2025, mostly English; the toxicity sets were sampled by keywords and carry "
        "their annotators' bias. `severe_toxic` is labelled only where a message is clean, and in the bundled corpus. Not for "
        "judging people.",
        "",
    ]
    return "\n".join(lines)


def _onward(onward: Mapping[str, Any] | None) -> list[str]:
    if onward is None:
        return []
    taught = f"{onward['teach']} of their predictions in the targets and {onward['teach_others']} of the rows without labels"
    return [
        "",
        f"The run went on from the weights with sha256 `{onward['start_sha256'][:16]}`: {onward['keep']} of them kept, {taught}.",
    ]
