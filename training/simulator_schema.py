"""What the configuration of `training.fit_simulator` may say."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from training.schema import STRICT, Name, Seed


@dataclass(frozen=True)
class RecordedDataConfig:
    """A folder of recorded streams (layout: `training/simulator_data.py`), or one that holds it as `twitch_vtuber_chat`."""

    path: str | None
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class FitSimulatorConfig:
    """What is fitted, and how carefully."""

    seed: Seed
    data: RecordedDataConfig
    output: Name
    figures: Name
    """The file that `write` replaces."""
    write: bool
    channels: Annotated[int, Field(ge=1, le=100)]
    """Simulated channels of each profile, with seeds from `seed` on."""
    streams: Annotated[int, Field(ge=12, le=1000)]
    """Simulated streams of each; first-time chatters are told from the eleventh on."""
    rounds: Annotated[int, Field(ge=0, le=50)]
    """Rounds of moving the parameters that have no closed form towards the measured figures."""
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
