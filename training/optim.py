"""Parameter groups and schedules."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import lightning
import torch
from torch import nn

from training.network import TextNetwork, blocks
from training.schema import OptimConfig


class FusedModule(lightning.LightningModule):
    """A module whose optimiser is fused. Lightning refuses to clip gradients beside one in mixed precision, where fp16's scaler might
    still hold them scaled; bf16 and fp32, the two that are trained in here, have no scaler."""

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip the norm of all gradients together."""
        if gradient_clip_val:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)


def parameter_groups(network: TextNetwork, config: OptimConfig) -> list[dict[str, Any]]:
    """Groups by depth and by decay: lower layers learn slower (ULMFiT's discriminative rates), biases and norms never decay."""
    encoder: Any = network.encoder
    layers = blocks(encoder)
    depth = len(layers)
    rates: list[tuple[nn.Module, float]] = [(network.heads, config.head_lr)]
    rates += [(layer, config.lr * config.layer_decay ** (depth - 1 - number)) for number, layer in enumerate(layers)]
    rates.append((encoder.embeddings, config.lr * config.layer_decay**depth))
    groups = []
    for module, rate in rates:
        trained = [(name, parameter) for name, parameter in module.named_parameters() if parameter.requires_grad]
        for decays in (True, False):
            chosen = [p for name, p in trained if (p.ndim > 1 and "LayerNorm" not in name) == decays]
            if chosen:
                groups.append({"params": chosen, "lr": rate, "weight_decay": config.weight_decay if decays else 0.0})
    return groups


class Warmup(Protocol):
    """The part of an optimiser's configuration that shapes its rate over time."""

    @property
    def warmup_fraction(self) -> float: ...
    @property
    def schedule(self) -> str: ...


def schedule(config: Warmup, total_steps: int) -> Callable[[int], float]:
    """Multiplier of the rate at each step: linear warm-up, then linear or cosine decay to zero."""
    warmup = max(1, round(config.warmup_fraction * total_steps))

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        done = min(1.0, (step - warmup) / max(1, total_steps - warmup))
        return 1.0 - done if config.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))

    return factor


def adamw(network: TextNetwork, config: OptimConfig, total_steps: int) -> tuple[torch.optim.Optimizer, Any]:
    """AdamW over `parameter_groups` with its schedule; fused, which halves the optimiser's share of a step on a CPU."""
    optimizer = torch.optim.AdamW(parameter_groups(network, config), lr=config.lr, fused=True)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, schedule(config, total_steps))
