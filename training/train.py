"""Entry point and stage: train one encoder with a head per task, in one pass over all data.

    python -m training.train
    python -m training.train task=summarizer data.train=FILE.jsonl data.dev=FILE.jsonl      # training/train_summarizer.py
    python -m training.train experiment=frozen_half optim.lr=1e-4
    python -m training.train debug=tiny
    python -m training.train -m optim.lr=1e-4,2e-4 seed=1,2,3     # a grid; each run needs its own output=

Writes `weights.safetensors` with the encoder's configuration and tokenizer, `tasks.json` and `history.json` to `output`. An
interrupted run of the same configuration and data continues from its last epoch.
"""

import dataclasses
import importlib
import json
import logging
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from hikari import atomic, fingerprint
from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import TASKS, tasks_to_json
from training import encoder, entry, repro, text_release, tracking
from training.data import ChatData
from training.logger import History, RunLogger
from training.module import TextModule
from training.network import TextNetwork, freeze, longest
from training.schema import TrainConfig, TrainerConfig

CHECKPOINTS = Path("mlruns/checkpoints")


def train(config: TrainConfig, callbacks: Sequence[lightning.Callback] = (), checkpoints: Path | None = None) -> dict[str, float]:
    """Train, keep the best epoch, write its weights; returns the best epoch's dev figures.

    `callbacks` watch beside our own; what an interrupted run continues from lies in `checkpoints` (default: with all other runs').
    """
    repro.seed_everything(config.seed, config.trainer.deterministic)
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    source = encoder.locate(config.model.encoder)
    tasks = tuple(task for task in TASKS if task.name in {head.task for head in config.task.heads})
    network = TextNetwork(encoder.load(source), tasks, config.model.dropout)
    if config.data.max_tokens > longest(network.encoder):
        raise ValueError(f"data.max_tokens is {config.data.max_tokens}, the encoder reads at most {longest(network.encoder)}")
    before = None if config.model.start is None else _released(config, source)
    if before is not None:
        text_release.load(network, before)
    freeze(network, config.model.freeze_embeddings, config.model.freeze_layers)
    network.train()  # transformers hands encoders out in evaluation mode, without dropout
    data = ChatData(config.data, source / "tokenizer.json", tasks, config.seed, network.pad_id)
    module = TextModule(network, config.task.heads, config.optim, data.rows("train"))

    files = sorted(Path(config.data.processed).glob("*.parquet"))
    if config.model.start is not None:
        files.append(Path(config.model.start) / text_release.WEIGHTS)
    hashes = repro.data_hashes(files)
    resumable = (checkpoints or CHECKPOINTS) / _identity(config, hashes)
    tags = repro.tags(hashes, config.seed)
    first = rank_zero_only.rank == 0
    run = tracking.start(config.tracking, f"{config.task.name}-{config.seed}", tags) if first else tracking.Run()
    run.parameters(dataclasses.asdict(config))
    run.text(how_to_repeat(), "reproduce.txt")
    history = History()
    trainer = fit(module, data, config, config.optim.gradient_clip, run, history, resumable, callbacks)
    if trainer.is_global_zero:
        _write(config, network, trainer, source, history, run, before)
        run.end()
        shutil.rmtree(resumable, ignore_errors=True)
    return best(history.rows)


def _released(config: TrainConfig, source: Path) -> dict[str, torch.Tensor]:
    """The released weights to start from. Raises `ValueError` when they are not there or of another encoder."""
    folder = Path(str(config.model.start))
    without = "start from the encoder alone with model.start=null model.keep=0.0"
    if not folder.is_dir():
        raise ValueError(
            f"model.start={folder} is not there; `dvc pull pretrain_text` or `make pipeline` brings it, or {without}"
        )
    known = text_release.facts(folder)
    if known["encoder_sha256"] not in (None, fingerprint.of_file(source / "model.safetensors")):
        raise ValueError(
            f"model.start={folder} holds weights of {known['encoder']}, not of {config.model.encoder.name}: {without}"
        )
    return text_release.read_weights(folder)


class Fitting(Protocol):
    """What `fit` asks of a training configuration, whatever the task."""

    @property
    def trainer(self) -> TrainerConfig: ...
    @property
    def resume(self) -> str: ...


def fit(
    module: lightning.LightningModule,
    data: lightning.LightningDataModule,
    config: Fitting,
    gradient_clip: float,
    run: tracking.Run,
    history: History,
    resumable: Path,
    callbacks: Sequence[lightning.Callback] = (),
) -> lightning.Trainer:
    """Train `module`, from the last checkpoint in `resumable` where the configuration says so; the run's end is recorded if it fails."""
    try:
        trainer = _trainer(config.trainer, gradient_clip, RunLogger(run), [history, *callbacks], resumable)
        last = resumable / "last.ckpt"
        trainer.fit(
            module,
            datamodule=data,
            ckpt_path=str(last) if config.resume == "auto" and last.is_file() else None,
        )
    except (KeyboardInterrupt, SystemExit):
        # Lightning turns Ctrl-C into SystemExit(1).
        run.end("KILLED")
        sys.stderr.write("interrupted; the same command continues from the last epoch\n")
        raise SystemExit(130) from None
    except Exception:
        run.end("FAILED")
        raise
    return trainer


def _trainer(
    config: TrainerConfig, gradient_clip: float, logger: RunLogger, watching: Sequence[lightning.Callback], resumable: Path
) -> lightning.Trainer:
    precision = {"bf16": "bf16-mixed", "fp32": "32-true"}.get(config.precision)
    if precision is None:
        precision = "bf16-mixed" if repro.native_bf16(config.accelerator) else "32-true"
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda"):
        logging.getLogger(name).setLevel(logging.WARNING)
    overfitting = config.overfit_batches > 0
    keep = ModelCheckpoint(
        dirpath=resumable, filename="best", monitor="train/loss_epoch" if overfitting else "dev/score",
        mode="min" if overfitting else "max", save_top_k=1, enable_version_counter=False,
    )  # fmt: skip
    # Its own: `save_last` writes only when the best changes, and an interrupted run would go back to that epoch. After `keep`, whose
    # state it holds.
    newest = ModelCheckpoint(dirpath=resumable, filename="last", enable_version_counter=False)
    callbacks: list[lightning.Callback] = [*watching, keep, newest]
    if not overfitting:
        callbacks.append(EarlyStopping("dev/score", mode="max", patience=config.patience, strict=False))
    progress = config.progress and sys.stderr.isatty()
    if progress:
        callbacks.append(RichProgressBar(leave=True))
    limited: dict[str, Any] = {} if config.max_steps is None else {"max_steps": config.max_steps}
    return lightning.Trainer(
        accelerator=config.accelerator, devices=config.devices, strategy=config.strategy, precision=precision,  # type: ignore[arg-type]
        max_epochs=config.max_epochs, deterministic=config.deterministic, benchmark=False, accumulate_grad_batches=config.accumulate,
        overfit_batches=config.overfit_batches, profiler=config.profiler, logger=logger, callbacks=callbacks,
        use_distributed_sampler=False, num_sanity_val_steps=0, enable_model_summary=False,
        enable_progress_bar=progress, gradient_clip_val=gradient_clip, log_every_n_steps=10, **limited,
    )  # fmt: skip


def _write(
    config: TrainConfig,
    network: TextNetwork,
    trainer: lightning.Trainer,
    source: Path,
    history: History,
    run: tracking.Run,
    before: dict[str, torch.Tensor] | None,
) -> None:
    from safetensors.torch import save_file

    best = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    if best:
        state = torch.load(best, weights_only=True, map_location="cpu")["state_dict"]
        network.load_state_dict(
            {key.removeprefix("network."): value for key, value in state.items() if key.startswith("network.")}
        )
    if before is not None and config.model.keep:
        text_release.load(network, text_release.between(network.state_dict(), before, config.model.keep))
    with atomic.new_folder(Path(config.output)) as folder:
        save_file(
            {key: value.contiguous() for key, value in network.state_dict().items()},
            folder / "weights.safetensors",
        )
        for name in ("config.json", "tokenizer.json"):
            shutil.copyfile(source / name, folder / name)
        facts = {
            **tasks_to_json(network.tasks),
            "encoder": config.model.encoder.name,
            "encoder_sha256": fingerprint.of_file(source / "model.safetensors"),
            "start": None if config.model.start is None else fingerprint.of_file(Path(config.model.start) / text_release.WEIGHTS),
            "max_tokens": config.data.max_tokens,
            "pad_id": network.pad_id,
            "seed": config.seed,
        }
        if config.model.start is not None:
            facts["calibration"] = text_release.facts(Path(config.model.start))["calibration"]
        (folder / "tasks.json").write_text(json.dumps(facts, indent=2) + "\n")
        (folder / "history.json").write_text(json.dumps(history.rows, indent=2) + "\n")
        run.tags({"weights": fingerprint.of_file(folder / "weights.safetensors")})


def _identity(config: TrainConfig, hashes: dict[str, str]) -> str:
    """Equal for runs that may continue each other: same configuration, data and code version of the preprocessing."""
    return fingerprint.of_value({"config": dataclasses.asdict(config), "data": hashes, "preprocessing": chat_text.VERSION})[:16]


def best(history: list[dict[str, float]]) -> dict[str, float]:
    """The epoch with the highest dev score; empty when none was scored."""
    scored = [row for row in history if "dev/score" in row]
    return max(scored, key=lambda row: row["dev/score"]) if scored else {}


def how_to_repeat(overrides: Sequence[str] | None = None) -> str:
    """The commands that repeat this run, for its record; `overrides` where they are not those of this command line."""
    state = repro.git_state()
    arguments = " ".join(sys.argv[1:] if overrides is None else overrides)
    return f"git checkout {state['git.commit']}   # uncommitted changes: {state['git.changes']}\npython -m training.train {arguments}\n"


def _by_task(raw: DictConfig) -> tuple[type, Callable[[Any], Any]]:
    """The configuration class and the training of the task that was chosen; other tasks' code is loaded for them alone."""
    if OmegaConf.select(raw, "task.name") == "summarizer":
        other = importlib.import_module("training.train_summarizer")
        return other.SummaryTrainConfig, other.train
    return TrainConfig, train


def main() -> None:
    """`python -m training.train`"""
    entry.run_chosen("train", _by_task, lambda figures: print(json.dumps(figures)))


if __name__ == "__main__":
    main()
