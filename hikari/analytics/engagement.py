"""What the next 1, 5 and 15 minutes of a stream will bring, by the exported `ViewerEngagementPredictor`; numpy and onnxruntime only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.engagement_norms import ChannelNorms, Norms
from hikari.bundle import Bundle, find_bundle, open_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.settings import Settings

Array = npt.NDArray[np.float64]

KIND = "engagement"
"""Of the bundle, and its name under `models`."""
FACTS = "engagement.json"
GRAPH = "model.onnx"
WEIGHTS = "weights.safetensors"
_MESSAGES = inputs.METRICS.index("messages")
_LEAST_MOVEMENT = 1e-12
"""Keeps shares of no movement at all at 0."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """`horizons`: minutes ahead -> metric -> `{"median": x, "quantiles": {"0.05": x, ...}, "moved_by": [...]}`, counts as counts,
    sentiment -1..1. `moved_by` says of each of the last `MINUTES` minutes, oldest first, how much higher the median is than it would be
    had that minute been as usual in the channel. `mattered` (MINUTES,): the share of each minute in these movements of the messages'
    forecasts, as logarithms, summing to 1 (all 0 where nothing moved them). `attention` (MINUTES,): the network's own weights, which
    say what it read, not what moved its answer: trained networks read all minutes nearly alike."""

    horizons: dict[int, dict[str, dict[str, Any]]]
    mattered: Array
    attention: Array


class EngagementModel:
    """The model of a bundle of kind `engagement`; safe to call from several threads."""

    def __init__(self, bundle: Bundle) -> None:
        facts = bundle.json(FACTS)
        wanted = {"features": features.VERSION, "preparation": inputs.VERSION}
        for name, version in wanted.items():
            if facts.get(f"{name}_version") != version:
                raise BadBundle(
                    f"the engagement model was trained on version {facts.get(f'{name}_version')} of the {name}, this version has "
                    f"{version}; `make pipeline` makes a matching one"
                )
        same = {"inputs": inputs.TRACKED, "horizons": inputs.HORIZONS, "metrics": inputs.METRICS}
        for name, values in same.items():
            if facts.get(name) != list(values):
                raise BadBundle(f"{FACTS}: {name} are not those of this version")
        self.bundle = bundle
        self.quantiles = _numbers(facts, "quantiles", (-1,))
        shape = (len(inputs.HORIZONS), len(inputs.METRICS), len(self.quantiles))
        self.correction = _numbers(facts, "correction", shape)
        self._prior = tuple(_numbers(facts, name, (len(inputs.TRACKED),)) for name in ("prior_mean", "prior_spread"))
        middle = np.flatnonzero(self.quantiles == 0.5)
        if len(middle) != 1 or not (np.diff(self.quantiles) > 0).all():
            raise BadBundle(f"{FACTS}: quantiles must rise and hold 0.5")
        self._middle = int(middle[0])
        self._session = _session(bundle.path / GRAPH)

    @classmethod
    def open(cls, path: Path | str | None = None, *, settings: Settings | None = None) -> "EngagementModel":
        """The model at `path`, `$HIKARI_HOME/models/engagement` or the checkout's.

        Raises `NotReady` when there is none, `BadBundle` when it is damaged or was trained on other features.
        """
        return cls(open_bundle(find_bundle(KIND, path, settings or Settings.read(), kind=KIND), kind=KIND))

    def norms(self) -> ChannelNorms:
        """The statistics of a channel that has no past yet; fed minute by minute with `engagement_inputs.take_in`."""
        return ChannelNorms(*self._prior)

    def predict(self, rows: Array, norms: ChannelNorms) -> Engagement:
        """The forecast after the last of `rows` (MINUTES, len(FEATURES)), as `features.rows` gives them, which `norms` has taken in.

        Raises `BadInput` for rows of another shape, `NotReady` when the last of them lies outside a stream.
        """
        rows = np.asarray(rows, dtype=np.float64)
        if rows.shape != (inputs.MINUTES, len(features.FEATURES)):
            raise BadInput(f"rows must be of shape ({inputs.MINUTES}, {len(features.FEATURES)})", field="rows")
        if not rows[-1, features.INDEX["in_stream"]] > 0:
            raise NotReady("engagement is predicted from the first complete minute of a stream on")
        values, attention = self.occluded(rows, norms.snapshot())
        natural = np.concatenate([np.expm1(np.maximum(values[:, :, :2], 0.0)), np.clip(values[:, :, 2:], -1.0, 1.0)], axis=2)
        moved = natural[0, ..., self._middle] - natural[1:, ..., self._middle]
        horizons = {
            ahead: {
                metric: self._band(natural[0, row, column], moved[:, row, column]) for column, metric in enumerate(inputs.METRICS)
            }
            for row, ahead in enumerate(inputs.HORIZONS)
        }
        return Engagement(horizons, self.shares(values).mean(axis=0), attention)

    def occluded(self, rows: Array, norms: Norms) -> tuple[Array, Array]:
        """Quantiles (1 + MINUTES, horizons, metrics, quantiles) of a window as it is and with each of its minutes in turn as usual in the
        channel (occlusion, Zeiler and Fergus 2014), and the attention (MINUTES,) to it as it is; minutes outside the stream change
        nothing. One run of the graph."""
        shown = np.repeat(rows[None], 1 + inputs.MINUTES, axis=0)
        each = np.arange(inputs.MINUTES)
        shown[1 + each, each] = inputs.as_usual(rows, norms)
        repeated = (np.repeat(part[None], len(shown), axis=0) for part in (norms.fast, norms.slow, norms.spread))
        values, attention = self.quantiles_of(inputs.prepare(shown, Norms(*repeated)))
        values[1:][rows[:, features.INDEX["in_stream"]] <= 0] = values[0]
        return values, attention[0]

    def shares(self, values: Array) -> Array:
        """How much each minute moves the median of log messages, of such quantiles, as shares that sum to 1: (horizons, MINUTES)."""
        moved = np.abs(values[0, :, _MESSAGES, self._middle] - values[1:, :, _MESSAGES, self._middle]).T
        return moved / np.maximum(moved.sum(axis=1, keepdims=True), _LEAST_MOVEMENT)

    def quantiles_of(self, prepared: inputs.Prepared, corrected: bool = True) -> tuple[Array, Array]:
        """Quantiles (n, horizons, metrics, quantiles) in the units of the targets (`engagement_inputs.METRICS`), never falling along the
        quantiles, and attention (n, MINUTES)."""
        residuals, attention = self._session.run(
            ["quantiles", "attention"], {"window": prepared.window, "context": prepared.context, "present": prepared.present}
        )
        return read_answer(residuals, prepared, self.correction if corrected else None), np.asarray(attention, dtype=np.float64)

    def _band(self, values: Array, moved: Array) -> dict[str, Any]:
        named = {f"{quantile:g}": float(value) for quantile, value in zip(self.quantiles, values, strict=True)}
        return {"median": float(values[self._middle]), "quantiles": named, "moved_by": [round(float(each), 4) for each in moved]}


def read_answer(residuals: Array, prepared: inputs.Prepared, correction: Array | None) -> Array:
    """The network's residuals as quantiles in the targets' units; `correction` (horizons, metrics, quantiles) comes from calibration."""
    shifted = np.asarray(residuals, dtype=np.float64) + (0.0 if correction is None else correction)
    return np.sort(prepared.baseline[..., None] + prepared.scale[..., None] * shifted, axis=-1)


def _numbers(facts: dict[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    try:
        values = np.array(cast("list[Any]", facts.get(name)), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadBundle(f"{FACTS}: {name} must be numbers") from error
    fits = values.ndim == len(shape) and all(want in (-1, have) for want, have in zip(shape, values.shape, strict=True))
    if not fits or not values.size or not np.isfinite(values).all():
        raise BadBundle(f"{FACTS}: {name} must be finite numbers of shape {shape}")
    return values


def _session(file: Path) -> Any:
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise NotReady("onnxruntime is not installed; install the extra `cpu` or `gpu`") from error
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(str(file), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BadBundle(f"{file.name} is no model that onnxruntime can load") from error
