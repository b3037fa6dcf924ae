"""Recorded streams as the engagement model learns from them: windows, the channel's norms as of each minute, and what came after.

Each minute of a stream is one row; what is asked of a row (window, norms) is from its past, what is to be predicted from its future.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from hikari import fingerprint
from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.engagement_norms import ChannelNorms, Norms
from hikari.analytics.minutes import MINUTE_S
from training.engagement_mood import NAME, lexicon_mood
from training.feature_files import StreamFeatures
from training.public_data import PublicDataError
from training.streams import RecordedStream, Scorer, feature_set, read_streams

Array = np.ndarray
Batch = dict[str, torch.Tensor]
PAD = inputs.MINUTES - 1
EVALUATED_FROM = 30
"""Minutes into the stream from which on predictions are judged: the window then holds complete minutes of this stream alone."""
_SINCE = features.INDEX["minutes_since_start"]
_IN_STREAM = features.INDEX["in_stream"]


@dataclass(frozen=True)
class Recordings:
    """Streams with their features, and the distinct chatters of the next minutes: (minutes, horizons) for each stream."""

    streams: list[StreamFeatures]
    chatters: list[Array]


@dataclass(frozen=True)
class Table:
    """All minutes of some streams, each stream behind `PAD` absent ones.

    `rows` (n, features), `fast`, `slow`, `spread` (n, tracked), `targets` (n, horizons, metrics; NaN where unknown),
    `elapsed` (n,) minutes into the stream or -1 for padding, `stream` (n,) the number of the stream in `streams`.
    """

    streams: list[StreamFeatures]
    rows: Array
    fast: Array
    slow: Array
    spread: Array
    targets: Array
    elapsed: Array
    stream: Array

    def windows(self, at: Array) -> Array:
        """The feature rows before and at each of `at`: (n, MINUTES, features), what `features.rows` would have answered then."""
        return _windows(self.rows, self.elapsed, at)

    def prepared(self, at: Array) -> inputs.Prepared:
        """The model's inputs at these minutes."""
        return inputs.prepare(self.windows(at), Norms(self.fast[at], self.slow[at], self.spread[at]))

    def residuals(self, at: Array, prepared: inputs.Prepared) -> Array:
        """The targets as the model answers them: differences to the baseline in units of the scale."""
        return (self.targets[at] - prepared.baseline) / prepared.scale

    def minutes(self, streams: Sequence[int], from_minute: int, horizon: int = inputs.HORIZONS[0]) -> Array:
        """Where the given streams are at least `from_minute` old and the next `horizon` minutes are recorded whole."""
        known = np.isfinite(self.targets[:, inputs.HORIZONS.index(horizon), 0])
        return np.flatnonzero(np.isin(self.stream, np.asarray(streams)) & (self.elapsed >= from_minute) & known)


def read(path: Path, cache: Path | None, score: Scorer | None = lexicon_mood) -> Recordings:
    """Everything under `path`, by default scored by the lexicons. Raises `PublicDataError`."""
    streams = feature_set(path, cache, score=score, score_name=NAME if score is lexicon_mood else "")
    if not streams:
        raise PublicDataError(f"{path} holds no stream that lasts a minute")
    key = fingerprint.of_value([[each.channel, each.stream_id, len(each.matrix)] for each in streams])[:16]
    kept = None if cache is None else cache / f"chatters-{key}.npy"
    if kept is not None and kept.is_file():
        flat = np.load(kept, allow_pickle=False)
    else:
        found = {(each.channel, each.stream_id): each for each in streams}
        counts: dict[tuple[str, str], Array] = {}
        for recorded in read_streams(path):
            own = found.get((recorded.channel, recorded.stream_id))
            if own is not None:
                counts[own.channel, own.stream_id] = chatters_ahead(recorded, own.first_minute, len(own.matrix))
        flat = np.concatenate([counts[each.channel, each.stream_id] for each in streams])
        if kept is not None:
            np.save(kept, flat)
    ends = np.cumsum([len(each.matrix) for each in streams])
    return Recordings(streams, np.split(flat, ends[:-1]))


def chatters_ahead(stream: RecordedStream, first_minute: int, minutes: int) -> Array:
    """Distinct chatters of the 1, 5 and 15 minutes after each minute: float64 (minutes, horizons), of what there is near the end."""
    pairs = sorted({(event.username, int(event.timestamp // MINUTE_S) - first_minute) for event in stream.events})
    at = np.array([minute for _, minute in pairs], dtype=np.int64)
    same = np.array([False, *(left[0] == right[0] for left, right in pairwise(pairs))][: len(at)], dtype=bool)
    before = np.where(same, np.roll(at, 1), -1) if len(at) else at
    counts = np.zeros((minutes + 1, len(inputs.HORIZONS)))
    for column, ahead in enumerate(inputs.HORIZONS):
        # A chatter is ahead of the minutes [at - ahead, at - 1]; those that an earlier message of theirs covers are not counted again.
        start = np.clip(np.maximum(at - ahead, before), 0, minutes)
        np.add.at(counts[:, column], start, 1.0)
        np.add.at(counts[:, column], np.clip(at, 0, minutes), -1.0)
    return counts.cumsum(axis=0)[:minutes]


def priors(streams: Sequence[StreamFeatures]) -> tuple[Array, Array]:
    """Mean and spread of what is tracked over all minutes: what a channel without a past starts from."""
    rows, elapsed, _stream = _stacked(streams)
    seen = _observed(rows, elapsed)[elapsed >= 0]
    known = np.asarray(np.isfinite(seen).any(axis=0))
    mean, spread = np.zeros(seen.shape[1]), np.ones(seen.shape[1])
    mean[known], spread[known] = np.nanmean(seen[:, known], axis=0), np.nanstd(seen[:, known], axis=0)
    mean[-1] = mean[-1] if known[-1] else inputs.USUAL_SURPRISE  # recordings of a few minutes have no surprise
    return mean, np.maximum(spread, 0.05)


def tabulate(recordings: Recordings, prior: tuple[Array, Array]) -> Table:
    """The table of the recordings; every channel's norms run through its streams in the order of time."""
    order = sorted(range(len(recordings.streams)), key=lambda number: _place(recordings.streams[number]))
    streams = [recordings.streams[number] for number in order]
    rows, elapsed, stream = _stacked(streams)
    seen = _observed(rows, elapsed)
    past = np.zeros((3, len(rows), len(inputs.TRACKED)))
    targets = np.full((len(rows), len(inputs.HORIZONS), len(inputs.METRICS)), np.nan)
    channels: dict[str, ChannelNorms] = {}
    begin = PAD
    for each, chatters in zip(streams, [recordings.chatters[number] for number in order], strict=True):
        targets[begin : begin + len(each.matrix)] = _targets(each.matrix, chatters)
        norms = channels.setdefault(each.channel, ChannelNorms(*prior))
        for place in range(begin, begin + len(each.matrix)):
            if elapsed[place] >= 0:
                norms.update(seen[place])
            snapshot = norms.snapshot()
            past[:, place] = snapshot.fast, snapshot.slow, snapshot.spread
        begin += len(each.matrix) + PAD
    return Table(streams, rows, past[0], past[1], past[2], targets, elapsed, stream)


def _stacked(streams: Sequence[StreamFeatures]) -> tuple[Array, Array, Array]:
    """`rows`, `elapsed` and `stream` of a `Table`."""
    total = sum(len(each.matrix) + PAD for each in streams)
    rows = np.tile(features.ABSENT, (total, 1))
    elapsed, stream = np.full(total, -1), np.full(total, -1)
    begin = PAD
    for number, each in enumerate(streams):
        part = slice(begin, begin + len(each.matrix))
        rows[part] = each.matrix
        elapsed[part] = np.where(each.matrix[:, _IN_STREAM] > 0, each.matrix[:, _SINCE], -1)
        stream[part] = number
        begin += len(each.matrix) + PAD
    return rows, elapsed, stream


def _windows(rows: Array, elapsed: Array, at: Array) -> Array:
    found = rows[at[:, None] + np.arange(-PAD, 1)]
    outside = elapsed[at][:, None] + np.arange(-PAD, 1) < 0
    found[outside] = features.ABSENT
    return found


def _observed(rows: Array, elapsed: Array, size: int = 4096) -> Array:
    """What the norms take in of every row; the padding before the first stream has no window and is left NaN."""
    out = np.full((len(rows), len(inputs.TRACKED)), np.nan)
    at = np.flatnonzero(elapsed >= 0)
    for begin in range(0, len(at), size):
        chosen = at[begin : begin + size]
        out[chosen] = inputs.observed(_windows(rows, elapsed, chosen))
    return out


def _targets(matrix: Array, chatters: Array) -> Array:
    """(minutes, horizons, metrics): what the minutes after each one bring; NaN where the recording ends before."""
    messages = matrix[:, features.INDEX["messages"]]
    mood = matrix[:, features.INDEX["mean_sentiment"]]
    scored = np.where(np.isfinite(mood), messages * matrix[:, features.INDEX["sentiment_known"]], 0.0)
    totals = [np.concatenate([[0.0], np.cumsum(each)]) for each in (messages, scored, scored * np.nan_to_num(mood))]
    out = np.full((len(matrix), len(inputs.HORIZONS), len(inputs.METRICS)), np.nan)
    for column, ahead in enumerate(inputs.HORIZONS):
        at = np.arange(len(matrix) - ahead)
        sums = [total[at + 1 + ahead] - total[at + 1] for total in totals]
        out[at, column, 0] = np.log1p(sums[0])
        out[at, column, 1] = np.log1p(chatters[at, column])
        out[at, column, 2] = np.where(sums[1] > 0, sums[2] / np.maximum(sums[1], 1e-9), np.nan)
    return out


def _place(stream: StreamFeatures) -> tuple[str, int, str]:
    return stream.channel, stream.first_minute, stream.stream_id


class EveryFew(Sampler[int]):
    """Every `step`-th of the minutes in random order, beginning elsewhere in every epoch: neighbours hardly differ."""

    def __init__(self, count: int, step: int, seed: int) -> None:
        self._count, self._step, self._random = count, step, np.random.default_rng(seed)

    def __len__(self) -> int:
        return (self._count + self._step - 1) // self._step

    def __iter__(self) -> Iterator[int]:
        chosen = (np.arange(len(self)) * self._step + self._random.integers(self._step)) % self._count
        return iter(self._random.permutation(chosen).tolist())


class EngagementData(lightning.LightningDataModule):
    """Batches of a table: `train` and `dev` are the minutes to learn from and to choose the epoch by."""

    def __init__(self, table: Table, train: Array, dev: Array, batch_size: int, step: int, seed: int) -> None:
        super().__init__()
        self._table, self._minutes, self._batch_size = table, {"train": train, "dev": dev[::step]}, batch_size
        self._sampler = EveryFew(len(train), step, seed)

    def train_dataloader(self) -> Any:
        return self._loader("train", self._sampler)

    def val_dataloader(self) -> Any:
        return self._loader("dev", None)

    def _loader(self, split: str, sampler: Sampler[int] | None) -> Any:
        minutes = self._minutes[split]
        dataset: Any = minutes
        return DataLoader(dataset, self._batch_size, sampler=sampler, collate_fn=lambda at: batch(self._table, np.array(at)))


def batch(table: Table, at: Array) -> Batch:
    """Tensors of these minutes: the network's three inputs, `target` (n, horizons, metrics) as it answers, and `unit` of the same shape,
    what a difference of 1 is in the figures that are reported: for counts the scale, for sentiment, whose scale is the scorer's, 1."""
    prepared = table.prepared(at)
    target = table.residuals(at, prepared).astype(np.float32)
    unit = prepared.scale.astype(np.float32)
    unit[:, :, inputs.METRICS.index("mean_sentiment")] = 1.0
    arrays = {"window": prepared.window, "context": prepared.context, "present": prepared.present, "target": target, "unit": unit}
    return {name: torch.from_numpy(values) for name, values in arrays.items()}
