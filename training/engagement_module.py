"""The Lightning side of the engagement model: pinball loss where the target is known, dev figures, optimiser. No files."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import lightning
import torch
from pydantic import Field
from torch import Tensor

from hikari.analytics.engagement_inputs import HORIZONS, METRICS
from training.engagement_data import Batch
from training.engagement_network import EngagementEnsemble
from training.schema import Fraction, Rate, closed


@closed
@dataclass(frozen=True)
class LearningConfig:
    """How the network learns."""

    weight_decay: Fraction
    lr: Rate
    """Rises over `warmup_fraction` of the steps and falls to nothing along a cosine."""
    warmup_fraction: Annotated[float, Field(gt=0, lt=1)]
    gradient_clip: Annotated[float, Field(gt=0)]
    metric_weights: dict[Literal["messages", "unique_chatters", "mean_sentiment"], Annotated[float, Field(ge=0)]]
    """Share of each metric in the loss."""

    def __post_init__(self) -> None:
        if set(self.metric_weights) != set(METRICS) or not any(self.metric_weights.values()):
            raise ValueError(f"metric_weights must name {', '.join(METRICS)}, one of them above 0")


def pinball(answers: Tensor, target: Tensor, quantiles: Tensor) -> Tensor:
    """Pinball loss (Koenker and Bassett 1978) of quantile answers (..., q) for targets (...): (...), the mean over quantiles, NaN where
    the target is."""
    short = target[..., None] - answers
    return torch.maximum(quantiles * short, (quantiles - 1.0) * short).mean(dim=-1)


class EngagementModule(lightning.LightningModule):
    """Trains an ensemble, every member by its own loss; `dev/score` is the skill of its median against the baseline it corrects."""

    def __init__(self, network: EngagementEnsemble, learning: LearningConfig, trained: str = "") -> None:
        """`trained`: only parameters whose name contains it learn, such as `.head.`."""
        super().__init__()
        self.network = network
        self._learning = learning
        self.register_buffer("quantiles", torch.tensor(network.architecture.quantiles), persistent=False)
        weights = torch.tensor([learning.metric_weights[name] for name in METRICS])
        self.register_buffer("weights", weights / weights.sum(), persistent=False)
        self._middle = network.architecture.quantiles.index(0.5)
        self._seen: list[Tensor] = []
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(trained in name)

    def forward(self, window: Tensor, context: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(window, context, present)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        answers, _weights = self.network.each(batch["window"], batch["context"], batch["present"])
        loss = self._loss(answers, batch["target"].expand(len(answers), -1, -1, -1), batch["unit"])
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(batch["target"]))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        answers, _weights = self(batch["window"], batch["context"], batch["present"])
        target = batch["target"]
        self.log("dev/loss", self._loss(answers, target, batch["unit"]), batch_size=len(target))
        error, baseline = ((answers[..., self._middle] - target) * batch["unit"]).abs(), (target * batch["unit"]).abs()
        known = torch.isfinite(target)
        sums = [torch.where(known, values, 0.0).sum(dim=0) for values in (error, baseline)]
        self._seen.append(torch.stack([*sums, known.sum(dim=0).float()]))

    def on_validation_epoch_end(self) -> None:
        error, baseline, count = torch.stack(self._seen).sum(dim=0)
        self._seen.clear()
        for row, ahead in enumerate(HORIZONS):
            for column, metric in enumerate(METRICS):
                self.log(f"dev/mae_{metric}_{ahead}", error[row, column] / count[row, column].clamp(min=1))
        counts = slice(0, METRICS.index("mean_sentiment"))  # sentiment depends on whoever scores: it must not choose the epoch
        skill = 1.0 - error[:, counts].sum() / baseline[:, counts].sum().clamp(min=1e-9)
        self.log("dev/score", skill, prog_bar=True)

    def configure_optimizers(self) -> Any:
        learned = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        groups = [
            {"params": [each for each in learned if each.ndim > 1], "weight_decay": self._learning.weight_decay},
            {"params": [each for each in learned if each.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self._learning.lr)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self._learning.lr, int(self.trainer.estimated_stepping_batches), pct_start=self._learning.warmup_fraction
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _loss(self, answers: Tensor, target: Tensor, unit: Tensor) -> Tensor:
        quantiles, weights = (self.get_buffer(name) for name in ("quantiles", "weights"))
        known = torch.isfinite(target)
        losses = pinball(answers, torch.where(known, target, 0.0), quantiles) * unit * weights
        # Each metric and horizon counts by its weight, however many of its targets are known.
        shown = known.float()
        axes = tuple(range(losses.ndim - 2))
        return ((losses * shown).sum(dim=axes) / shown.sum(dim=axes).clamp(min=1.0)).mean(dim=0).sum()
