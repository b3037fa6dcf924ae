"""Entry point of the frozen stages: what is trained on public data, by hand and seldom, and then released.

    HIKARI_DATA_MIRROR=FOLDER python -m training.pretrain task=entities

Another task is another configuration class in `PretrainConfig.task` and another row of `_WORK`.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


def _report(config: PretrainConfig) -> None:
    try:
        figures = pretrain(config)
    except (PublicDataError, NerDataError, EncoderError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    sys.stdout.write(json.dumps(figures) + "\n")


def main() -> None:
    """`python -m training.pretrain`"""
    entry.run("pretrain", PretrainConfig, _report)


if __name__ == "__main__":
    main()
