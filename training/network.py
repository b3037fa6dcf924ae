"""One encoder, one pass, a linear head per task."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from hikari.sentiment.labels import Task


class TextNetwork(nn.Module):
    """Token ids of shape (rows, tokens) to logits per task of shape (rows, labels); the sentence vector is the mean over
    tokens."""

    def __init__(self, encoder: nn.Module, tasks: tuple[Task, ...], dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.tasks = tasks
        width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({task.name: nn.Linear(width, len(task.labels)) for task in tasks})

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = self.dropout((states * mask).sum(1) / mask.sum(1).clamp(min=1.0))
        return {name: head(pooled) for name, head in self.heads.items()}


def freeze(network: TextNetwork, embeddings: bool, layers: int) -> None:
    """Exclude the embeddings and the lowest layers from training."""
    encoder: Any = network.encoder
    if layers > len(encoder.encoder.layer):
        raise ValueError(f"model.freeze_layers is {layers}, the encoder has {len(encoder.encoder.layer)} layers")
    encoder.embeddings.requires_grad_(not embeddings)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler.requires_grad_(False)  # the mean over tokens does not use it, and DDP refuses unused parameters
    for layer in encoder.encoder.layer[:layers]:
        layer.requires_grad_(False)


def load_network(folder: Path, tasks: tuple[Task, ...]) -> TextNetwork:
    """The trained network in `folder` (encoder config, weights.safetensors), in evaluation mode."""
    from safetensors.torch import load_file

    from training import encoder

    network = TextNetwork(encoder.build(folder), tasks, dropout=0.0)
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    return network.eval()
