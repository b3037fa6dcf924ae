"""Pre-training task: the engagement network on real streams, `python -m training.pretrain task=engagement`.

Whole streams are held out by time, the newest of every channel: `dev` chooses the epoch, `test` is only reported. Once more everything
is learned without one channel, which is then reported as the channel that nobody has seen; what is released has learned from all
channels. A quarter of an hour of one processor, no GPU.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from hikari.analytics.engagement import read_answer
from hikari.analytics.engagement_inputs import Prepared
from training import engagement_card, engagement_judge, engagement_metrics, repro, tracking
from training.engagement_boosting import Boosting
from training.engagement_data import EVALUATED_FROM, EngagementData, Recordings, Table, priors, read, tabulate
from training.engagement_export import Calibrated, answers, export
from training.engagement_fit import fit
from training.engagement_module import EngagementModule, LearningConfig
from training.engagement_network import HEADS, Architecture, EngagementEnsemble
from training.feature_files import StreamFeatures
from training.public_data import PublicDataError, PublicSetConfig, public_file
from training.schema import Fraction, Name, Positive, Seed, TrackingConfig, TrainerConfig, closed

Array = np.ndarray
Figures = dict[str, Any]
ROLES = ("train", "dev", "test")


@closed
@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    hidden: Positive
    members: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...]

    def __post_init__(self) -> None:
        if self.hidden % HEADS:
            raise ValueError(f"hidden must be a multiple of the {HEADS} attention heads, got {self.hidden}")
        if 0.5 not in self.quantiles or sorted(set(self.quantiles)) != list(self.quantiles):
            raise ValueError(f"quantiles must rise and hold 0.5, got {self.quantiles}")


@closed
@dataclass(frozen=True)
class EngagementConfig:
    """`conf/task/engagement.yaml`: the data, the network and how it learns."""

    name: Literal["engagement"]
    public: PublicSetConfig
    cache: Name | None
    """Folder that keeps the features of the recordings: a million messages take minutes to replay."""
    dev_share: Fraction
    test_share: Fraction
    """Of each channel's streams; test are the newest, dev those before."""
    unseen_channel: Name | None
    """Left out in a second run of training, for the figure of a channel that nobody has seen."""
    from_minute: Positive
    """Minutes into a stream from which on it is learned from."""
    every: Positive
    """Of the minutes, one in so many is seen in an epoch."""
    batch_size: Positive
    network: NetworkConfig
    learning: LearningConfig
    trainer: TrainerConfig
    ablations: bool
    """Train single networks without attention and without LSTM, and gradient boosting, for the table of what each part is worth."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        if self.dev_share <= 0 or self.test_share <= 0 or self.dev_share + self.test_share >= 1:
            raise ValueError("dev_share and test_share must be above 0 and leave something to learn from")


@closed
@dataclass(frozen=True)
class PretrainEngagementConfig:
    """`conf/pretrain.yaml` with this task."""

    seed: Seed
    output: Name
    """Folder for the released bundle; its card lies beside it."""
    task: EngagementConfig


def pretrain(config: PretrainEngagementConfig) -> Figures:
    """See `train`."""
    return train(config.task, config.seed, config.output)


def train(config: EngagementConfig, seed: int, output: str) -> Figures:
    """Learn, calibrate, measure, write the bundle and its card; returns the figures. Raises `PublicDataError`."""
    folders = {public_file(config.public, part).parent for part in config.public.files}
    if len(folders) != 1:
        raise PublicDataError(f"the files of {config.public.name} must lie in one folder")
    recordings = read(folders.pop(), None if config.cache is None else Path(config.cache))
    hashes = {part: file.sha256 for part, file in config.public.files.items()}
    run = tracking.start(config.tracking, f"engagement-{seed}", repro.tags(hashes, seed))
    run.parameters(dataclasses.asdict(config))
    roles = split(recordings.streams, config.dev_share, config.test_share)
    trained, table, history = learn(config, recordings, roles, seed, run)
    test = table.minutes(_with(roles, table, "test"), EVALUATED_FROM, 5)
    figures: Figures = {"test": measure(trained, table, test), "history": history}
    if config.unseen_channel is not None:
        figures["unseen_channel"] = _unseen(config, recordings, seed, config.unseen_channel)
    if config.ablations:
        figures["ablations"] = ablations(config, recordings, roles, seed)
    source = {"name": config.public.name, "url": config.public.url, "licence": config.public.licence, "sha256": hashes}
    sample = table.prepared(test[:: max(1, len(test) // 500)])
    bundle = export(
        trained,
        sample,
        Path(output),
        version=config.version,
        parents={"data": config.public.name},
        figures=figures,
        data=source,
        seed=seed,
    )
    card = engagement_card.render(bundle.manifest, {role: len(_with(roles, table, role)) for role in ROLES})
    Path(output).with_name(f"{Path(output).name}.md").write_text(card, encoding="utf-8")
    flat = tracking.flatten({name: figures[name] for name in ("test", "unseen_channel") if name in figures})
    run.metrics({name: value for name, value in flat.items() if isinstance(value, int | float)})
    run.text(json.dumps(figures, indent=2), "figures.json")
    run.file(Path(output), "bundle")
    run.end()
    return {"output": output, "fingerprint": bundle.fingerprint, **figures}


def split(streams: Sequence[StreamFeatures], dev_share: float, test_share: float) -> dict[tuple[str, str], str]:
    """The role of each stream by channel and id: of each channel the newest are `test`, those before `dev`, the rest `train`."""
    roles: dict[tuple[str, str], str] = {}
    for channel in sorted({each.channel for each in streams}):
        own = sorted((each for each in streams if each.channel == channel), key=lambda each: (each.first_minute, each.stream_id))
        for number, each in enumerate(own):
            left = (len(own) - number) / len(own)
            roles[each.channel, each.stream_id] = (
                "test" if left <= test_share else "dev" if left <= test_share + dev_share else "train"
            )
    return roles


def learn(
    config: EngagementConfig,
    recordings: Recordings,
    roles: dict[tuple[str, str], str],
    seed: int,
    run: tracking.Run,
    table: Table | None = None,
    **changes: Any,
) -> tuple[Calibrated, Table, list[dict[str, float]]]:
    """Train a network (`changes` to its architecture) on the train streams and calibrate it; also its table."""
    repro.seed_everything(seed, config.trainer.deterministic)
    prior = _prior(recordings, roles)
    if table is None:
        table = tabulate(recordings, prior)
    minutes = table.minutes(_with(roles, table, "train"), config.from_minute)
    dev = table.minutes(_with(roles, table, "dev"), EVALUATED_FROM, 5)
    if not len(minutes) or not len(dev):
        raise PublicDataError("too few or too short streams: none is left to learn from or to calibrate on")
    sizes = {**dataclasses.asdict(config.network), **changes}
    network = EngagementEnsemble(Architecture(**sizes))
    data = EngagementData(table, minutes, dev, config.batch_size, config.every, seed)
    history = fit(EngagementModule(network, config.learning), data, config.trainer, config.learning.gradient_clip, run)
    # The dev streams alone are a few weeks, calmer or wilder than others: the intervals are set by all that is not tested.
    known = table.minutes([*_with(roles, table, "train"), *_with(roles, table, "dev")], EVALUATED_FROM, 5)[:: config.every]
    return Calibrated(network, prior, calibrate(network, table, known)), table, history.rows


def calibrate(network: EngagementEnsemble, table: Table, at: Array) -> Array:
    """The conformal correction on these minutes, in the network's units."""
    parts = []
    for begin in range(0, len(at), engagement_judge.BATCH):
        chosen = at[begin : begin + engagement_judge.BATCH]
        prepared = table.prepared(chosen)
        parts.append((answers(network, prepared)[0], table.residuals(chosen, prepared)))
    residuals, targets = (np.concatenate([part[place] for part in parts]) for place in range(2))
    return engagement_metrics.conformal(residuals, targets, np.array(network.architecture.quantiles))


def predictor(network: EngagementEnsemble, correction: Array | None) -> engagement_judge.Predict:
    """The network as a function, with or without a conformal correction."""

    def predict(prepared: Prepared) -> tuple[Array, Array]:
        residuals, attention = answers(network, prepared)
        return read_answer(residuals, prepared, correction), attention

    return predict


def measure(trained: Calibrated, table: Table, at: Array) -> Figures:
    """Figures of a network beside the simple forecasts, at these minutes."""
    made = engagement_judge.forecast(predictor(trained.network, trained.correction), table, at)
    return engagement_judge.figures(made, table, np.array(trained.network.architecture.quantiles))


def _unseen(config: EngagementConfig, recordings: Recordings, seed: int, channel: str) -> Figures:
    """Learn from the other channels alone and measure on every stream of `channel`."""
    others = [each for each in recordings.streams if each.channel != channel]
    if not others or len(others) == len(recordings.streams):
        raise PublicDataError(f"there is no channel {channel!r} beside others")
    trained, table, _history = learn(config, recordings, split(others, config.dev_share, config.test_share), seed, tracking.Run())
    own = [number for number, each in enumerate(table.streams) if each.channel == channel]
    return {"channel": channel, **measure(trained, table, table.minutes(own, EVALUATED_FROM, 5))}


def ablations(config: EngagementConfig, recordings: Recordings, roles: dict[tuple[str, str], str], seed: int) -> Figures:
    """MAE of log messages in the next five minutes on the test streams: single networks, whole and in part, that see half
    of the minutes in an epoch, and gradient boosting, which sees all of them."""
    kinds = {"single": {}, "without_attention": {"attention": False}, "without_lstm": {"recurrent": False}}
    out: Figures = {}
    table = None
    config = dataclasses.replace(config, every=2 * config.every)
    for name, change in kinds.items():
        trained, table, _history = learn(config, recordings, roles, seed, tracking.Run(), table, members=1, **change)
        test = table.minutes(_with(roles, table, "test"), EVALUATED_FROM, 5)
        out[name] = measure(trained, table, test)["messages_5"]["network"]
    return {**out, **boosting(config, recordings, roles, seed)}


def boosting(config: EngagementConfig, recordings: Recordings, roles: dict[tuple[str, str], str], seed: int) -> Figures:
    """The same figure of gradient boosting and of the simple forecasts."""
    table = tabulate(recordings, _prior(recordings, roles))
    train, test = (table.minutes(_with(roles, table, role), EVALUATED_FROM, 5) for role in ("train", "test"))
    boosted = Boosting(table, train, seed).predict(table, test)
    forecasts = {**engagement_metrics.simple_forecasts(table.windows(test)), "gradient_boosting": boosted}
    return engagement_metrics.compare(forecasts, table.targets[test])


def _prior(recordings: Recordings, roles: dict[tuple[str, str], str]) -> tuple[Array, Array]:
    return priors([each for each in recordings.streams if roles.get((each.channel, each.stream_id)) == "train"])


def _with(roles: dict[tuple[str, str], str], table: Table, role: str) -> list[int]:
    return [number for number, each in enumerate(table.streams) if roles.get((each.channel, each.stream_id)) == role]
