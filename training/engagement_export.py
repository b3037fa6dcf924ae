"""The trained engagement network as a bundle: weights, a graph that answers like it, and the facts to read its answers by."""

import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.engagement import FACTS, GRAPH, KIND, WEIGHTS, EngagementModel
from hikari.bundle import Bundle, open_bundle, write_bundle
from training.engagement_network import Architecture, EngagementEnsemble

Array = np.ndarray
BYTES_MAX = 2 * 2**20
TOLERANCE = 1e-4


class EngagementExportError(RuntimeError):
    """The exported model does not answer like the trained one, or is too large to be released; nothing was written."""


@dataclass(frozen=True)
class Calibrated:
    """A trained network and what belongs to it: the prior norms and the conformal correction (horizons, metrics, quantiles)."""

    network: EngagementEnsemble
    prior: tuple[Array, Array]
    correction: Array


def answers(network: EngagementEnsemble, prepared: inputs.Prepared, size: int = 2048) -> tuple[Array, Array]:
    """PyTorch's answers without dropout: residual quantiles (n, horizons, metrics, quantiles) and attention (n, MINUTES)."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for begin in range(0, len(prepared.window), size):
            arrays = (each[begin : begin + size] for each in (prepared.window, prepared.context, prepared.present))
            parts.append([each.numpy() for each in network(*(torch.from_numpy(array) for array in arrays))])
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def export(
    trained: Calibrated, prepared: inputs.Prepared, target: Path, *, version: str, parents: Mapping[str, str], **facts: Any
) -> Bundle:
    """Write the bundle when onnxruntime answers like PyTorch on `prepared`. Raises `EngagementExportError`.

    `facts` are added to the manifest.
    """
    architecture = trained.network.architecture
    content = {
        "features_version": features.VERSION,
        "preparation_version": inputs.VERSION,
        "inputs": list(inputs.TRACKED),
        "horizons": list(inputs.HORIZONS),
        "metrics": list(inputs.METRICS),
        "quantiles": list(architecture.quantiles),
        "prior_mean": np.round(trained.prior[0], 6).tolist(),
        "prior_spread": np.round(trained.prior[1], 6).tolist(),
        "correction": np.round(trained.correction, 6).tolist(),
        "architecture": {"hidden": architecture.hidden, "members": architecture.members, "dropout": architecture.dropout},
    }
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        write_graph(trained.network, scratch / GRAPH)
        save_file({name: value.contiguous() for name, value in trained.network.state_dict().items()}, scratch / WEIGHTS)
        sizes = sum((scratch / name).stat().st_size for name in (GRAPH, WEIGHTS))
        if sizes > BYTES_MAX:
            raise EngagementExportError(f"graph and weights take {sizes} bytes, at most {BYTES_MAX} are released")
        files = {FACTS: (json.dumps(content, indent=1) + "\n").encode(), GRAPH: scratch / GRAPH, WEIGHTS: scratch / WEIGHTS}
        pack = {"kind": KIND, "name": KIND, "version": version, "parents": parents}
        checked = write_bundle(scratch / "bundle", files, **pack)
        difference = largest_difference(trained.network, EngagementModel(checked), prepared)
        if not difference <= TOLERANCE:  # NaN does not pass either
            raise EngagementExportError(f"ONNX and PyTorch differ by {difference:.2e}, at most {TOLERANCE:.0e} is allowed")
        return write_bundle(target, files, **pack, fp32_max_difference=float(f"{difference:.3g}"), **facts)


def largest_difference(network: EngagementEnsemble, served: EngagementModel, prepared: inputs.Prepared) -> float:
    """The largest absolute difference of a quantile (in the targets' units) or an attention weight between PyTorch and the bundle."""
    residuals, weights = answers(network, prepared)
    values, attention = served.quantiles_of(prepared, corrected=False)
    expected = prepared.baseline[..., None] + prepared.scale[..., None] * residuals
    return float(max(np.abs(values - expected).max(), np.abs(attention - weights).max()))


def write_graph(network: EngagementEnsemble, file: Path) -> None:
    """ONNX fp32 with a free batch size."""
    example = (
        torch.zeros(2, inputs.MINUTES, inputs.WINDOW_WIDTH),
        torch.zeros(2, inputs.CONTEXT_WIDTH),
        torch.ones(2, inputs.MINUTES),
    )
    names, outputs = ["window", "context", "present"], ["quantiles", "attention"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), example, str(file), dynamo=False, opset_version=17, input_names=names, output_names=outputs,
            dynamic_axes={name: {0: "rows"} for name in [*names, *outputs]},
        )  # fmt: skip


def load(path: Path) -> Calibrated:
    """The trained network of a bundle, with its prior and correction. Raises `NotReady`, `BadBundle`."""
    bundle = open_bundle(path, kind=KIND)
    EngagementModel(bundle)  # refuses other features and damaged facts
    facts = bundle.json(FACTS)
    network = EngagementEnsemble(Architecture(quantiles=tuple(facts["quantiles"]), **facts["architecture"]))
    network.load_state_dict(load_file(path / WEIGHTS))
    prior = np.array(facts["prior_mean"]), np.array(facts["prior_spread"])
    return Calibrated(network.eval(), prior, np.array(facts["correction"]))
