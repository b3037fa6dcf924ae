"""Online detection of anomalies in one series: several detectors, one score, one alert an episode.

Each detector measures how strange the newest row is; `TailEvidence` turns that into -ln of how rare it is among the last rows; the mean
over the detectors is the evidence. Averaging logarithms asks for agreement: a forecast that misses a known peak alone raises no alarm.

    level = 1 - exp(-evidence)                    how odd the row is
    score = level where the evidence exceeds what is left of the last event's, else 0
    alert when the score passes the threshold and no episode is open

What a repeated event has to exceed fades with `memory` rows, so that the start of something new stands out and its course does not.
"""

import math
from typing import Any

import numpy as np

from hikari import fields
from hikari.analytics.anomaly_alerts import Feedback
from hikari.analytics.anomaly_burst import BurstTest, is_count
from hikari.analytics.anomaly_clock import RowClock
from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.anomaly_forest import IsolationRows
from hikari.analytics.anomaly_neighbours import NearestNeighbours
from hikari.analytics.anomaly_residual import ForecastResidual
from hikari.analytics.anomaly_rings import Ring, dict_from, number_from
from hikari.analytics.anomaly_tails import TailEvidence
from hikari.analytics.anomaly_types import Alert, AnomalyConfig, Reason, Score, checked_number, severity
from hikari.errors import BadStore

VERSION = 1
FURTHEST = 1e12
"""Values are cut off so many standard deviations of the warm-up from its median, far from where squares overflow."""
WHY = 3
"""Reasons that an alert names at most."""


class AnomalyDetector:
    """Detector of one metric, of constant size; `update` costs about 0.3 ms, every `refit`-th one 0.2 s unless `fits` takes that over.

    Not safe for concurrent calls. Raises `BadInput` for values that are no numbers, with the state unharmed.
    """

    def __init__(
        self,
        config: AnomalyConfig | None = None,
        metric: str = "value",
        fits: ForestFits | None = None,
        feedback: Feedback | None = None,
    ) -> None:
        self.config = config or AnomalyConfig()
        self.metric = fields.name_field(metric, "metric")
        settings = self.config
        self._clock = RowClock()
        self._fits = fits
        self._feedback = feedback or Feedback(settings.threshold)
        self._history = Ring(settings.history + settings.refit)
        self._forecast = ForecastResidual(settings.season)
        self._neighbours = NearestNeighbours()
        self._forest = IsolationRows(settings.history, settings.refit, settings.trees, settings.seed, fits)
        self._burst = BurstTest()
        self._tails = {name: TailEvidence(settings.history, settings.warm_up // 2) for name in self._names()}
        self._waiting: Ring | None = Ring(settings.warm_up)
        """The warm-up's values as they came."""
        self._counts = settings.kind != "value"
        self._centre, self._scale = 0.0, 1.0
        self._since_gap = 0
        self._last_event = 0.0
        self._quiet: int | None = None
        """Rows under the threshold since the open episode was last over it; None: no episode is open."""

    @property
    def threshold(self) -> float:
        """The score from which there is an alert, feedback included."""
        return 1.0 - math.exp(-self._feedback.threshold)

    @property
    def in_episode(self) -> bool:
        """Whether an alert's episode is still open."""
        return self._quiet is not None and self._quiet <= self.config.cool_down

    def update(self, timestamp: Any, value: float | None, begins: bool = False) -> Score:
        """Score one row. None or NaN: missing. Rows that are not newer than the last one are late and change nothing. `begins`: this row
        does not continue those before, as after a gap.

        Raises `BadInput` for a malformed time and for a value that is no number or infinite.
        """
        moment = fields.seconds(timestamp)
        number = checked_number(value)
        if number is None:
            return Score(0.0, 0.0, "missing")
        gap = self._clock.accept(moment)
        if gap is None:
            return Score(0.0, 0.0, "late")
        if self._quiet is not None:
            self._quiet = self._quiet + 1 if self.in_episode else None
        self._since_gap = 1 if gap or begins else self._since_gap + 1
        if self._waiting is not None:
            self._warm_up(number)
            return Score(0.0, 0.0, "warming_up")
        evidence = self._observe(number)
        return self._judge(moment, number, evidence)

    def feedback(self, alert_id: str, correct: bool) -> float:
        """An operator's verdict on an alert: a false alarm raises the threshold, a true one lowers it a little, within bounds.

        The last verdict on an alert holds. Returns the new threshold of the score. Raises `NotFound` for an alert that is not among the
        last ones, `BadInput` when the verdict is not true or false.
        """
        self._feedback.judge(alert_id, correct)
        return self.threshold

    def anew(self) -> "AnomalyDetector":
        """A detector that has seen nothing and goes on with the numbers of alerts and with what operators said."""
        return AnomalyDetector(self.config, self.metric, self._fits, self._feedback)

    def _names(self) -> list[str]:
        return [self._forecast.name, *self._neighbours.names, self._forest.name, self._burst.name]

    def _warm_up(self, number: float) -> None:
        waiting = self._waiting
        assert waiting is not None  # noqa: S101 - for the type checker: the caller has looked
        waiting.add(number)
        if len(waiting) < waiting.capacity:
            return
        values = waiting.values().copy()
        self._waiting = None
        self._centre = float(np.median(values))
        self._scale = float(values.std()) or abs(self._centre) or 1.0
        self._counts = self._counts and (self.config.kind == "count" or is_count(values))
        for seen, one in enumerate(values):
            self._since_gap = seen + 1  # a gap inside the warm-up is overlooked
            self._observe(float(one))

    def _observe(self, number: float) -> dict[str, float]:
        """The evidence of each detector that has a say, and then what all of them learn from the row."""
        scaled = min(max((number - self._centre) / self._scale, -FURTHEST), FURTHEST)
        self._history.add(scaled)
        whole = self._history.values()
        history = whole[-self.config.history :]
        found: dict[str, float | None] = {self._forecast.name: self._forecast.observe(history, self._since_gap)}
        found.update(zip(self._neighbours.names, self._neighbours.observe(history, self._since_gap), strict=True))
        found[self._forest.name] = self._forest.observe(whole, self._since_gap)
        if self._counts and self.config.kind == "auto" and not (number >= 0 and number.is_integer()):
            self._counts = False
        if self._counts:
            found[self._burst.name] = self._burst.observe(max(number, 0.0))
        self._forest.learn(whole)
        evidence: dict[str, float] = {}
        for name, strangeness in found.items():
            if strangeness is None:
                continue
            tail = self._tails[name]
            if tail.ready:
                evidence[name] = tail.evidence(strangeness)
            tail.add(strangeness)
        return evidence

    def _judge(self, moment: float, number: float, evidence: dict[str, float]) -> Score:
        total = sum(evidence.values()) / len(evidence) if evidence else 0.0
        self._last_event *= math.exp(-1.0 / self.config.memory)
        begins = total > self._last_event
        self._last_event = max(self._last_event, total)
        level = 1.0 - math.exp(-total)
        alert = None
        if total >= self._feedback.threshold:
            if begins and not self.in_episode:
                name = self._feedback.open(self.metric)
                rank = severity(total - self._feedback.threshold)
                alert = Alert(name, self.metric, moment, number, level, rank, self._why(number, evidence))
            if alert is not None or self.in_episode:
                self._quiet = 0
        return Score(level if begins else 0.0, level, "scored", alert)

    def _why(self, number: float, evidence: dict[str, float]) -> tuple[Reason, ...]:
        """The detectors with the strongest evidence, in the units of the series."""
        history = self._history.values()[-self.config.history :]
        reasons: list[Reason] = []
        for name in sorted(evidence, key=lambda key: -evidence[key])[:WHY]:
            typical = self._tails[name].typical
            if name == self._burst.name:
                reasons.append(self._burst.explain(evidence[name]))
                continue
            if name == self._forecast.name:
                reason = self._forecast.explain(history, typical, evidence[name])
            elif name == self._forest.name:
                reason = self._forest.explain(history, evidence[name])
            else:
                reason = self._neighbours.explain(name, history, typical, evidence[name])
            # Differences and spreads have no centre; levels have one.
            centre = 0.0 if "change" in reason.feature or "spread" in reason.feature or "over" in reason.feature else self._centre
            observed = number if reason.feature == "value" else reason.observed * self._scale + centre
            reasons.append(
                Reason(name, reason.feature, float(observed), float(reason.expected * self._scale + centre),
                       float(reason.distance), reason.unit, float(evidence[name]))
            )  # fmt: skip
        return tuple(reasons)

    def state(self) -> dict[str, Any]:
        """Everything that `from_state` needs, in plain types; about 120 kB with a full history."""
        return {
            "version": VERSION,
            "clock": self._clock.state(),
            "feedback": self._feedback.state(),
            "history": self._history.state(),
            "waiting": None if self._waiting is None else self._waiting.state(),
            "forecast": self._forecast.state(),
            "forest": self._forest.state(),
            "burst": self._burst.state(),
            "tails": {name: tail.state() for name, tail in self._tails.items()},
            "counts": self._counts,
            "centre": self._centre,
            "scale": self._scale,
            "since_gap": self._since_gap,
            "last_event": self._last_event,
            "quiet": self._quiet,
        }

    @classmethod
    def from_state(
        cls, state: Any, config: AnomalyConfig | None = None, metric: str = "value", fits: ForestFits | None = None
    ) -> "AnomalyDetector":
        """A detector that goes on exactly where `state` was taken, under the same configuration. Raises `BadStore`."""
        one = cls(config, metric, fits)
        found = dict_from(state, tuple(one.state()))
        if found["version"] != VERSION:
            raise BadStore(f"the anomaly state has version {found['version']!r}, this program reads {VERSION}")
        settings = one.config
        one._clock = RowClock.from_state(found["clock"])
        one._feedback = Feedback.from_state(found["feedback"], settings.threshold)
        one._history = Ring.from_state(one._history.capacity, found["history"])
        waiting = found["waiting"]
        one._waiting = None if waiting is None else Ring.from_state(settings.warm_up, waiting)
        one._forecast.restore(found["forecast"])
        one._forest.restore(found["forest"])
        one._burst.restore(found["burst"])
        tails = dict_from(found["tails"], tuple(one._tails))
        for name, tail in one._tails.items():
            tail.restore(tails[name])
        one._counts = bool(found["counts"])
        one._centre = number_from(found, "centre")
        one._scale = number_from(found, "scale", 5e-324)
        one._since_gap = int(number_from(found, "since_gap", 0))
        one._last_event = number_from(found, "last_event", 0.0)
        one._quiet = None if found["quiet"] is None else int(number_from(found, "quiet", 0))
        return one
