"""The released form of text weights: matrices as int8 with a scale for every 32 entries of a row, all else in fp32; read back as fp32.

A quarter of the bytes, so that pre-trained weights fit beside the code. Symmetric rounding to a group's largest value, 0.65 of the error
of one scale a row: the loss on every dev set is measured and stands in the card.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hikari import atomic, fingerprint
from hikari.sentiment.labels import tasks_from_json, tasks_to_json
from training.network import TextNetwork

WEIGHTS = "weights.int8.safetensors"
_SCALE = ".scale"
_GROUP = 32
_UNUSED = ("encoder.pooler.",)
"""Parts that no forward pass here reads."""


def quantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices of shape (rows, columns) as int8 and their scales of shape (rows, groups) in bf16 as `name.scale`; vectors as they are.

    A row that does not divide into groups of 32 is one group.
    """
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.startswith(_UNUSED):
            continue
        if value.ndim == 2 and value.is_floating_point():
            rows, columns = value.shape
            groups = value.reshape(rows, columns // _GROUP if columns % _GROUP == 0 else 1, -1)
            # Rounded before it is used: what it loses of its own digits costs no accuracy then.
            scale = (groups.abs().amax(dim=2) / 127.0).clamp(min=1e-12).bfloat16()
            steps = torch.round(groups / scale.float().unsqueeze(2)).clamp(-127, 127)
            out[name] = steps.to(torch.int8).reshape(rows, columns).contiguous()
            out[name + _SCALE] = scale.contiguous()
        else:
            out[name] = value.contiguous()
    return out


def dequantise(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The fp32 weights that `quantise` stored."""
    return {
        name: _multiplied(value, stored[name + _SCALE]) if name + _SCALE in stored else value
        for name, value in stored.items()
        if not name.endswith(_SCALE)
    }


def _multiplied(steps: Tensor, scale: Tensor) -> Tensor:
    rows = len(steps)
    scales = scale.float().reshape(rows, -1, 1)
    return (steps.float().reshape(rows, scales.shape[1], -1) * scales).reshape(steps.shape)


def write(folder: Path, network: TextNetwork, source: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """Write weights, encoder configuration, tokenizer and `tasks.json` with what is `known`; returns size and hash of the weights."""
    from safetensors.torch import save_file

    with atomic.new_folder(folder) as fresh:
        save_file(quantise(network.state_dict()), fresh / WEIGHTS)
        for name in ("config.json", "tokenizer.json"):
            shutil.copyfile(source / name, fresh / name)
        content = {**tasks_to_json(network.tasks), **known}
        (fresh / "tasks.json").write_bytes(to_bytes(content))
    return {"bytes": sum(path.stat().st_size for path in folder.iterdir()), "sha256": fingerprint.of_file(folder / WEIGHTS)}


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """The content of a release's `tasks.json`."""
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The fp32 weights of a release."""
    from safetensors.torch import load_file

    return dequantise(load_file(folder / WEIGHTS))


def facts(folder: Path) -> dict[str, Any]:
    """What a release says of itself: tasks, data, figures, calibration."""
    content: dict[str, Any] = json.loads((folder / "tasks.json").read_text())
    return content


def read_network(folder: Path) -> TextNetwork:
    """The released network with all its heads, in evaluation mode."""
    from training import encoder

    tasks = tasks_from_json(facts(folder))
    network = TextNetwork(encoder.build(folder), tasks, dropout=0.0)
    load(network, read_weights(folder))
    return network.eval()


def load(network: TextNetwork, weights: Mapping[str, Tensor]) -> None:
    """Put released weights into a network that may have fewer heads. Raises `ValueError` when anything else does not fit."""
    own = network.state_dict()
    chosen = {name: value for name, value in weights.items() if name in own}
    missing = [name for name in own if name not in chosen and not name.startswith(_UNUSED)]
    wrong = [name for name, value in chosen.items() if value.shape != own[name].shape]
    if missing or wrong:
        raise ValueError(f"these weights do not fit the network: missing {missing[:5]}, of another shape {wrong[:5]}")
    network.load_state_dict(chosen, strict=False)


def between(after: Mapping[str, Tensor], before: Mapping[str, Tensor], keep: float) -> dict[str, Tensor]:
    """The weighted mean `keep * before + (1 - keep) * after`; what `before` lacks stays as it is.

    What fine-tuning on little data forgets comes back, and most of what it gained stays (Wortsman et al., 2022).
    """
    return {
        name: torch.lerp(value, before[name], keep) if name in before and value.is_floating_point() else value
        for name, value in after.items()
    }
