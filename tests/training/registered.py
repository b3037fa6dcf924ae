"""Real bundles to register and a real SQLite store: variants of the tiny bundle, and the metrics that go with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from hikari.bundle import open_bundle, write_bundle
from hikari.sentiment.classifier import TextClassifier
from training.entry import composed
from training.evaluate import judge
from training.register_schema import RegisterConfig

LENIENT = (
    "gate.quality.least.sentiment=0.05", "gate.quality.least.emotion=0.05", "gate.quality.least.toxicity=0.05",
    "gate.quality.least.question=0.05", "gate.calibration.ece=1.0", "gate.latency.messages=4", "gate.latency.rounds=1",
    "gate.latency.times_champion=null", "gate.latency.times_floor=null", "gate.parity.int8_agreement=0.5",
    "gate.parity.fp32_difference=0.01",
)  # fmt: skip
"""Limits that the tiny bundle keeps on every machine, however busy; each test tightens the one that it is about."""


def bias(changed: float = 0.01, harmless: float = 0.1) -> dict[str, Any]:
    """What `training.bias.figures` writes, as far as the gate looks at it."""
    return {
        slot: {
            "changed_toxicity": changed,
            "groups": {"one": {"false_positive_rate": 0.0}, "other": {"false_positive_rate": harmless}},
        }
        for slot in ("names", "terms")
    }


def variant(
    tiny: Path, target: Path, version: str = "1.0.0", edit: Callable[[dict[str, Any]], Any] | None = None, **facts: Any
) -> Path:
    """The tiny bundle under another version, its calibration edited, its manifest's facts replaced."""
    old = open_bundle(tiny)
    calibration = old.json("calibration.json")
    if edit is not None:
        edit(calibration)
    files: dict[str, Path | bytes] = {name: tiny / name for name in old.manifest["files"]}
    files["calibration.json"] = json.dumps(calibration).encode()
    kept = {
        key: value
        for key, value in old.manifest.items()
        if key not in ("format", "kind", "name", "version", "fingerprint", "parents", "files")
    }
    write_bundle(target, files, name="text", version=version, parents=old.manifest["parents"], **(kept | facts))
    return target


def deaf(calibration: dict[str, Any]) -> None:
    """Nothing is toxic any more: thresholds that no probability reaches."""
    calibration["thresholds"]["toxicity"] = dict.fromkeys(calibration["thresholds"]["toxicity"] or ("toxic",), 1.0)


def metrics(bundle: Path, processed: Path, target: Path, **sections: Any) -> Path:
    """What `training.evaluate` would say of the bundle, and other sections beside it."""
    classifier = TextClassifier(open_bundle(bundle), threads=1, device="cpu")
    ensemble = classifier.calibration.ensembles[classifier.calibration.default_ensemble]
    figures = judge(classifier, pd.read_parquet(processed / "test.parquet"), ensemble)[0]
    target.write_text(json.dumps({**figures, "bias": bias(), **sections}))
    return target


def config(bundle: Path, metrics_file: Path, processed: Path, *overrides: str) -> RegisterConfig:
    """`conf/register.yaml` for these files, lenient where the overrides say nothing."""
    given = [f"bundle={bundle}", f"metrics={metrics_file}", f"processed={processed}", *LENIENT, *overrides]
    return composed("register", RegisterConfig, given)
