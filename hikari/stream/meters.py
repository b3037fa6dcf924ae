"""What the pipeline knows of itself: latencies, batches, counts. Plain values, no names and no texts."""

from collections import Counter, deque
from dataclasses import dataclass, field

RECENT = 4_096
STAGES = ("queue", "analyze", "count", "remember", "total")
BINS = 20


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the sorted values lie (nearest rank)."""
    return round(values[min(len(values) - 1, int(share * len(values)))], 3) if values else None


class Recent:
    """The last values of one measure."""

    def __init__(self, size: int = RECENT) -> None:
        self._values: deque[float] = deque(maxlen=size)
        self.count = 0
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        self._values.append(value)
        self.count += times
        self.total += value * times

    def as_dict(self) -> dict[str, float | int | None]:
        """`{p50, p99, mean, count}`: quantiles of the last ones, mean and count of all."""
        ordered = sorted(self._values)
        mean = round(self.total / self.count, 3) if self.count else None
        return {"p50": percentile(ordered, 0.5), "p99": percentile(ordered, 0.99), "mean": mean, "count": self.count}


@dataclass(slots=True)
class Meters:
    """Everything that is counted; milliseconds."""

    received: int = 0
    processed: int = 0
    errors: Counter[str] = field(default_factory=Counter[str])
    alerts: Counter[str] = field(default_factory=Counter[str])
    sink_failures: int = 0
    batches: Counter[int] = field(default_factory=Counter[int])
    """How many batches of each size were analysed."""
    last_batch: int = 0
    stages: dict[str, Recent] = field(default_factory=lambda: {name: Recent() for name in STAGES})
    sentiment: list[int] = field(default_factory=lambda: [0] * BINS)
    """Counts of aggregate scores by tenths from -1 to 1: a distribution that drifts says that the model or the audience changed."""
    toxicity: list[int] = field(default_factory=lambda: [0] * BINS)

    def scored(self, sentiment: float, toxicity: float) -> None:
        self.sentiment[min(BINS - 1, int((sentiment + 1.0) / 2.0 * BINS))] += 1
        self.toxicity[min(BINS - 1, int(toxicity * BINS))] += 1

    @property
    def mean_batch(self) -> float | None:
        """Messages in a batch, over all batches."""
        count = sum(self.batches.values())
        return round(sum(size * times for size, times in self.batches.items()) / count, 2) if count else None
