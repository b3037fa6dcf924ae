"""Settings of the analytics, with the defaults that a stream needs."""

from dataclasses import dataclass, field

from hikari.analytics.clips import MomentSettings
from hikari.errors import BadInput

LONGEST = 1e9
"""Of every setting, in seconds, days or viewers: so long a wait the system still knows."""


@dataclass(frozen=True, slots=True)
class AnalyticsConfig:
    """What an operator may change. Raises `BadInput`."""

    hot_viewers: int = 12_000
    """Profiles of a channel kept in memory, 4 kB each; the others rest in the store."""
    journal_s: float = 1.0
    """What came in is on disk after this long at most."""
    snapshot_s: float = 60.0
    """The journal is folded into snapshots this often."""
    series_days: float = 90.0
    """Metrics older than this are dropped."""
    refit_s: float = 600.0
    """A forecast is fitted anew, in the background, when this much more of the metric is known."""
    background: bool = True
    """Off in replays and tests: then nothing happens by itself, `maintain` does it."""
    moments: MomentSettings = field(default_factory=MomentSettings)

    def __post_init__(self) -> None:
        for name, least in (("hot_viewers", 1), ("journal_s", 0.01), ("snapshot_s", 0.1), ("series_days", 1.0), ("refit_s", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= LONGEST:
                raise BadInput(f"{name} must be a number from {least} to {LONGEST:.0e}", field=name)
        if not isinstance(self.hot_viewers, int):  # pyright: ignore[reportUnnecessaryIsInstance] - comes from a configuration file
            raise BadInput("hot_viewers must be a whole number", field="hot_viewers")
