"""The model card, written from what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from hikari.bundle import Bundle

_MAIN = {"sentiment": "macro_f1", "emotion": "macro_f1", "toxicity": "f1", "question": "f1"}


def render(
    bundle: Bundle,
    figures: Mapping[str, Any],
    counts: Mapping[str, Any],
    sections: Sequence[str] = (),
) -> str:
    """Markdown: what the model is, what it was trained on, what it reaches, what it must not be used for.

    `sections` are written elsewhere, each from its own figures, and stand before the limits.
    """
    manifest = bundle.manifest
    lines = [
        f"# Model card: {bundle.name} {bundle.version}",
        "",
        f"Fingerprint `{bundle.fingerprint[:16]}`. One encoder ({manifest['encoder']}, sha256 `{manifest['parents']['encoder'][:16]}`) "
        "with four linear heads: sentiment (3 classes), emotion (7), toxicity (6 labels), question (yes/no).",
        f"Served in {manifest['precision']} on a CPU; int8 decides like fp32 on {manifest['int8_agreement']:.2%} of the dev rows"
        + (f", with {', '.join(manifest['int8_fp32_layers'])} left in fp32." if manifest["int8_fp32_layers"] else "."),
        "",
        "## Data",
        "",
        f"Hikari's own chat corpus (MIT): {counts['train']['rows']} training, {counts['dev']['rows']} dev, {counts['test']['rows']} test "
        "messages; see `data/corpus/README.md`. It started from weights trained on public sets (`data/models/text_pretrained.md` names "
        "them, their licences and what was tried). Nothing is fitted on a test split.",
        "",
        "## Figures on the corpus test split",
        "",
        "| task | figure | model | bag of words + VADER |",
        "|---|---|---|---|",
    ]
    for task, figure in _MAIN.items():
        lines.append(
            f"| {task} | {figure.replace('_', '-')} | {figures[task][figure]:.3f} | {figures['baseline'][task][figure]:.3f} |"
        )
    served = figures["ensemble_served"]["macro_f1"]
    lines += [f"| sentiment, whole ensemble | macro-f1 | {served:.3f} | |", "", "| label | F1 |", "|---|---|"]
    lines += [
        f"| {task}: {name.removeprefix('f1/')} | {value:.3f} |"
        for task in ("sentiment", "emotion", "toxicity")
        for name, value in figures[task].items()
        if name.startswith("f1/")
    ]
    if "challenge" in figures:
        hard = figures["challenge"]
        lines += [
            "",
            "## Figures on the challenge set (indirect hostility and its harmless look-alikes; never trained on)",
            "",
            f"Toxicity F1 {hard['toxicity']['f1']:.3f}, accuracy {hard['toxicity']['accuracy']:.3f}; sentiment macro-F1 "
            f"{hard['sentiment']['macro_f1']:.3f}; {hard['toxicity']['rows']} messages.",
        ]
    for section in sections:
        lines += ["", section]
    lines += [
        "",
        "## Limits",
        "",
        "The corpus was written for this project: figures on it say how well the model knows that style, the public sets say more. "
        "Mainly English; other languages appear as greetings and short cheers. Irony without a marker is often missed. "
        "`severe_toxic`, `obscene`, `threat` and `identity_hate` rest on few rows: read them as hints. "
        "Not for judging people, and not as the only judge in a ban.",
        "",
    ]
    return "\n".join(lines)
