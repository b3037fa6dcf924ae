"""The card of the entity pipeline, written from its manifest."""

from collections.abc import Mapping
from typing import Any


def render(manifest: Mapping[str, Any], rows: Mapping[str, int]) -> str:
    """Markdown: what it is, what it learnt from under which terms, what it reaches, what it cannot; `rows` per training set."""
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    lines = [
        "# Entity pipeline",
        "",
        f"Fingerprint `{manifest['fingerprint'][:16]}`, {size / 1e6:.1f} MB, format {manifest['format']}. A spaCy pipeline with one "
        f"component that finds {', '.join(manifest['labels'])} in short informal English. Word vectors: principal components of the "
        f"word-piece table of {manifest['encoder']} (`model.safetensors` sha256 `{str(manifest['encoder_sha256'])[:16]}`). It opens with "
        "`spacy.load` after `import hikari.memory.word_vectors`; no file in it is a pickle.",
        "",
        "## Data",
        "",
        "| set | training sentences | licence | source | reference |",
        "|---|---|---|---|---|",
    ]
    for name, source in manifest["data"].items():
        lines.append(f"| {name} | {rows[name]} | {source['licence']} | {source['url']} | {source['citation']} |")
    lines += [
        "",
        "Both licences ask for attribution: the references above are it. The texts themselves are not part of this repository. Changes: "
        "labels renamed, tokens joined to running text, accounts with an @ in front left unmarked (a rule finds them), and, "
        "while training, sentences put into lower case, stripped of punctuation, given other names of the same label, and dressed with "
        "emotes.",
        "",
        "## Figures on the dev parts (exact span and label; they chose the epoch, so they flatter a little)",
        "",
        "`chat` is the same text in lower case without punctuation. Lookup: the longest name seen in training.",
        "",
        "| set | precision | recall | F1 | lookup F1 |",
        "|---|---|---|---|---|",
    ]
    for name, values in manifest["dev"].items():
        lines.append(
            f"| {name} | {values['precision']:.3f} | {values['recall']:.3f} | {values['f1']:.3f} | {manifest['baseline'][name]['f1']:.3f} |"
        )
    lines += ["", "| set | label | precision | recall | F1 | entities |", "|---|---|---|---|---|---|"]
    for name, values in manifest["dev"].items():
        for label in manifest["labels"]:
            if f"f1/{label}" in values:
                figures = " | ".join(f"{values[f'{kind}/{label}']:.3f}" for kind in ("precision", "recall", "f1"))
                lines.append(f"| {name} | {label} | {figures} | {values[f'count/{label}']:.0f} |")
    blind = never_found(manifest)
    lines += ["", "## Limits", ""]
    if blind:
        lines += [
            f"**It finds no {' and no '.join(blind)} at all**: not one in any dev set is right, although the label is in its list. They "
            "are rare in the training data, and a set that does not mark them teaches that they are nothing. In use, those labels come "
            "from the written gazetteer alone.",
            "",
        ]
    lines += [
        "English only. It misses more than half of what people mark, more in lower case; the written gazetteer and the names of known "
        "viewers cover what matters most in a stream. Tweets of 2009 to 2017: names that became known since are guessed from their "
        "letters. The settings were chosen by hand on the dev parts as well. Not for deciding anything about a person.",
        "",
    ]
    return "\n".join(lines)


def never_found(manifest: Mapping[str, Any]) -> list[str]:
    """Labels that some dev set marks and of which none was found right in any."""
    judged = {label for values in manifest["dev"].values() for label in manifest["labels"] if values.get(f"count/{label}")}
    found = {label for values in manifest["dev"].values() for label in judged if values.get(f"recall/{label}")}
    return sorted(judged - found)
