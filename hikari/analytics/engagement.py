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


@dataclass(frozen=True, slots=True)
class Engagement:
    """`horizons`: minutes ahead -> metric -> `{"median": x, "quantiles": {"0.05": x, ...}}`, counts as counts, sentiment -1..1.
    `attention` (MINUTES,): how much each of the last minutes mattered, oldest first, summing to 1."""

    horizons: dict[int, dict[str, dict[str, Any]]]
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
        snapshot = norms.snapshot()
        batched = Norms(snapshot.fast[None], snapshot.slow[None], snapshot.spread[None])
        values, attention = self.quantiles_of(inputs.prepare(rows[None], batched))
        natural = np.concatenate([np.expm1(np.maximum(values[0, :, :2], 0.0)), np.clip(values[0, :, 2:], -1.0, 1.0)], axis=1)
        horizons = {
            ahead: {metric: self._band(natural[row, column]) for column, metric in enumerate(inputs.METRICS)}
            for row, ahead in enumerate(inputs.HORIZONS)
        }
        return Engagement(horizons, attention[0])

    def quantiles_of(self, prepared: inputs.Prepared, corrected: bool = True) -> tuple[Array, Array]:
        """Quantiles (n, horizons, metrics, quantiles) in the units of the targets (`engagement_inputs.METRICS`), never falling along the
        quantiles, and attention (n, MINUTES)."""
        residuals, attention = self._session.run(
            ["quantiles", "attention"], {"window": prepared.window, "context": prepared.context, "present": prepared.present}
        )
        return read_answer(residuals, prepared, self.correction if corrected else None), np.asarray(attention, dtype=np.float64)

    def _band(self, values: Array) -> dict[str, Any]:
        named = {f"{quantile:g}": float(value) for quantile, value in zip(self.quantiles, values, strict=True)}
        return {"median": float(values[self._middle]), "quantiles": named}


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
