"""The search space: as Optuna's distributions, as overrides of `conf/train.yaml`, and checked against that before the first trial.

An override that training would refuse is found here, with all others, and not at trial 37.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hikari.sentiment.labels import TASKS
from training import encoder, entry, metrics
from training.schema import ConfigError, TrainConfig
from training.tracking import flatten
from training.tune_schema import Choices, FloatRange, IntRange, Scalar, SweepConfig

_OWN = ("seed", "output", "resume", "tracking")
"""What the sweep itself sets in every trial."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = ("true", "false", "null", "nan", "inf")


def distributions(sweep: SweepConfig) -> dict[str, BaseDistribution]:
    """The space in Optuna's words."""
    return {name: _distribution(parameter) for name, parameter in sweep.space.items()}


def _distribution(parameter: FloatRange | IntRange | Choices) -> BaseDistribution:
    if isinstance(parameter, Choices):
        return CategoricalDistribution(parameter.choices)
    kind = FloatDistribution if isinstance(parameter, FloatRange) else IntDistribution
    return kind(parameter.low, parameter.high, log=parameter.log)  # type: ignore[arg-type]


def override(name: str, value: Scalar) -> str:
    """One setting as Hydra reads it, type included.

    >>> [override("a.b", value) for value in (1e-05, True, None, "linear", "true", "two words")]
    ['a.b=1e-05', 'a.b=true', 'a.b=null', 'a.b=linear', 'a.b="true"', 'a.b="two words"']
    """
    if value is None or isinstance(value, bool):
        return f"{name}={'null' if value is None else str(value).lower()}"
    if not isinstance(value, str):
        return f"{name}={value!r}"
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return f"{name}={value}"
    # Hydra's quoted strings: backslashes count only before a quote, there they are doubled.
    escaped = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + found[2].replace('"', r"\""), value)
    return f'{name}="{escaped}"'


def overrides(parameters: Mapping[str, Scalar]) -> list[str]:
    """All settings of a trial."""
    return [override(name, value) for name, value in parameters.items()]


def figures(config: TrainConfig) -> set[str]:
    """The names under which `training.train` reports an epoch of this configuration, where its dev set labels every task."""
    heads = {head.task for head in config.task.heads}
    tasks = [task for task in TASKS if task.name in heads]
    each = {f"dev/{task.name}_{metrics.main_figure(task)}" for task in tasks} | {f"dev/loss_{task.name}" for task in tasks}
    return {"dev/score"} | each


def defaults(sweep: SweepConfig, base: TrainConfig) -> dict[str, Scalar] | None:
    """The values that the configuration itself has for the whole space; None where one of them lies outside."""
    flat = flatten(dataclasses.asdict(base))
    if not all(name in flat and _contains(parameter, flat[name]) for name, parameter in sweep.space.items()):
        return None
    return {name: flat[name] for name in sweep.space}


def _contains(parameter: FloatRange | IntRange | Choices, value: Scalar) -> bool:
    if isinstance(parameter, Choices):
        return any(value == choice and type(value) is type(choice) for choice in parameter.choices)
    return isinstance(value, int | float) and not isinstance(value, bool) and parameter.low <= value <= parameter.high


def check(sweep: SweepConfig) -> TrainConfig:
    """The configuration that all trials share. Raises `ConfigError` with every mistake of the sweep: settings that do not exist, values
    that training would refuse, a figure that it does not report, data or encoder that are not there."""
    mistakes: list[str] = []
    base, problem = _compose(list(sweep.base))
    mistakes += [f"sweep.base: {line}" for line in problem]
    mistakes += [
        f"sweep.base: {name} is set by the sweep itself" for name in (_name(text) for text in sweep.base) if _is_own(name)
    ]
    shared = [] if base is None else list(sweep.base)
    known = flatten(dataclasses.asdict(base or entry.composed("train", TrainConfig)))
    for name, parameter in sweep.space.items():
        mistakes += [f"sweep.space.{name}: {line}" for line in _mistakes_of(name, parameter, shared, known)]
    if base is not None:
        mistakes += _not_there(sweep, base)
    if mistakes:
        count = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''} in the sweep"
        raise ConfigError("\n".join([f"{count}:", *(f"  {line}" for line in mistakes)]))
    assert base is not None  # noqa: S101 - without it there was a mistake
    return base


def _mistakes_of(
    name: str, parameter: FloatRange | IntRange | Choices, shared: list[str], known: Mapping[str, object]
) -> Iterator[str]:
    if _is_own(name):
        yield "is set by the sweep itself"
        return
    for value in _samples(parameter):
        _, problem = _compose([*shared, override(name, value)])
        if problem and problem[0].startswith("Could not override"):
            near = difflib.get_close_matches(name, known, n=1)
            yield "no such setting" + (f"; did you mean {near[0]}?" if near else "")
            return
        yield from (f"at {value!r}: {line}" for line in problem)


def _samples(parameter: FloatRange | IntRange | Choices) -> list[Scalar]:
    """Every choice; of a range both ends and, for a setting that takes whole numbers only, something between."""
    if isinstance(parameter, Choices):
        return list(parameter.choices)
    if isinstance(parameter, IntRange):
        return [parameter.low, parameter.high]
    return [parameter.low, parameter.low + (parameter.high - parameter.low) / math.e, parameter.high]


def _compose(texts: list[str]) -> tuple[Any, list[str]]:
    try:
        return entry.composed("train", TrainConfig, texts), []
    except ConfigError as error:
        return None, [line.strip() for line in str(error).splitlines()[1:]] or [str(error)]
    except HydraException as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        if len(lines) > 1 and lines[1].startswith("Available options"):
            options = [line for line in lines[2:] if not line.startswith(("Config search path", "provider="))]
            return None, [f"{lines[0]}; available: {', '.join(options)}"]
        return None, lines[:1]


def _not_there(sweep: SweepConfig, base: TrainConfig) -> Iterator[str]:
    if sweep.metric not in figures(base):
        yield f"sweep.metric: training reports {', '.join(sorted(figures(base)))}, got {sweep.metric!r}"
    if base.trainer.devices > 1:
        yield f"sweep.base: a trial runs on one device, got trainer.devices={base.trainer.devices}"
    if "data.processed" not in sweep.space and not (Path(base.data.processed) / "train.parquet").is_file():
        yield f"sweep.base: data.processed={base.data.processed} holds no train.parquet; `python -m training.prepare` makes it"
    if "model/encoder" not in sweep.space:
        try:
            encoder.locate(base.model.encoder)
        except encoder.EncoderError as error:
            yield f"sweep.base: {error}"


def _name(text: str) -> str:
    return text.split("=", 1)[0].lstrip("+~")


def _is_own(name: str) -> bool:
    return re.split(r"[./@]", name)[0] in _OWN
