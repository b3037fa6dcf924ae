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
        self.tasks: tuple[Task, ...] = tasks
        width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({task.name: nn.Linear(width, len(task.labels)) for task in tasks})

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = self.dropout((states * mask).sum(1) / mask.sum(1).clamp(min=1.0))
        return {name: head(pooled) for name, head in self.heads.items()}

    @property
    def pad_id(self) -> int:
        """The token that fills short rows; RoBERTa's positions are counted by it."""
        return pad_id(self.encoder)


def blocks(encoder: Any) -> Any:
    """The encoder's layers, the lowest first: BERT and its kin hold them in `encoder.layer`, DistilBERT in `transformer.layer`.

    Raises `ValueError` for an encoder that holds them elsewhere.
    """
    for part in ("encoder", "transformer"):
        found = getattr(getattr(encoder, part, None), "layer", None)
        if found is not None:
            return found
    raise ValueError(f"the layers of a {encoder.config.model_type} are not known; known are BERT, RoBERTa, XLM-R, DistilBERT")


def pad_id(encoder: Any) -> int:
    """What the encoder's configuration calls its padding."""
    return int(getattr(encoder.config, "pad_token_id", None) or 0)


def longest(encoder: Any) -> int:
    """How many tokens of one text the encoder can place; RoBERTa's positions start behind that of padding."""
    positions = encoder.embeddings.position_embeddings
    return int(positions.num_embeddings - (0 if positions.padding_idx is None else positions.padding_idx + 1))


def freeze(network: TextNetwork, embeddings: bool, layers: int) -> None:
    """Exclude the embeddings and the lowest layers from training."""
    encoder: Any = network.encoder
    if layers > len(blocks(encoder)):
        raise ValueError(f"model.freeze_layers is {layers}, the encoder has {len(blocks(encoder))} layers")
    encoder.embeddings.requires_grad_(not embeddings)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler.requires_grad_(False)  # the mean over tokens does not use it, and DDP refuses unused parameters
    for layer in blocks(encoder)[:layers]:
        layer.requires_grad_(False)


def load_network(folder: Path, tasks: tuple[Task, ...]) -> TextNetwork:
    """The trained network in `folder` (encoder config, weights.safetensors), in evaluation mode."""
    from safetensors.torch import load_file

    from training import encoder

    network = TextNetwork(encoder.build(folder), tasks, dropout=0.0)
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    return network.eval()
