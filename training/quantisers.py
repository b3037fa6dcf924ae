"""Two ways to int8: row by row where the encoder is known, so that answers do not depend on their batch, and dynamic for the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from training import onnx_export
from training.network import TextNetwork
from training.onnx_rowwise import RowEncoder, UnknownEncoder, quantise_classifier

SAMPLES = 400
"""Texts that tell the mean of each channel; more change nothing in the second decimal."""


class Quantiser(Protocol):
    """Writes one network in int8, as often as it takes; `layers` are the names of what may stay in fp32."""

    @property
    def layers(self) -> Sequence[str]: ...

    def write(self, target: Path, kept: Sequence[str] = ()) -> None:
        """Write int8 to `target` with the layers `kept` in fp32."""
        ...


class Dynamic:
    """onnxruntime's own way: one range per tensor, whatever the encoder."""

    def __init__(self, fp32: Path) -> None:
        self._fp32 = fp32
        self._groups = onnx_export.layer_nodes(fp32)
        self.layers: tuple[str, ...] = tuple(self._groups)

    def write(self, target: Path, kept: Sequence[str] = ()) -> None:
        """See `Quantiser.write`."""
        onnx_export.quantise(self._fp32, target, [node for name in kept for node in self._groups[name]])


class RowByRow:
    """See `onnx_rowwise`. Raises `UnknownEncoder`."""

    def __init__(self, network: TextNetwork, ids: Sequence[Sequence[int]]) -> None:
        self._rows = RowEncoder(network.encoder, ids[:: max(1, len(ids) // SAMPLES)])
        self._heads = {task.name: network.heads[task.name] for task in network.tasks}
        self.layers: tuple[str, ...] = self._rows.layers

    def write(self, target: Path, kept: Sequence[str] = ()) -> None:
        """See `Quantiser.write`."""
        quantise_classifier(self._rows, self._heads, target, kept)


def quantiser_for(network: TextNetwork, fp32: Path, ids: Sequence[Sequence[int]]) -> Quantiser:
    """Row by row where that can be done."""
    try:
        return RowByRow(network, ids)
    except UnknownEncoder:
        return Dynamic(fp32)
