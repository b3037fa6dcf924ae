"""The Lightning side of the summariser: teacher-forced loss, ROUGE of greedy decoding on dev. Nothing here reads or writes files."""

import dataclasses
from typing import Any

import torch

from hikari.memory.abstractive import Generation, generate
from training import rouge
from training.optim import FusedModule, schedule
from training.summary_schema import SummaryOptimConfig

Batch = dict[str, torch.Tensor]


class SummaryModule(FusedModule):
    """Fine-tunes a T5; `dev/score` is the mean of ROUGE-1, -2 and -L F1 (0 to 100) on the dev dialogues."""

    def __init__(
        self, model: Any, tokenizer: Any, generation: Generation, optim: SummaryOptimConfig, dev_summaries: list[str]
    ) -> None:
        super().__init__()
        self.model = model
        self._tokenizer, self._optim, self._references = tokenizer, optim, dev_summaries
        self._generation = dataclasses.replace(generation, beams=1)
        self._written: list[tuple[str, str]] = []

    def forward(self, batch: Batch) -> torch.Tensor:
        """The mean negative log-likelihood of the target tokens."""
        return self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"]).loss

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        loss = self(batch)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(batch["rows"]))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        self.log("dev/loss", self(batch), batch_size=len(batch["rows"]))
        out = generate(self.model, batch["input_ids"], self._generation, batch["attention_mask"])
        for row, ids in zip(batch["rows"].tolist(), out.cpu().tolist(), strict=True):
            self._written.append((self._references[row], self._tokenizer.decode(ids, skip_special_tokens=True)))

    def on_validation_epoch_end(self) -> None:
        references, outputs = zip(*self._written, strict=True)
        means = rouge.scores(references, outputs).mean(axis=0)
        self._written.clear()
        self.log_dict({f"dev/{name}": float(value) for name, value in zip(rouge.NAMES, means, strict=True)})
        self.log("dev/score", float(means.mean()), prog_bar=True)

    def configure_optimizers(self) -> Any:
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        groups = [
            {
                "params": [p for p in trained if (p.ndim > 1) == decays],
                "weight_decay": self._optim.weight_decay if decays else 0.0,
            }
            for decays in (True, False)
        ]
        optimizer = torch.optim.AdamW([group for group in groups if group["params"]], lr=self._optim.lr, fused=True)
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule(self._optim, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
