"""Anomalies over many metrics by name, and over a finished series."""

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from hikari import fields
from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.anomaly_rings import dict_from
from hikari.analytics.anomaly_types import Alert, Anomaly, AnomalyConfig, Reason, Score
from hikari.analytics.anomaly_wave import WaveConfig, WaveDetector
from hikari.errors import BadInput, BadStore, NotFound, TooLarge

VERSION = 1
MAX_METRICS = 256
MAX_ALERTS = 500
MAX_ROWS = 1_000_000

Config = AnomalyConfig | WaveConfig
Detector = AnomalyDetector | WaveDetector


class MetricAnomalies:
    """One detector for each metric, made when its first row comes; at most `MAX_METRICS`, and the last `MAX_ALERTS` alerts of all.

    `configs` holds settings for single metrics, `config` those of all others; `fits` grows the forests. Not safe for concurrent calls.
    """

    def __init__(
        self, config: Config | None = None, configs: Mapping[str, Config] | None = None, fits: ForestFits | None = None
    ) -> None:
        self._config = config or AnomalyConfig()
        self._configs = dict(configs or {})
        self._fits = fits
        self._detectors: dict[str, Detector] = {}
        self._alerts: deque[Alert] = deque(maxlen=MAX_ALERTS)

    def update(self, metric: str, timestamp: Any, value: float | None, begins: bool = False) -> Score:
        """Score one row of a metric. Raises `BadInput`, and `TooLarge` for one metric too many; the state is unharmed then."""
        detector = self._detectors.get(metric) if isinstance(metric, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if detector is None:
            name = fields.name_field(metric, "metric")
            if len(self._detectors) >= MAX_METRICS:
                raise TooLarge(f"anomalies are watched for at most {MAX_METRICS} metrics", field="metric_name")
            detector = self._made(name)
            score = detector.update(timestamp, value, begins)
            self._detectors[name] = detector
        else:
            score = detector.update(timestamp, value, begins)
        if score.alert is not None:
            self._alerts.append(score.alert)
        return score

    def restart(self, metrics: Container[str]) -> None:
        """Forget all rows of these metrics; alerts, their numbers and what operators said of them stay."""
        for name, detector in self._detectors.items():
            if name in metrics:
                self._detectors[name] = detector.anew()

    def metrics(self) -> tuple[str, ...]:
        """The metrics that have sent rows."""
        return tuple(self._detectors)

    def thresholds(self) -> dict[str, float]:
        """The score from which there is an alert, by metric."""
        return {name: detector.threshold for name, detector in self._detectors.items()}

    def alerts(self, metric: str | None = None, since: float | None = None) -> tuple[Alert, ...]:
        """The last alerts, oldest first, of one metric or all, from `since` (epoch seconds) on."""
        return tuple(
            alert
            for alert in self._alerts
            if (metric is None or alert.metric == metric) and (since is None or alert.timestamp >= since)
        )

    def feedback(self, alert_id: str, correct: bool) -> tuple[str, float]:
        """An operator's verdict; moves the threshold of that metric alone. The metric and its threshold. Raises `NotFound` and
        `BadInput`."""
        metric = alert_id.rpartition("#")[0] if isinstance(alert_id, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
        if metric not in self._detectors:
            raise NotFound("there is no such alert among the last ones", field="alert_id")
        return metric, self._detectors[metric].feedback(alert_id, correct)

    def state(self) -> dict[str, Any]:
        """Everything that `from_state` needs, in plain types."""
        return {
            "version": VERSION,
            "detectors": {name: detector.state() for name, detector in self._detectors.items()},
            "alerts": [{**asdict(alert), "why": [asdict(reason) for reason in alert.why]} for alert in self._alerts],
        }

    @classmethod
    def from_state(
        cls,
        state: Any,
        config: Config | None = None,
        configs: Mapping[str, Config] | None = None,
        fits: ForestFits | None = None,
    ) -> "MetricAnomalies":
        """Go on where `state` was taken, under the same settings. Raises `BadStore`."""
        found = dict_from(state, ("version", "detectors", "alerts"))
        if found["version"] != VERSION:
            raise BadStore(f"the anomaly state has version {found['version']!r}, this program reads {VERSION}")
        one = cls(config, configs, fits)
        detectors = dict_from(found["detectors"], ())
        if len(detectors) > MAX_METRICS:
            raise BadStore("the anomaly state holds more metrics than are allowed")
        try:
            for name, held in detectors.items():
                one._detectors[name] = one._made(name, held)
            for row in found["alerts"]:
                why = tuple(Reason(**{key: value for key, value in reason.items() if key != "text"}) for reason in row["why"])
                one._alerts.append(Alert(**{key: value for key, value in row.items() if key != "why"}, why=why))
        except (BadInput, TypeError, KeyError, AttributeError) as error:
            raise BadStore("the anomaly state is damaged: its metrics or alerts are not what they should be") from error
        return one

    def _made(self, name: str, state: Any = None) -> Detector:
        """A new detector of a metric, or the one that gave `state`."""
        config = self._configs.get(name, self._config)
        if isinstance(config, WaveConfig):
            return WaveDetector(config, name) if state is None else WaveDetector.from_state(state, config, name)
        if state is None:
            return AnomalyDetector(config, name, self._fits)
        return AnomalyDetector.from_state(state, config, name, self._fits)


def detect(
    timestamps: Iterable[float], values: Iterable[float], config: AnomalyConfig | None = None, metric: str = "value"
) -> list[Anomaly]:
    """The episodes of a finished series, in order of time; found row by row, as they would have been while it ran.

    `timestamps` epoch seconds and `values`, both (n,), in any order; of duplicated times the first one counts, NaN is missing. Raises
    `BadInput` when they differ in length or a time is not finite, `TooLarge` beyond `MAX_ROWS` rows.
    """
    try:
        moments, numbers = (np.asarray(given, dtype=np.float64) for given in (timestamps, values))
    except (TypeError, ValueError) as error:
        raise BadInput("timestamps and values must be numbers", field="values") from error
    if moments.ndim != 1 or moments.shape != numbers.shape:
        raise BadInput("timestamps and values must be two lists of the same length", field="timestamps")
    if len(moments) > MAX_ROWS:
        raise TooLarge(f"a series may have at most {MAX_ROWS} rows", field="timestamps")
    detector = AnomalyDetector(config, metric)
    anomalies: list[Anomaly] = []
    open_alert: Alert | None = None
    end = 0.0
    for row in np.argsort(moments, kind="stable"):
        moment = float(moments[row])
        score = detector.update(moment, float(numbers[row]))
        if score.alert is not None:
            if open_alert is not None:
                anomalies.append(Anomaly(open_alert.timestamp, end, open_alert))
            open_alert, end = score.alert, moment
        elif open_alert is not None and detector.in_episode and score.level >= detector.threshold:
            end = moment
    if open_alert is not None:
        anomalies.append(Anomaly(open_alert.timestamp, end, open_alert))
    return anomalies
