"""Waves: far more newcomers in a minute than came in the minutes before, as when another channel's viewers are sent over (a raid).

    count ~ negative binomial of mean m = minutes * (sum of the last `window` counts + 1/2) / their number, variance m + m^2 / r
    evidence = -ln(2 P(at least this count))      r = the same sum, at most `steadiness`

That is the predictive distribution of a Poisson rate under Jeffreys' prior, widened by `steadiness` because people come in groups. The last
minute is looked at, and the last two as one, for a wave may break over the border of minutes; the stronger counts, and the 2 pays for both
looks. No history of other streams is needed, in which every beginning looks like a raid: what the ranks of `anomaly.py` cannot tell apart.
The window is short, so that the many who come in the first minutes are soon forgotten.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from hikari import fields
from hikari.analytics.anomaly_alerts import Feedback
from hikari.analytics.anomaly_burst import minus_log_tail
from hikari.analytics.anomaly_clock import RowClock
from hikari.analytics.anomaly_rings import dict_from, floats_from, floats_state, number_from
from hikari.analytics.anomaly_types import Alert, Reason, Score, checked_number, severity
from hikari.errors import BadInput, BadStore

VERSION = 1
_PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class WaveConfig:
    """Settings of one detector of waves. Rows are minutes. Raises `BadInput`.

    The defaults were chosen on 2,300 hours of real streams, where they give one alert in nine hours: chat talks of a raid beside nine in
    ten of them, and in one minute in twenty otherwise.
    """

    window: int = 20
    """Rows that say what is usual."""
    settle: int = 5
    """Rows from a beginning on that are only learned from."""
    least: int = 5
    """Fewer newcomers are no wave."""
    threshold: float = 10.0
    """Evidence from which there is an alert."""
    steadiness: float = 5.0
    """The larger, the nearer to a Poisson process newcomers are taken to be."""
    cool_down: int = 10
    """An episode is over after so many rows under the threshold."""

    def __post_init__(self) -> None:
        for name, low, high in (("window", 2, 1000), ("settle", 2, self.window), ("least", 1, 10**6), ("cool_down", 1, 10**6)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise BadInput(f"{name} must be a whole number from {low} to {high}", field=name)
        for name, low, high in (("threshold", 2.0, 100.0), ("steadiness", 0.1, 1e9)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high):
                raise BadInput(f"{name} must be a number from {low:g} to {high:g}", field=name)


class WaveDetector:
    """Detector of waves in one series of counts, of constant size. As `AnomalyDetector`, but for how evidence comes about."""

    name = "wave"

    def __init__(self, config: WaveConfig | None = None, metric: str = "value", feedback: Feedback | None = None) -> None:
        self.config = config or WaveConfig()
        self.metric = fields.name_field(metric, "metric")
        self._feedback = feedback or Feedback(self.config.threshold)
        self._clock = RowClock()
        self._past: deque[float] = deque(maxlen=self.config.window)
        self._quiet: int | None = None
        """Rows under the threshold since the open episode was last over it; None: no episode is open."""

    @property
    def threshold(self) -> float:
        """The score from which there is an alert, feedback included."""
        return -math.expm1(-self._feedback.threshold)

    @property
    def in_episode(self) -> bool:
        """Whether an alert's episode is still open."""
        return self._quiet is not None and self._quiet <= self.config.cool_down

    def update(self, timestamp: Any, value: float | None, begins: bool = False) -> Score:
        """Score one row; see `AnomalyDetector.update`. A value below 0 counts as 0. Raises `BadInput`."""
        moment, number = fields.seconds(timestamp), checked_number(value)
        if number is None:
            return Score(0.0, 0.0, "missing")
        gap = self._clock.accept(moment)
        if gap is None:
            return Score(0.0, 0.0, "late")
        if self._quiet is not None:
            self._quiet = self._quiet + 1 if self.in_episode else None
        if gap or begins:
            self._past.clear()
        count = max(number, 0.0)
        if len(self._past) < self.config.settle:
            self._past.append(count)
            return Score(0.0, 0.0, "warming_up")
        return self._judge(moment, count)

    def feedback(self, alert_id: str, correct: bool) -> float:
        """See `AnomalyDetector.feedback`."""
        self._feedback.judge(alert_id, correct)
        return self.threshold

    def anew(self) -> "WaveDetector":
        """A detector that has seen nothing and goes on with the numbers of alerts and with what operators said."""
        return WaveDetector(self.config, self.metric, self._feedback)

    def _judge(self, moment: float, count: float) -> Score:
        why = max((self._look(count, 1), self._look(count, 2)), key=lambda reason: reason.evidence)
        self._past.append(count)
        level = -math.expm1(-why.evidence)
        if why.observed < self.config.least or why.evidence < self._feedback.threshold:
            return Score(level, level, "scored")
        alert = None
        if not self.in_episode:
            excess = why.evidence - self._feedback.threshold
            alert = Alert(self._feedback.open(self.metric), self.metric, moment, count, level, severity(excess), (why,))
        self._quiet = 0
        return Score(level, level, "scored", alert)

    def _look(self, count: float, minutes: int) -> Reason:
        """How rare the last one or two counts are after those before them."""
        past = list(self._past)
        before = past[: len(past) - minutes + 1]
        count += sum(past[len(before) :])
        total = sum(before) + _PRIOR
        mean = minutes * total / len(before)
        evidence = minus_log_tail(count, mean, mean + mean * mean / min(total, self.config.steadiness)) - math.log(2.0)
        feature = "newcomers in a minute" if minutes == 1 else f"newcomers in {minutes} minutes"
        return Reason(self.name, feature, count, mean, count / mean, "times", max(evidence, 0.0))

    def state(self) -> dict[str, Any]:
        """Everything that `from_state` needs, in plain types."""
        return {
            "version": VERSION,
            "clock": self._clock.state(),
            "feedback": self._feedback.state(),
            "past": floats_state(self._past),
            "quiet": self._quiet,
        }

    @classmethod
    def from_state(cls, state: Any, config: WaveConfig | None = None, metric: str = "value") -> "WaveDetector":
        """A detector that goes on exactly where `state` was taken, under the same configuration. Raises `BadStore`."""
        one = cls(config, metric)
        found = dict_from(state, tuple(one.state()))
        if found["version"] != VERSION:
            raise BadStore(f"the state of a wave detector has version {found['version']!r}, this program reads {VERSION}")
        one._clock = RowClock.from_state(found["clock"])
        one._feedback = Feedback.from_state(found["feedback"], one.config.threshold)
        one._past.extend(floats_from(found["past"]).tolist())
        one._quiet = None if found["quiet"] is None else int(number_from(found, "quiet", 0))
        return one
