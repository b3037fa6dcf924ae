"""The engagement network; what it learned is served as ONNX by `hikari.analytics.engagement`."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from hikari.analytics.engagement_inputs import CONTEXT_WIDTH, HORIZONS, METRICS, MINUTES, WINDOW_WIDTH

HEADS = 8
LAYERS = 2


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of the network; `recurrent` and `attention` are only switched off to see what each is worth."""

    hidden: int = 48
    members: int = 3
    dropout: float = 0.2
    quantiles: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    recurrent: bool = True
    attention: bool = True


class ViewerEngagementPredictor(nn.Module):
    """Half an hour of chat -> quantiles of what the next 1, 5 and 15 minutes bring, and which minutes mattered.

    Two LSTM layers read the minutes; the last one's output asks all of them through 8-head attention (Vaswani et al. 2017).
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = chosen = architecture or Architecture()
        hidden = chosen.hidden
        self.minutes = nn.Linear(WINDOW_WIDTH, hidden)
        self.place = nn.Parameter(torch.zeros(MINUTES, hidden))
        self.surroundings = nn.Linear(CONTEXT_WIDTH, hidden)
        self.lstm = nn.LSTM(hidden, hidden, LAYERS, batch_first=True, dropout=chosen.dropout) if chosen.recurrent else None
        self.attention = nn.MultiheadAttention(hidden, HEADS, batch_first=True) if chosen.attention else None
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Sequential(
            nn.Linear(2 * hidden + CONTEXT_WIDTH, hidden),
            nn.GELU(),
            nn.Dropout(chosen.dropout),
            nn.Linear(hidden, len(HORIZONS) * len(METRICS) * len(chosen.quantiles)),
        )
        last = cast("nn.Linear", self.head[-1])
        nn.init.zeros_(last.weight)  # the first answer is the baseline
        self._middle = chosen.quantiles.index(0.5)

    def forward(self, window: Tensor, context: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """`Prepared`'s arrays -> differences to the baseline (n, horizons, metrics, quantiles), rising along the quantiles, and weights
        (n, MINUTES) that sum to 1 and are 0 before the stream."""
        states = torch.relu(self.minutes(window) + self.place + self.surroundings(context)[:, None])
        if self.lstm is not None:
            states = self.lstm(states)[0]
        last = states[:, -1]
        if self.attention is None:
            seen, weights = last, present / present.sum(dim=1, keepdim=True)
        else:
            # A large negative number and not minus infinity: a stream's window always holds its last minute, a test's may not.
            mask = (1.0 - present) * -1e4
            mask = mask[:, None, None].expand(-1, HEADS, -1, -1).reshape(-1, 1, MINUTES)
            answer, weights = self.attention(last[:, None], states, states, attn_mask=mask, need_weights=True)
            seen, weights = self.norm(last + answer[:, 0]), weights[:, 0]
        values = self.head(torch.cat([seen, last, context], dim=1))
        values = values.reshape(-1, len(HORIZONS), len(METRICS), len(self.architecture.quantiles))
        return self._rising(values), weights

    def _rising(self, values: Tensor) -> Tensor:
        """The median and, on both sides of it, steps that are never negative: quantiles cannot cross."""
        middle = self._middle
        steps = nn.functional.softplus(values - 1.0)
        median = values[..., middle : middle + 1]
        below = steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
        above = steps[..., middle + 1 :].cumsum(-1)
        return torch.cat([median - below, median, median + above], dim=-1)


class EngagementEnsemble(nn.Module):
    """Several predictors that differ by their random start; their answers are averaged, which no single one of them reaches."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = chosen = architecture or Architecture()
        self.members = nn.ModuleList(ViewerEngagementPredictor(chosen) for _ in range(chosen.members))

    def forward(self, window: Tensor, context: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """As `ViewerEngagementPredictor.forward`, averaged."""
        answers = self.each(window, context, present)
        return answers[0].mean(dim=0), answers[1].mean(dim=0)

    def each(self, window: Tensor, context: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """The same of every member, stacked in front."""
        answers = [member(window, context, present) for member in self.members]
        return torch.stack([values for values, _ in answers]), torch.stack([weights for _, weights in answers])
