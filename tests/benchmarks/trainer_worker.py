"""One side of `trainer.py` in a process of its own: every `turn` on stdin trains from the same weights and tells its seconds.

The time runs from the beginning of an epoch to its last step, summed over epochs: batches, passes, optimiser and logging count; dev
figures and checkpoints, which only our side makes, do not.
"""

import dataclasses
import json
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hikari.sentiment.labels import TASKS
from training import encoder, repro, tracking, train
from training.data import BucketSampler, ChatData, Rows
from training.entry import composed
from training.logger import History
from training.module import TextModule
from training.network import TextNetwork, freeze
from training.schema import TrainConfig


class Stopwatch:
    """Seconds from `begin` to the last `step` before `end`, summed."""

    def __init__(self, gpu: bool) -> None:
        self._gpu, self._began, self._last = gpu, 0.0, 0.0
        self.seconds, self.steps = 0.0, 0

    def begin(self) -> None:
        """An epoch begins."""
        self._began = self._last = self._now()

    def step(self, last: bool) -> None:
        """A step was made; the device is waited for after the last one only."""
        self.steps += 1
        self._last = self._now() if last else time.perf_counter()

    def end(self) -> None:
        """The epoch is over."""
        self.seconds += self._last - self._began
        self._began = self._last

    def _now(self) -> float:
        if self._gpu:
            torch.cuda.synchronize()
        return time.perf_counter()


class TimedHistory(History):
    """The history that `train.fit` keeps anyway, with a stopwatch."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """See `lightning.Callback`."""
        self._watch.begin()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """See `lightning.Callback`."""
        self._watch.step(bool(trainer.is_last_batch))
        if trainer.is_last_batch:
            self._watch.end()


class Hikari:
    """`training.train.fit` as the entry point calls it."""

    def __init__(self, config: TrainConfig) -> None:
        self._config, self._source = config, encoder.locate(config.model.encoder)

    def turn(self) -> dict[str, float]:
        """Train once."""
        config = self._config
        module, data, rows = parts(config, encoder.load(self._source), self._source)
        watch = Stopwatch(config.trainer.accelerator == "gpu")
        with tempfile.TemporaryDirectory() as scratch:
            train.fit(module, data, config, config.optim.gradient_clip, tracking.Run(), TimedHistory(watch), Path(scratch))
        batches = list(BucketSampler([len(ids) for ids in rows.ids], config.data.batch_size, config.seed))
        return report(watch, rows, batches, config)


class Transformers:
    """`transformers.Trainer` with its defaults, on the same network, losses, rows and batch size.

    Padding to the longest of a random batch, fused AdamW, clipped at 1; attention as `AutoModel` chooses it. Nothing is saved.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config, self._source = config, encoder.locate(config.model.encoder)

    def turn(self) -> dict[str, float]:
        """Train once."""
        from transformers import (
            AutoModel,
            DataCollatorWithPadding,
            PreTrainedTokenizerFast,
            Trainer,
            TrainerCallback,
            TrainingArguments,
        )

        config = self._config
        loaded = AutoModel.from_pretrained(self._source, local_files_only=True)
        module, _, rows = parts(config, loaded, self._source)
        watch = Stopwatch(config.trainer.accelerator == "gpu")
        # The padding's word, whatever it is called.
        plain: Any = PreTrainedTokenizerFast(tokenizer_file=str(self._source / "tokenizer.json"))
        plain.pad_token = plain.convert_ids_to_tokens(rows.pad_id)
        seen: list[list[int]] = []
        padded = DataCollatorWithPadding(plain)

        def collated(features: list[dict[str, Any]]) -> Any:
            seen.append([feature.pop("number") for feature in features])
            return padded(features)

        class Timed(TrainerCallback):
            def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                watch.begin()

            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                watch.step(last=state.global_step * args.num_train_epochs % state.max_steps == 0)

            def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                watch.end()

        bf16 = precision(config) == "bf16"
        with tempfile.TemporaryDirectory() as scratch:
            arguments = TrainingArguments(
                output_dir=scratch, per_device_train_batch_size=config.data.batch_size, num_train_epochs=config.trainer.max_epochs,
                seed=config.seed, bf16=bf16, use_cpu=config.trainer.accelerator == "cpu", save_strategy="no", disable_tqdm=True,
                remove_unused_columns=False, dataloader_pin_memory=config.trainer.accelerator == "gpu",
            )  # fmt: skip
            Trainer(
                Wrapped(module), arguments, data_collator=collated, train_dataset=_Features(rows), callbacks=[Timed()]
            ).train()
        per_epoch = len(seen) // config.trainer.max_epochs
        return report(watch, rows, seen[:per_epoch], config)


class Wrapped(nn.Module):
    """The network with its losses, in the form that `transformers.Trainer` asks for."""

    def __init__(self, module: TextModule) -> None:
        super().__init__()
        self.module = module

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, sentiment: torch.Tensor, emotion: torch.Tensor,
        toxicity: torch.Tensor, question: torch.Tensor,
    ) -> dict[str, torch.Tensor]:  # fmt: skip
        given = {"sentiment": sentiment, "emotion": emotion, "toxicity": toxicity, "question": question}
        batch = {f"target/{name}": values for name, values in given.items()}
        losses = self.module._losses(self.module(input_ids, attention_mask), batch)
        return {"loss": torch.stack([self.module._heads[name].weight * loss for name, loss in losses.items()]).sum()}


class _Features(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        ids = self._rows.ids[index]
        targets = {name: values[index].tolist() for name, values in self._rows.targets.items()}
        return {"number": index, "input_ids": ids, "attention_mask": [1] * len(ids), **targets}


def parts(config: TrainConfig, loaded: Any, source: Path) -> tuple[TextModule, ChatData, Rows]:
    """The module around an encoder, and the rows that both sides train on."""
    repro.seed_everything(config.seed, config.trainer.deterministic)
    network = TextNetwork(loaded, TASKS, config.model.dropout)
    freeze(network, config.model.freeze_embeddings, config.model.freeze_layers)
    network.train()
    data = ChatData(config.data, source / "tokenizer.json", TASKS, config.seed, network.pad_id)
    rows = data.rows("train")
    return TextModule(network, config.task.heads, config.optim, rows), data, rows


def precision(config: TrainConfig) -> str:
    """What `auto` comes to here."""
    if config.trainer.precision != "auto":
        return config.trainer.precision
    return "bf16" if repro.native_bf16(config.trainer.accelerator) else "fp32"


def report(watch: Stopwatch, rows: Rows, batches: list[list[int]], config: TrainConfig) -> dict[str, float]:
    """Seconds, messages and tokens of a turn; `padding` is the share of all places that hold no token."""
    lengths = [len(ids) for ids in rows.ids]
    places = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    return {
        "seconds": watch.seconds,
        "steps": watch.steps,
        "messages": len(rows) * config.trainer.max_epochs,
        "tokens": sum(lengths) * config.trainer.max_epochs,
        "padding": 1 - sum(lengths) / places,
    }


SIDES: dict[str, Callable[[TrainConfig], Any]] = {"hikari": Hikari, "transformers": Transformers}


def main() -> None:
    name, *overrides = sys.argv[1:]
    # Libraries print; the answers alone go to who asks.
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    config = composed("train", TrainConfig, overrides)
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    side = SIDES[name](config)
    for line in sys.stdin:
        if line.strip() == "turn":
            answer: dict[str, Any] = side.turn()
        else:
            used = {"batch_size": config.data.batch_size, "epochs": config.trainer.max_epochs, "precision": precision(config)}
            answer = {**used, "encoder": config.model.encoder.name, "model": dataclasses.asdict(config.model)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
