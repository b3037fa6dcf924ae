"""Entry point of the frozen stages: what is trained on public data, by hand and seldom, and then released.

    HIKARI_DATA_MIRROR=FOLDER python -m training.pretrain task=entities
    HIKARI_DATA_MIRROR=FOLDER python -m training.pretrain task=engagement       # training/engagement.py
    HIKARI_DATA_MIRROR=FOLDER python -m training.pretrain task=text_public      # training/pretrain_text.py

Another task is another configuration class in `PretrainConfig.task` and another row of `_WORK`, or, where its code is none of the other
tasks' business, a module of its own in `_by_task`.
"""

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from training import entities, entry
from training.encoder import EncoderError
from training.entities import EntitiesConfig
from training.ner_data import NerDataError
from training.public_data import PublicDataError
from training.schema import Name, Seed, closed


@closed
@dataclass(frozen=True)
class PretrainConfig:
    seed: Seed
    output: Name
    """Folder for the released artefact."""
    task: EntitiesConfig


_WORK: dict[str, Callable[[Any, int, str], dict[str, Any]]] = {"entities": entities.train}


def pretrain(config: PretrainConfig) -> dict[str, Any]:
    """Train the configured task and write its artefact; returns the figures on its dev sets."""
    return _WORK[config.task.name](config.task, config.seed, config.output)


def _by_task(raw: DictConfig) -> tuple[type, Callable[[Any], Any]]:
    """The configuration class and the work of the chosen task; other tasks' code is loaded for them alone."""
    if OmegaConf.select(raw, "task.name") == "engagement":
        other = importlib.import_module("training.engagement")
        return other.PretrainEngagementConfig, lambda config: _report(config, other.pretrain)
    if OmegaConf.select(raw, "task.name") == "text_public":
        text = importlib.import_module("training.pretrain_text")
        return text.PretrainTextConfig, lambda config: _report(config, text.pretrain)
    return PretrainConfig, _report


def _report(config: Any, work: Callable[[Any], dict[str, Any]] = pretrain) -> None:
    try:
        figures = work(config)
    except (PublicDataError, NerDataError, EncoderError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    sys.stdout.write(json.dumps(figures) + "\n")


def main() -> None:
    """`python -m training.pretrain`"""
    entry.run_chosen("pretrain", _by_task, lambda _: None)


if __name__ == "__main__":
    main()
