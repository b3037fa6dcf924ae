"""What the model card says of the public dev sets, from the figures that `training.evaluate_public` recorded."""

from collections.abc import Mapping
from typing import Any

ROWS = {
    "tweeteval_sentiment.macro_recall": "TweetEval sentiment (val), macro recall",
    "semeval2017_task4a.macro_recall": "SemEval 2016 devtest, macro recall",
    "goemotions.macro_f1": "GoEmotions, seven Ekman labels (dev), macro-F1",
    "tweeteval_offensive.macro_f1": "TweetEval offensive (val), macro-F1",
    "tweeteval_hate.macro_f1": "TweetEval hate (val), macro-F1",
    "toxic_spans.macro_auroc": "toxicity types (held-out toxic_spans, as many clean rows of other sets), macro AUROC",
    "toxic_spans.macro_within_auroc": "toxicity types, among the held-out toxic_spans alone, macro AUROC",
    "gametox.macro_f1": "GameTox, toxic or not (held out), macro-F1",
    "davidson.macro_f1": "Davidson, offensive or hate against neither (held out), macro-F1",
    "umsab.macro_f1": "UMSAB, eight languages (val), mean macro-F1",
    "twitch_sentiment_labels.accuracy": "Twitch chat (held-out half), accuracy",
}
"""Figures of `training.public_figures` and their titles, in the order of the card."""


def section(public: Mapping[str, Any], fingerprint: str) -> str:
    """The section on public data; `fingerprint` is that of the bundle whose card it is."""
    figures = public["figures"]
    same = "this bundle" if public["bundle"] == fingerprint else f"a bundle of the same recipe, `{public['bundle'][:16]}`"
    lines = [
        "## Dev sets of public data (never trained on; official test splits were not looked at)",
        "",
        f"Measured on {same}, served in {public['precision']}, one pass. Thresholds, temperatures and the ensemble's weights were fitted "
        "on these rows, so figures that depend on them (F1, calibration error) flatter the model.",
        "",
        "| figure | value | calibration error |",
        "|---|---|---|",
    ]
    for name, title in ROWS.items():
        if name in figures:
            error = figures.get(f"{name.partition('.')[0]}.ece")
            lines.append(f"| {title} | {figures[name]:.3f} | {'' if error is None else f'{error:.3f}'} |")
    languages = sorted(name for name in figures if name.startswith("umsab_") and name.endswith(".macro_f1"))
    lines += [
        f"| UMSAB {_language(name)} (val), macro-F1 | {figures[name]:.3f} | {figures[_ece(name)]:.3f} |" for name in languages
    ]
    members = public["members"]
    if members:
        titles = list(next(iter(members.values())))
        lines += ["", "Sentiment by each member alone and together, macro-F1:", ""]
        lines += ["| set | " + " | ".join(title.replace("_", " ") for title in titles) + " |", "|---|" + "---|" * len(titles)]
        for name, row in members.items():
            lines.append(f"| {name} | " + " | ".join(f"{row[title]['macro_f1']:.3f}" for title in titles) + " |")
        lines += ["", f"The served ensemble is `{public['default_ensemble']}`."]
    return "\n".join(lines)


def _language(name: str) -> str:
    return name.removeprefix("umsab_").removesuffix(".macro_f1")


def _ece(name: str) -> str:
    return name.replace(".macro_f1", ".ece")
