"""Entry point: three classifiers that others trained become one bundle, served with `HIKARI_BUNDLE`.

    python -m training.export_stack
    python -m training.export_stack sentiment.checkpoint.source=folder sentiment.checkpoint.location=FOLDER

Each is a checkpoint as `AutoModelForSequenceClassification` writes it, from the hub or a folder. Its labels become ours inside the graph:
labels that exclude each other by the logarithm of the sum of their exponentials, after which softmax gives the sum of their
probabilities; labels that are decided alone one for one. Nothing is written when ONNX and PyTorch disagree. Weights stay fp32, nothing is
fitted: temperatures are 1, thresholds 0.5, and the ensemble is the seed's.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import nn

from hikari import fingerprint
from hikari.bundle import STACK_PARTS, write_bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.ensemble import SEED
from hikari.sentiment.labels import TASKS, Task
from hikari.stream.cache import common_phrases
from training import encoder, entry, onnx_export
from training.network import longest, pad_id
from training.schema import EncoderConfig, Name, closed


class StackError(RuntimeError):
    """A checkpoint does not fit its part of the stack, or answers otherwise as ONNX; nothing was written."""


@closed
@dataclass(frozen=True)
class PartConfig:
    """One of the three models."""

    checkpoint: EncoderConfig
    labels: dict[str, tuple[str, ...]]
    """Each of our labels: the checkpoint's labels that count for it."""


@closed
@dataclass(frozen=True)
class ExportStackConfig:
    bundle: Name
    name: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    max_tokens: Annotated[int, Field(ge=8, le=512)]
    """Longer messages lose their middle; less where a checkpoint reads less."""
    fp32_tolerance: Annotated[float, Field(gt=0)]
    sentiment: PartConfig
    emotion: PartConfig
    toxicity: PartConfig


class Mapped(nn.Module):
    """A classifier of transformers with logits of shape (rows, our labels) by task, like `TextNetwork`."""

    def __init__(self, classifier: nn.Module, task: Task, groups: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.classifier: Any = classifier
        self.tasks: tuple[Task, ...] = (task,)
        self._groups = [list(group) for group in groups]

    @property
    def pad_id(self) -> int:
        """The token that fills short rows."""
        return pad_id(self.classifier)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.classifier(input_ids=input_ids, attention_mask=attention_mask).logits
        ours = [logits[:, group[0]] if len(group) == 1 else logits[:, group].logsumexp(dim=-1) for group in self._groups]
        return {self.tasks[0].name: torch.stack(ours, dim=-1)}


def export(config: ExportStackConfig) -> dict[str, Any]:
    """Load, map, convert, compare, write; returns what the manifest says. Raises `StackError`, `EncoderError`."""
    calibration = Calibration({}, {}, {"seed": SEED}, "seed")
    files: dict[str, Path | bytes] = {"calibration.json": _json(calibration.to_json())}
    parts: dict[str, Any] = {}
    parents: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in STACK_PARTS:
            part: PartConfig = getattr(config, name)
            folder = encoder.locate(part.checkpoint)
            network = load(folder, next(task for task in TASKS if task.name == name), part)
            limit = min(config.max_tokens, longest(network.classifier.base_model))
            graph = Path(scratch) / f"{name}.onnx"
            onnx_export.export_fp32(network, graph)
            difference = _difference(network, graph, folder / "tokenizer.json", limit)
            if not difference <= config.fp32_tolerance:  # NaN does not pass either
                raise StackError(
                    f"{name}: ONNX and PyTorch differ by {difference:.2e} in a logit, at most {config.fp32_tolerance:.0e}"
                )
            files |= {f"{name}.onnx": graph, f"{name}.tokenizer.json": folder / "tokenizer.json"}
            parents[name] = fingerprint.of_file(folder / "model.safetensors")
            parts[name] = {
                "encoder": part.checkpoint.name,
                "location": part.checkpoint.location,
                "revision": part.checkpoint.revision,
                "labels": {label: list(theirs) for label, theirs in part.labels.items()},
                "max_tokens": limit,
                "pad_id": network.pad_id,
                "fp32_max_difference": float(f"{difference:.3g}"),
            }
        files["stack.json"] = _json({"parts": parts})
        bundle = write_bundle(
            Path(config.bundle), files, name=config.name, version=config.version, parents=parents, kind="stack", precision="fp32"
        )
    return {"bundle": config.bundle, "fingerprint": bundle.fingerprint, "parts": parts}


def load(folder: Path, task: Task, part: PartConfig) -> Mapped:
    """The checkpoint in `folder` with its labels mapped to the task's. Raises `StackError`."""
    from transformers import AutoModelForSequenceClassification

    classifier, found = AutoModelForSequenceClassification.from_pretrained(
        folder, attn_implementation="eager", local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    if found["missing_keys"]:
        raise StackError(
            f"{task.name}: {folder} holds no trained classifier, it lacks {', '.join(sorted(found['missing_keys']))}"
        )
    theirs = [str(classifier.config.id2label[number]) for number in range(classifier.config.num_labels)]
    return Mapped(classifier.eval().float(), task, groups(task, part.labels, theirs)).eval()


def groups(task: Task, mapped: dict[str, tuple[str, ...]], theirs: Sequence[str]) -> list[list[int]]:
    """For each label of the task the places of the checkpoint's labels that count for it. Raises `StackError`.

    >>> groups(TASKS[0], {"negative": ("1", "2"), "neutral": ("3",), "positive": ("4", "5")}, ["1", "2", "3", "4", "5"])
    [[0, 1], [2], [3, 4]]
    """
    problems = []
    if set(mapped) != set(task.labels):
        problems.append(f"labels must map exactly {', '.join(task.labels)}, got {', '.join(mapped)}")
    used = [label for labels in mapped.values() for label in labels]
    if unknown := sorted(set(used) - set(theirs)):
        problems.append(f"the checkpoint has no label {', '.join(unknown)}; it has {', '.join(theirs)}")
    if twice := sorted({label for label in used if used.count(label) > 1}):
        problems.append(f"{', '.join(twice)} may count once only")
    if empty := [label for label, labels in mapped.items() if not labels]:
        problems.append(f"nothing counts for {', '.join(empty)}")
    if task.activation == "softmax" and (lost := [label for label in theirs if label not in used]):
        problems.append(f"{', '.join(lost)} of the checkpoint must count for something")
    if task.activation == "sigmoid" and (many := [label for label, labels in mapped.items() if len(labels) > 1]):
        problems.append(f"labels are decided alone here, so one counts for each; {', '.join(many)} has several")
    if problems:
        raise StackError(f"{task.name}: " + "; ".join(problems))
    places = {label: number for number, label in enumerate(theirs)}
    return [[places[label] for label in mapped[ours]] for ours in task.labels]


def _difference(network: Mapped, graph: Path, tokenizer_file: Path, limit: int) -> float:
    """The largest difference of a logit over phrases of chat, short and long in one batch."""
    from tokenizers import Tokenizer

    phrases = common_phrases()[::8]
    tokenizer: Any = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    texts = [chat_text.read(" ".join(phrases[start : start + count])).words for count in (1, 4, 30) for start in range(0, 40, 4)]
    ids = [row.ids for row in tokenizer.encode_batch_fast(texts)]
    expected = onnx_export.torch_logits(network, ids)
    return onnx_export.largest_difference(expected, onnx_export.onnx_logits(graph, network.tasks, ids, pad_id=network.pad_id))


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def main() -> None:
    """`python -m training.export_stack`"""
    entry.run("export_stack", ExportStackConfig, lambda config: print(json.dumps(export(config))))


if __name__ == "__main__":
    main()
