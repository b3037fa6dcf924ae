"""The thin layer between the command line and an entry point: Hydra composes, `to_config` checks, the work sees plain
dataclasses."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import hydra
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from training.schema import ConfigError, to_config

CONF = Path(__file__).parent.parent / "conf"
Config = TypeVar("Config")


def run(name: str, kind: type[Config], work: Callable[[Config], Any]) -> None:
    """Run `work` with the composed and checked `conf/<name>.yaml`; a wrong configuration ends in one readable message, exit
    code 2."""
    run_chosen(name, lambda _: (kind, work), lambda _: None)


def run_chosen(
    name: str, choose: Callable[[DictConfig], tuple[type[Any], Callable[[Any], Any]]], report: Callable[[Any], Any]
) -> None:
    """The same where the composed configuration itself says which class checks it and which work it is for; `report` gets the
    work's result."""

    def task(raw: DictConfig) -> Any:
        kind, work = choose(raw)
        try:
            config = to_config(raw, kind)
        except ConfigError as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(2) from None
        result = work(config)
        report(result)
        return result

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)(task)()


def composed(name: str, kind: type[Config], overrides: list[str] | None = None) -> Config:
    """The configuration of an entry point as its dataclass, from Python, also inside another one; the checks of the command line."""
    # Hydra refuses to be initialised twice, and an entry point that composes others (a sweep) runs inside it.
    hydra_of_process = GlobalHydra.instance()
    outer = hydra_of_process.hydra
    hydra_of_process.clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return to_config(compose(name, overrides=overrides or []), kind)
    finally:
        hydra_of_process.hydra = outer
