"""From the trained network to ONNX: fp32 that must agree with PyTorch, int8 that must agree with fp32."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
import torch

from hikari.sentiment.labels import Task

Logits = dict[str, np.ndarray]


class Network(Protocol):
    """What is exported and compared: a torch module in evaluation mode, token ids and mask to logits per task."""

    @property
    def tasks(self) -> tuple[Task, ...]: ...
    @property
    def pad_id(self) -> int: ...
    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, /) -> dict[str, torch.Tensor]: ...


def torch_logits(network: Network, ids: Sequence[Sequence[int]], batch_size: int = 32) -> Logits:
    """Logits per task for token id lists, batched by length, in the order given."""

    def forward(input_ids: np.ndarray, mask: np.ndarray) -> Logits:
        with torch.inference_mode():
            values = network(torch.from_numpy(input_ids), torch.from_numpy(mask))
        return {name: value.numpy() for name, value in values.items()}

    return _batched(forward, network.tasks, ids, batch_size, network.pad_id)


def onnx_logits(file: Path, tasks: Sequence[Task], ids: Sequence[Sequence[int]], batch_size: int = 32, pad_id: int = 0) -> Logits:
    """The same for an ONNX file, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [task.name for task in tasks]
    masked = "attention_mask" in [given.name for given in session.get_inputs()]

    def forward(input_ids: np.ndarray, mask: np.ndarray) -> Logits:
        given = {"input_ids": input_ids, "attention_mask": mask} if masked else {"input_ids": input_ids}
        return dict(zip(names, session.run(names, given), strict=True))

    return _batched(forward, tasks, ids, batch_size, pad_id, padded=masked)


def largest_difference(left: Logits, right: Logits) -> float:
    """The largest absolute difference over all logits."""
    return float(np.max([np.abs(left[name] - right[name]).max() for name in left]))


def export_fp32(network: Network, file: Path) -> None:
    """Write the network with free batch size and length; one output per task."""
    names = [task.name for task in network.tasks]

    class Outputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            logits = self.network(input_ids, attention_mask)
            return tuple(logits[name] for name in names)

    example = torch.ones((2, 7), dtype=torch.long)
    free = {0: "rows", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Outputs().eval(), (example, example), str(file), dynamo=False, opset_version=17, input_names=["input_ids", "attention_mask"],
            output_names=names, dynamic_axes={"input_ids": free, "attention_mask": free, **{name: {0: "rows"} for name in names}},
        )  # fmt: skip


def quantise(source: Path, target: Path, keep_fp32: Sequence[str] = ()) -> None:
    """Dynamic int8 with one scale per output channel; `keep_fp32` names nodes that stay.

    Weights use 7 bits: on processors without VNNI two 8-bit products overflow their 16-bit sum, which costs more than the bit.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # onnxruntime splits Gemm into MatMul and Add before it looks at the names.
    excluded = [*keep_fp32, *(f"{name}_MatMul" for name in keep_fp32)]
    with _quiet_root():
        quantize_dynamic(
            str(source),
            str(target),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=excluded,
        )


@contextmanager
def _quiet_root() -> Iterator[None]:
    """No warnings of onnxruntime, which writes them to the root logger itself; those of named loggers come through."""
    root = logging.getLogger()

    def errors_only(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    root.addFilter(errors_only)  # a filter sees what is written to this logger, not what its children pass up
    try:
        yield
    finally:
        root.removeFilter(errors_only)


def layer_nodes(file: Path) -> dict[str, list[str]]:
    """Quantisable nodes (MatMul, Gather, Gemm) by the encoder layer that they belong to; `other` holds the rest."""
    import onnx

    groups: dict[str, list[str]] = {}
    for node in onnx.load(str(file), load_external_data=False).graph.node:
        if node.op_type in ("MatMul", "Gather", "Gemm"):
            parts = node.name.split("/")
            layer = next(
                (part for part in parts if part.startswith("layer.")),
                "embeddings" if "embeddings" in parts else "other",
            )
            groups.setdefault(layer, []).append(node.name)
    return groups


def _batched(
    forward: Any, tasks: Sequence[Task], ids: Sequence[Sequence[int]], batch_size: int, pad_id: int, *, padded: bool = True
) -> Logits:
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    out = {task.name: np.zeros((len(ids), len(task.labels)), dtype=np.float32) for task in tasks}
    alike = [order] if padded else [list(group) for _, group in groupby(order, key=lambda index: len(ids[index]))]
    for rows in [group[start : start + batch_size] for group in alike for start in range(0, len(group), batch_size)]:
        width = max(len(ids[index]) for index in rows)
        input_ids = np.full((len(rows), width), pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for number, index in enumerate(rows):
            input_ids[number, : len(ids[index])] = ids[index]
            mask[number, : len(ids[index])] = 1
        for name, values in forward(input_ids, mask).items():
            out[name][rows] = values
    return out
