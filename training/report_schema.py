"""What `conf/report_analytics.yaml` may say."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from hikari.analytics.simulator_config import Planted, SimulationConfig
from hikari.errors import BadInput
from training.schema import Name, Positive, Rate, Seed, TrackingConfig, closed

MINUTE_S = 60.0


@closed
@dataclass(frozen=True)
class EventRates:
    """Means an hour; what each is stands at `SimulationConfig`."""

    raids: float
    hypes: float
    lulls: float
    trolls: float
    copypastas: float


@closed
@dataclass(frozen=True)
class PlantedContent:
    """A segment that every stream shows, and what it multiplies the rate of chat with."""

    name: Name
    factor: Annotated[float, Field(gt=0, le=10)]


@closed
@dataclass(frozen=True)
class ForecastConfig:
    """Origins in the held-out stream, in minutes after its start; `periods` steps ahead of each."""

    first_minute: Positive
    every_minutes: Positive
    periods: Annotated[int, Field(ge=1, le=24)]


@closed
@dataclass(frozen=True)
class ExperimentConfig:
    """A binary outcome with this `rate`, raised by `effect` in the better arm; `repetitions` of it for coverage and power."""

    rate: Rate
    effect: Rate
    repetitions: Positive

    def __post_init__(self) -> None:
        if self.rate + self.effect >= 1:
            raise ValueError("rate and effect together must stay below 1")


@closed
@dataclass(frozen=True)
class ReportConfig:
    """`python -m training.report_analytics`"""

    seed: Seed
    output: Name
    streams: Annotated[int, Field(ge=2, le=100)]
    """The last one is held out of what forecasts know before it."""
    profile: Name
    hours: float
    rate: float
    """Messages a minute, on average."""
    events: EventRates
    contents: tuple[PlantedContent, ...]
    slots: tuple[Positive, ...]
    """Minutes after the start, one for each content, which take turns in them: else an effect could not be told from the hour's."""
    slot_minutes: Positive
    forecast: ForecastConfig
    experiment: ExperimentConfig
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        self.simulation(0)
        edges = [edge for slot in self.slots for edge in (slot, slot + self.slot_minutes)]
        if len(self.slots) != len(self.contents) or edges != sorted(edges) or (edges and edges[-1] > self.hours * 60):
            raise ValueError("slots must be as many as contents, in the order of time, apart, and within the stream")

    def programme(self, number: int) -> list[tuple[float, PlantedContent]]:
        """The contents of a stream with the seconds after its start at which they begin."""
        turns = [self.contents[(place + number) % len(self.contents)] for place in range(len(self.contents))]
        return [(slot * MINUTE_S, one) for slot, one in zip(self.slots, turns, strict=False)]

    def simulation(self, number: int) -> SimulationConfig:
        """What the simulator is told of a stream; it checks the bounds itself."""
        events = self.events
        try:
            return SimulationConfig(
                profile=self.profile, hours=self.hours, rate=self.rate, raids=events.raids, hypes=events.hypes,
                lulls=events.lulls, trolls=events.trolls, copypastas=events.copypastas,
                # The simulator's lull is a stretch at a constant multiple of the usual rate, which may also be more than it.
                planted=tuple(
                    Planted("lull", at, self.slot_minutes * MINUTE_S, one.factor) for at, one in self.programme(number)
                ),
            )  # fmt: skip
        except BadInput as error:
            raise ValueError(error.message) from error
