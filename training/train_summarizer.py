"""`python -m training.train task=summarizer`: fine-tune a T5 on dialogues with summaries.

    python -m training.train task=summarizer data.train=FILE.jsonl data.dev=FILE.jsonl
    python -m training.train task=summarizer model.base.source=folder model.base.location=FOLDER trainer=gpu

Writes `model.safetensors`, `config.json`, `tokenizer.json`, `history.json` and `manifest.json` to `output`: the folder that
`hikari.memory.abstractive.T5Summariser` opens. Trainers, tracking, debug modes and resuming are those of the text model.
"""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_only

from hikari import atomic, fingerprint
from hikari.memory.abstractive import Generation, write_manifest
from training import encoder, repro, tracking
from training import train as shared
from training.encoder import EncoderError
from training.logger import History
from training.summarizer import SummaryModule
from training.summary_data import SummaryData
from training.summary_schema import SummaryTrainConfig

__all__ = ["SummaryTrainConfig", "train"]


def train(config: SummaryTrainConfig) -> dict[str, float]:
    """Fine-tune, keep the epoch with the best dev score, write its folder; returns that epoch's dev figures."""
    from tokenizers import Tokenizer

    repro.seed_everything(config.seed, config.trainer.deterministic)
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    generation = Generation(
        config.model.prefix, config.model.max_input_tokens, config.model.max_output_tokens, config.model.beams
    )
    source = encoder.locate(config.model.base)
    model = _load(source, config.model.base.name)
    tokenizer: Any = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    data = SummaryData(
        config.data, tokenizer, generation, int(model.config.eos_token_id), int(model.config.pad_token_id), config.seed
    )
    module = SummaryModule(model, tokenizer, generation, config.optim, data.pairs["dev"].summaries)

    hashes = {f"{split}.jsonl": fingerprint.of_file(file) for split, file in data.files.items()}
    base = fingerprint.of_file(source / "model.safetensors")
    identity = fingerprint.of_value({"config": dataclasses.asdict(config), "data": hashes, "base": base})[:16]
    resumable = shared.CHECKPOINTS / identity
    first = rank_zero_only.rank == 0
    tags = repro.tags(hashes, config.seed)
    run = tracking.start(config.tracking, f"{config.task.name}-{config.seed}", tags) if first else tracking.Run()
    run.parameters(dataclasses.asdict(config))
    run.text(shared.how_to_repeat(), "reproduce.txt")
    history = History()
    trainer = shared.fit(module, data, config, config.optim.gradient_clip, run, history, resumable)
    if trainer.is_global_zero:
        kept = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
        if kept:
            state = torch.load(kept, weights_only=True, map_location="cpu")["state_dict"]
            model.load_state_dict({key.removeprefix("model."): value for key, value in state.items()})
        parents = {"base": base, **hashes}
        _write(config, model, source, generation, history, parents)
        run.tags({"weights": fingerprint.of_file(Path(config.output) / "model.safetensors")})
        run.end()
        shutil.rmtree(resumable, ignore_errors=True)
    return shared.best(history.rows)


def _load(source: Path, name: str) -> Any:
    from transformers import AutoConfig, T5ForConditionalGeneration

    kind = AutoConfig.from_pretrained(source, local_files_only=True).model_type
    if kind != "t5":
        raise EncoderError(f"{name}: {source} holds a model of type {kind}; a summariser needs a T5")
    model = T5ForConditionalGeneration.from_pretrained(source, local_files_only=True, use_safetensors=True)
    model.train()
    return model


def _write(
    config: SummaryTrainConfig, model: Any, source: Path, generation: Generation, history: History, parents: dict[str, str]
) -> None:
    with atomic.new_folder(Path(config.output)) as folder:
        model.to("cpu").float().save_pretrained(folder)
        shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")
        (folder / "history.json").write_text(json.dumps(history.rows, indent=2) + "\n")
        best = {name: value for name, value in shared.best(history.rows).items() if name.startswith("dev/")}
        facts: dict[str, Any] = {
            "name": config.model.base.name, "data": config.data.name, "seed": config.seed, "parents": parents, "figures": best,
        }  # fmt: skip
        write_manifest(folder, generation, **facts)
