"""Entry point and stage: a checkpoint becomes a calibrated, verified bundle.

    python -m training.export

Temperatures, thresholds and ensemble weights are fitted on the dev split. Nothing is written when ONNX and PyTorch disagree;
int8 is part of the bundle only where it decides like fp32.
"""

import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hikari import fingerprint
from hikari.bundle import write_bundle
from hikari.sentiment import symbols as symbol_lexicon
from hikari.sentiment import text as chat_text
from hikari.sentiment import vader
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.labels import TASKS, Task, tasks_from_json, tasks_to_json
from training import calibrate, entry, onnx_export, repro, tracking
from training.data import tokenise
from training.network import load_network
from training.onnx_export import Logits
from training.quantisers import Dynamic, Quantiser, quantiser_for
from training.schema import ExportConfig


class ExportError(RuntimeError):
    """The exported model does not answer like the trained one; nothing was written."""


@dataclass(frozen=True)
class Int8:
    """The outcome of quantising: `file` is None when int8 was given up; `kept` names the layers left in fp32."""

    file: Path | None
    agreement: float
    kept: tuple[str, ...]


def export(config: ExportConfig) -> dict[str, Any]:
    """Calibrate, convert, compare, write; returns the facts that also stand in the manifest. Raises `ExportError`."""
    repro.seed_everything(config.seed, deterministic=True)
    checkpoint = Path(config.checkpoint)
    facts = json.loads((checkpoint / "tasks.json").read_text())
    tasks = tasks_from_json(facts)
    missing = {task.name for task in TASKS} - {task.name for task in tasks}
    if missing:
        raise ExportError(f"a bundle needs all heads, this checkpoint lacks {', '.join(sorted(missing))}")
    network = load_network(checkpoint, tasks)
    dev = pd.read_parquet(Path(config.processed) / "dev.parquet")
    rows = tokenise(dev, checkpoint / "tokenizer.json", tasks, facts["max_tokens"], network.pad_id)
    logits = onnx_export.torch_logits(network, rows.ids)
    vader_scores, emoji_scores = other_members(dev["text"].tolist())
    if config.calibration == "start":
        if "calibration" not in facts:
            raise ExportError(
                "calibration=start needs a checkpoint that began at released weights (model.start); this one did not"
            )
        fitted = Calibration.from_json(facts["calibration"])
    else:
        fitted = calibrate.fit(
            tasks, logits, rows.targets, vader_scores, emoji_scores, config.minimum_positives, config.severe_toxic
        )
    calibration = dataclasses.replace(
        fitted, languages=dict(config.languages), language_minimum=config.language_minimum, severe_toxic=config.severe_toxic
    )

    with tempfile.TemporaryDirectory() as scratch:
        fp32 = Path(scratch) / "model.onnx"
        onnx_export.export_fp32(network, fp32)
        onnx = onnx_export.onnx_logits(fp32, tasks, rows.ids, pad_id=network.pad_id)
        difference = onnx_export.largest_difference(logits, onnx)
        if not difference <= config.fp32_tolerance:  # NaN does not pass either
            raise ExportError(
                f"ONNX and PyTorch differ by {difference:.2e} in a logit, at most {config.fp32_tolerance:.0e} is allowed"
            )
        quantiser = quantiser_for(network, fp32, rows.ids)
        int8 = fit_int8(fp32, tasks, calibration, rows.ids, onnx, config, quantiser, network.pad_id)
        report = {
            "max_tokens": facts["max_tokens"],
            "pad_id": network.pad_id,
            "preprocessing": chat_text.VERSION,
            "encoder": facts["encoder"],
            "fp32_max_difference": float(f"{difference:.3g}"),
            "int8_agreement": round(int8.agreement, 5),
            "int8_fp32_layers": list(int8.kept),
            "precision": "fp32" if int8.file is None else "int8",
        }
        files: dict[str, Path | bytes] = {
            "weights.safetensors": checkpoint / "weights.safetensors",
            "tokenizer.json": checkpoint / "tokenizer.json",
            "labels.json": _json(tasks_to_json(tasks)),
            "calibration.json": _json(calibration.to_json()),
            "model.onnx": fp32,
        }
        if int8.file is not None:
            files["model.int8.onnx"] = int8.file
        parents = {
            "weights": fingerprint.of_file(checkpoint / "weights.safetensors"),
            "encoder": str(facts["encoder_sha256"]),
        }
        bundle = write_bundle(Path(config.bundle), files, name=config.name, version=config.version, parents=parents, **report)
    run = tracking.resume(config.tracking, "weights", bundle.manifest["parents"]["weights"])
    run.tags({"bundle": bundle.fingerprint, "precision": report["precision"]})
    run.metrics({"export/fp32_max_difference": difference, "export/int8_agreement": int8.agreement})
    run.text(json.dumps(dataclasses.asdict(config), indent=2), "export.json")
    return {**report, "fingerprint": bundle.fingerprint, "default_ensemble": calibration.default_ensemble}


def fit_int8(
    fp32: Path,
    tasks: Sequence[Task],
    calibration: Calibration,
    ids: list[list[int]],
    reference: Logits,
    config: ExportConfig,
    quantiser: Quantiser | None = None,
    pad_id: int = 0,
) -> Int8:
    """Quantise; while the decisions agree too rarely, give the most sensitive layers back to fp32, one by one."""
    target = fp32.with_name("model.int8.onnx")
    chosen = quantiser or Dynamic(fp32)
    chosen.write(target)
    found = onnx_export.onnx_logits(target, tasks, ids, pad_id=pad_id)
    agreement = decision_agreement(tasks, calibration, reference, found)
    sys.stdout.write(f"int8 decides like fp32 on {agreement:.2%} of the dev rows (wanted: {config.int8_agreement:.0%})\n")
    if agreement >= config.int8_agreement:
        return Int8(target, agreement, ())
    # A sample is enough to rank the layers; the agreement itself is always taken over all rows.
    sample = range(0, len(ids), max(1, len(ids) // 150))
    errors = {}
    for layer in chosen.layers:
        chosen.write(target, [layer])
        logits = onnx_export.onnx_logits(target, tasks, [ids[index] for index in sample], pad_id=pad_id)
        errors[layer] = float(np.mean([np.abs(logits[task.name] - reference[task.name][sample]).mean() for task in tasks]))
    # Leaving the most sensitive layer in fp32 shrinks the error most.
    order = sorted(errors, key=errors.__getitem__)
    kept: list[str] = []
    for layer in order[: config.int8_max_unquantised]:
        kept.append(layer)
        chosen.write(target, kept)
        found = onnx_export.onnx_logits(target, tasks, ids, pad_id=pad_id)
        agreement = decision_agreement(tasks, calibration, reference, found)
        sys.stdout.write(f"int8 with {', '.join(kept)} in fp32: {agreement:.2%}\n")
        if agreement >= config.int8_agreement:
            return Int8(target, agreement, tuple(kept))
    sys.stdout.write("int8 disagrees too often: the bundle holds fp32 only, and fp32 is served\n")
    return Int8(None, agreement, ())


def decision_agreement(tasks: Sequence[Task], calibration: Calibration, left: Logits, right: Logits) -> float:
    """Share of equal decisions over all tasks: the label picked, or the set of labels over their thresholds."""
    shares = []
    for task in tasks:
        pair = [calibration.probabilities(task, logits[task.name]) for logits in (left, right)]
        if task.activation == "softmax":
            shares.append(float((pair[0].argmax(axis=1) == pair[1].argmax(axis=1)).mean()))
        else:
            decided = [[calibration.over_threshold(task, row) for row in side] for side in pair]
            shares.append(float(np.mean([a == b for a, b in zip(*decided, strict=True)])))
    return min(shares)


def other_members(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """VADER's and the symbols' scores per text, NaN where they have no opinion."""
    readings = [chat_text.read(text) for text in texts]
    scored = [vader.score(reading.plain) for reading in readings]
    symbols = [symbol_lexicon.score(reading.symbols) for reading in readings]
    missing = float("nan")
    return (
        np.array([missing if row is None else row["score"] for row in scored], dtype=np.float64),
        np.array([missing if value is None else value for value in symbols], dtype=np.float64),
    )


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def main() -> None:
    """`python -m training.export`"""
    entry.run("export", ExportConfig, lambda config: print(json.dumps(export(config))))


if __name__ == "__main__":
    main()
