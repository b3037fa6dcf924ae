"""Pre-training task: the text model on public sets together, `python -m training.pretrain task=text_public`.

One encoder, the four served heads and perhaps some that only teach it, all sets mixed in every batch. The bundled corpus is one of the
sets, so that the light fine-tuning on it starts near its end. `dev` sets choose the epoch; the official test splits are never read. An
hour of two processor cores with bf16; an interrupted run continues from its last epoch.
"""

import dataclasses
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import torch
from pydantic import Field

from hikari import atomic, fingerprint
from hikari.sentiment import text as chat_text
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.labels import TASKS
from training import (
    calibrate_public,
    encoder,
    pretrain_text_card,
    public_corpus,
    public_figures,
    repro,
    teacher,
    text_release,
    tracking,
)
from training.data import Rows, tokenise
from training.export import other_members
from training.logger import History
from training.network import TextNetwork
from training.onnx_export import torch_logits
from training.prepare import target_columns
from training.pretrain_text_module import PublicTextData, PublicTextModule
from training.public_data import PublicDataError, PublicSetConfig
from training.public_tables import tables
from training.schema import (
    EncoderConfig,
    Fraction,
    HeadSettings,
    Name,
    OptimConfig,
    Positive,
    Seed,
    TrackingConfig,
    TrainerConfig,
    closed,
)
from training.train import CHECKPOINTS, best, fit

ALL_TASKS = (*TASKS, *public_corpus.AUXILIARY)
Figures = dict[str, Any]


@closed
@dataclass(frozen=True)
class PublicTextConfig:
    """`conf/task/text_public.yaml`: the sets, the network and how it learns."""

    name: Literal["text_public"]
    sets: dict[str, PublicSetConfig]
    corpus: Name
    cache: Name
    """Folder that keeps the tables made of the sets."""
    encoder: EncoderConfig
    start: Name | None
    """Folder of released weights to go on from; null: the encoder alone."""
    keep: Fraction
    """Share of those weights in the result, a weighted mean of before and after."""
    teach: Fraction
    """Share of their predictions in the targets of labelled rows."""
    teach_others: Fraction
    """Part of the rows a head has no labels for that it learns their predictions on."""
    dropout: Fraction
    heads: dict[str, HeadSettings]
    temperature: Annotated[float, Field(gt=0, le=1)]
    """A set of n rows has a share of n ** temperature of an epoch."""
    set_weights: dict[str, Annotated[float, Field(gt=0)]]
    """What the share of a set is multiplied by; 1 where it is not named."""
    rows_per_epoch: Positive | None
    """Null: as many as there are."""
    max_rows: Positive | None
    """Learn from a sample of so many rows; for comparing settings."""
    dev_rows: Positive
    """Of each dev set at most so many are looked at after each epoch."""
    batch_size: Positive
    max_tokens: Annotated[int, Field(ge=8, le=512)]
    r_drop: Annotated[float, Field(ge=0)]
    optim: OptimConfig
    trainer: TrainerConfig
    resume: Literal["auto", "never"]
    ablations: str | None
    """A JSON file with the settings that were tried, for the card."""
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        for name in ("keep", "teach", "teach_others"):
            if self.start is None and getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)} needs start=FOLDER, got start=None")
        unknown = set(self.heads) - {task.name for task in ALL_TASKS}
        missing = {task.name for task in TASKS} - set(self.heads)
        if unknown or missing:
            served, others = (", ".join(task.name for task in tasks) for tasks in (TASKS, public_corpus.AUXILIARY))
            raise ValueError(f"heads must hold {served} and may hold {others}, got {sorted(self.heads)}")


@closed
@dataclass(frozen=True)
class PretrainTextConfig:
    """`conf/pretrain.yaml` with this task."""

    seed: Seed
    output: Name
    """Folder for the released weights; their card lies beside it."""
    task: PublicTextConfig


def pretrain(config: PretrainTextConfig) -> Figures:
    """Learn, choose the epoch, write the weights in int8 with figures and card; returns the dev figures. Raises `PublicDataError`."""
    task = config.task
    repro.seed_everything(config.seed, task.trainer.deterministic)
    if task.trainer.threads is not None:
        torch.set_num_threads(task.trainer.threads)
    frames, counts = tables(task.sets, Path(task.corpus), Path(task.cache))
    source = encoder.locate(task.encoder)
    tasks = tuple(head for head in ALL_TASKS if head.name in task.heads)
    train = frames["train"]
    unknown = sorted(set(task.set_weights) - set(train["source"]))
    if unknown:
        raise PublicDataError(f"task.set_weights names {unknown}, the sets are {sorted(set(train['source']))}")
    # Sets of heads that are left out teach nothing.
    columns = [column for head in tasks for column in target_columns(head)]
    train = train.loc[train[columns].notna().any(axis=1), :].reset_index(drop=True)
    if task.max_rows is not None:
        train = train.sample(min(len(train), task.max_rows), random_state=config.seed).reset_index(drop=True)
    few = few_rows(frames["dev"], task.dev_rows)
    network = TextNetwork(encoder.load(source), tasks, task.dropout)
    if task.start is not None:
        text_release.load(network, text_release.read_weights(Path(task.start)))
    tokenizer = source / "tokenizer.json"
    rows, dev_rows = (tokenise(frame, tokenizer, tasks, task.max_tokens, network.pad_id) for frame in (train, few))
    if task.teach or task.teach_others:
        rows = teacher.soften(
            rows, network.eval(), network.tasks, task.teach, task.teach_others, config.seed, progress=task.trainer.progress
        )
    if getattr(network.encoder, "pooler", None) is not None:
        network.encoder.pooler.requires_grad_(False)  # type: ignore[union-attr]  # the mean over tokens does not use it
    network.train()
    module = PublicTextModule(network, task.heads, task.optim, rows, few, task.r_drop)
    data = PublicTextData(
        rows, train["source"].tolist(), dev_rows, task.batch_size, config.seed, task.temperature, task.rows_per_epoch,
        task.set_weights,
    )  # fmt: skip
    hashes = {
        f"{name}/{part}": file.sha256 for name, public in sorted(task.sets.items()) for part, file in sorted(public.files.items())
    }
    identity = {"config": dataclasses.asdict(config), "data": hashes, "preprocessing": chat_text.VERSION}
    resumable = CHECKPOINTS / fingerprint.of_value(identity)[:16]
    run = tracking.start(task.tracking, f"text-public-{config.seed}", repro.tags(hashes, config.seed))
    run.parameters(dataclasses.asdict(config))
    history = History()
    trainer = fit(module, data, task, task.optim.gradient_clip, run, history, resumable)
    if not trainer.is_global_zero:
        return {}
    _take_best(network, trainer)
    if task.start is not None and task.keep:
        before = text_release.read_weights(Path(task.start))
        network.load_state_dict(text_release.between(network.state_dict(), before, task.keep))
    # A comparison of settings is judged on what was looked at after each epoch; what is released, on everything.
    dev = public_corpus.without_tests(frames["dev"]) if task.max_rows is None else few
    figures, calibration = judge(network, dev, tokenizer, task.max_tokens)
    facts = {
        "encoder": task.encoder.name, "encoder_sha256": task.encoder.sha256, "max_tokens": task.max_tokens, "seed": config.seed,
        "onward": _onward(task),
        "rows": counts, "sets": {name: {"url": s.url, "licence": s.licence} for name, s in task.sets.items()},
        "figures": {name: round(value, 4) for name, value in figures.items()}, "history": history.rows,
        "calibration": calibration.to_json(),
    }  # fmt: skip
    output = Path(config.output)
    released = text_release.write(output, network, source, facts)
    lost, _ = judge(text_release.read_network(output), dev, tokenizer, task.max_tokens)
    facts["int8_change"] = {name: round(lost[name] - figures[name], 4) for name in public_figures.SCORED if name in figures}
    ablations = json.loads(Path(task.ablations).read_text()) if task.ablations and Path(task.ablations).is_file() else []
    atomic.write_file(output.with_suffix(".md"), pretrain_text_card.render(facts, released, ablations).encode())
    run.metrics({f"dev/{name.replace('.', '/')}": value for name, value in figures.items()})
    run.end()
    shutil.rmtree(resumable, ignore_errors=True)
    return {
        "score": public_figures.score(figures),
        "best_epoch": best(history.rows),
        "dev": facts["figures"],
        "int8_change": facts["int8_change"],
    }


def _onward(task: PublicTextConfig) -> Figures | None:
    """What a run that went on from other weights took of them."""
    if task.start is None:
        return None
    sha256 = fingerprint.of_file(Path(task.start) / text_release.WEIGHTS)
    return {"start_sha256": sha256, "keep": task.keep, "teach": task.teach, "teach_others": task.teach_others}


def few_rows(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """The first `most` rows of every dev set, in the frame's order."""
    return public_corpus.without_tests(frame).groupby("source", sort=False).head(most).reset_index(drop=True)


def judge(network: TextNetwork, dev: pd.DataFrame, tokenizer: Path, max_tokens: int) -> tuple[dict[str, float], Calibration]:
    """All figures of a network on dev rows, calibrated on the same rows, and that calibration."""
    rows: Rows = tokenise(dev, tokenizer, network.tasks, max_tokens, network.pad_id)
    logits = torch_logits(network.eval(), rows.ids)
    calibration = calibrate_public.fit(dev, logits, *other_members(dev["text"].tolist()))
    probabilities = {task.name: calibration.probabilities(task, logits[task.name]) for task in network.tasks}
    return public_figures.figures(dev, probabilities, network.tasks, calibration.thresholds), calibration


def _take_best(network: TextNetwork, trainer: Any) -> None:
    path: Sequence[str] | str = trainer.checkpoint_callback.best_model_path
    if path:
        state = torch.load(str(path), weights_only=True, map_location="cpu")["state_dict"]
        network.load_state_dict(
            {key.removeprefix("network."): value for key, value in state.items() if key.startswith("network.")}
        )
