"""The card says what was measured: every number in it comes from the figures it was given."""

from pathlib import Path
from typing import Any

import pytest

from hikari.bundle import Bundle, open_bundle
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from training import card

COUNTS = {"train": {"rows": 3472}, "dev": {"rows": 716}, "test": {"rows": 919}}


def figures() -> dict[str, Any]:
    labels = {"sentiment": SENTIMENT, "emotion": EMOTION, "toxicity": TOXICITY, "question": ()}
    out: dict[str, Any] = {}
    for number, (task, names) in enumerate(labels.items()):
        each = {f"f1/{name}": 0.3 + number / 10 + k / 100 for k, name in enumerate(names)}
        out[task] = {"macro_f1": 0.811 + number / 100, "f1": 0.911 + number / 100, "accuracy": 0.5, **each}
    out["baseline"] = {task: {"macro_f1": 0.111 + k / 100, "f1": 0.211 + k / 100} for k, task in enumerate(labels)}
    out["ensemble_served"] = {"accuracy": 0.7, "macro_f1": 0.777}
    return out


def changed(bundle: Bundle, **facts: Any) -> Bundle:
    return Bundle(bundle.path, {**bundle.manifest, **facts})


def test_the_main_figures_stand_beside_the_baselines(tiny_bundle: Path) -> None:
    lines = card.render(open_bundle(tiny_bundle), figures(), COUNTS).splitlines()
    assert "| sentiment | macro-f1 | 0.811 | 0.111 |" in lines
    assert "| emotion | macro-f1 | 0.821 | 0.121 |" in lines
    assert "| toxicity | f1 | 0.931 | 0.231 |" in lines
    assert "| question | f1 | 0.941 | 0.241 |" in lines
    assert "| sentiment, whole ensemble | macro-f1 | 0.777 | |" in lines


def test_every_label_has_its_row(tiny_bundle: Path) -> None:
    given = figures()
    text = card.render(open_bundle(tiny_bundle), given, COUNTS)
    for task, labels in (("sentiment", SENTIMENT), ("emotion", EMOTION), ("toxicity", TOXICITY)):
        for label in labels:
            assert f"| {task}: {label} | {given[task][f'f1/{label}']:.3f} |" in text.splitlines()


def test_the_head_names_bundle_data_and_precision(tiny_bundle: Path) -> None:
    bundle = changed(open_bundle(tiny_bundle), int8_agreement=0.9876, int8_fp32_layers=["layer.1", "other"])
    text = card.render(bundle, figures(), COUNTS)
    assert text.startswith(f"# Model card: {bundle.name} {bundle.version}\n")
    assert bundle.fingerprint[:16] in text
    for part in ("3472 training", "716 dev", "919 test", "Served in int8", "98.76%", "layer.1, other left in fp32"):
        assert part in text
    assert "left in fp32" not in card.render(open_bundle(tiny_bundle), figures(), COUNTS)


def test_sections_stand_before_the_limits(tiny_bundle: Path) -> None:
    text = card.render(open_bundle(tiny_bundle), figures(), COUNTS, ["## One\n\nfirst", "## Two"])
    assert text.index("\n\n## One\n\nfirst\n\n## Two\n\n## Limits\n") > 0


def test_limits_are_always_named(tiny_bundle: Path) -> None:
    text = card.render(open_bundle(tiny_bundle), figures(), COUNTS)
    assert "## Limits" in text
    assert text.endswith("\n")


def test_a_figure_that_was_not_measured_is_an_error(tiny_bundle: Path) -> None:
    given = figures()
    del given["emotion"]["macro_f1"]
    with pytest.raises(KeyError, match="macro_f1"):
        card.render(open_bundle(tiny_bundle), given, COUNTS)
