"""Segments of an audience: DBSCAN over what viewers do, in words, with ids that last.

Features (`viewer_features`): messages in a stream, streams, days since the last message (logarithms), and, with a third of their
weight, length, shares of emotes, questions and mentions, sentiment, toxicity. Shares and means of viewers with few messages are drawn
to the audience's by `PRIOR_MESSAGES` pseudo-messages, so that a single question does not make a questioner. Scales are robust: median
and interquartile range, cut at three.

Above `SAMPLE` viewers those with the smallest hashes of their names are clustered, the same ones every time as long as they are there;
the others get the segment of the nearest core viewer within the radius. Viewers in no segment are reported as such.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hikari.analytics.density import agreement, density_groups
from hikari.analytics.profiles import DAY_S, Profile
from hikari.analytics.stable_ids import jaccard, keep_ids
from hikari.errors import BadInput, BadStore

SAMPLE = 2000
MIN_SAMPLES = 10
PRIOR_MESSAGES = 5.0
STYLE_WEIGHT = 0.35
CUT = 3.0
TELLING = 0.6
"""How many robust deviations a segment's median must lie from the audience's to be named."""
STATE_VERSION = 1

FEATURES = ("talk", "visits", "absence", "length", "emotes", "questions", "mentions", "sentiment", "toxicity")
_HABITS = 3
_NOUNS = {"visits": ("regulars", "newcomers"), "absence": ("viewers long gone", "recent viewers")}
_TRAITS = {
    "talk": ("who talk much", "who say little"),
    "absence": ("not seen lately", "seen lately"),
    "length": ("in long messages", "in short messages"),
    "emotes": ("with many emotes", "with few emotes"),
    "questions": ("asking questions", "rarely asking"),
    "mentions": ("addressing others", "rarely addressing others"),
    "sentiment": ("in a good mood", "in a bad mood"),
    "toxicity": ("often toxic", "rarely toxic"),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of viewers: its label, size, share of all viewers, and medians of the features in robust deviations."""

    id: int
    label: str
    viewers: int
    share: float
    profile: dict[str, float]


@dataclass(frozen=True, slots=True)
class Audience:
    """The segments, largest first; `noise_share` of the viewers are in none.

    `stability` (resampling) and `agreement` (with the last refresh, None at first) are adjusted Rand indices.
    """

    segments: tuple[Segment, ...]
    viewers: int
    noise_share: float
    stability: float
    agreement: float | None
    eps: float


class Audiences:
    """The segments of one channel across refreshes. `refresh` is heavy (about a second): not for the path of a message."""

    def __init__(self, seed: int = 0) -> None:
        self.audience: Audience | None = None
        self._seed = seed
        self._next_id = 0
        self._members: dict[int, int] = {}
        """Hash of a sampled viewer's name -> segment id, -1 for none."""
        self._assigned: dict[str, int] = {}

    def refresh(self, profiles: Mapping[str, Profile], now: float) -> Audience:
        """Work the segments out anew. Raises `BadInput` for a time that is not finite."""
        if not np.isfinite(now):
            raise BadInput("now must be finite epoch seconds", field="now")
        names = [name for name, profile in profiles.items() if profile.messages]
        keys = {name: name_hash(name) for name in names}
        names.sort(key=lambda name: (keys[name], name))
        points, shown = scaled(viewer_features([profiles[name] for name in names], now))
        sample = points[:SAMPLE]
        # One of two or three viewers is no crowd, however few there are.
        found = density_groups(_distances(sample, sample), max(3, min(MIN_SAMPLES, len(sample) // 5)), self._seed)
        labels = np.concatenate(
            [found.labels, _nearest(points[SAMPLE:], sample[found.cores], found.labels[found.cores], found.eps)]
        )
        groups = int(found.labels.max(initial=-1)) + 1
        ids, next_id = self._keep_ids([keys[name] for name in names[:SAMPLE]], found.labels, groups)
        assigned: dict[str, int] = {
            name: ids[label] if label >= 0 else -1 for name, label in zip(names, labels.tolist(), strict=True)
        }
        members: dict[int, int] = {keys[name]: assigned[name] for name in names[:SAMPLE]}
        shared = [key for key in members if key in self._members]
        same = agreement(np.array([members[key] for key in shared]), np.array([self._members[key] for key in shared]))
        told = {ids[group]: np.median(shown[labels == group], axis=0) for group in range(groups)}
        names_of = segment_labels(told)
        sizes = {ids[group]: int((labels == group).sum()) for group in range(groups)}
        segments = [
            Segment(one, names_of[one], sizes[one], sizes[one] / len(names), dict(zip(FEATURES, told[one].tolist(), strict=True)))
            for one in sorted(sizes, key=lambda key: (-sizes[key], key))
        ]
        noise = float((labels < 0).mean()) if len(labels) else 0.0
        self._next_id, self._members, self._assigned = next_id, members, assigned
        self.audience = Audience(tuple(segments), len(names), noise, found.stability, same if shared else None, found.eps)
        return self.audience

    def segment_of(self, name: str) -> Segment | None:
        """The viewer's segment as of the last refresh, None for none or unknown."""
        wanted = self._assigned.get(name, -1)
        return next((one for one in self.audience.segments if one.id == wanted), None) if self.audience and wanted >= 0 else None

    def forget(self, name: str) -> None:
        """Remove the viewer; the numbers of the last refresh stay."""
        self._assigned.pop(name, None)
        self._members.pop(name_hash(name), None)

    def _keep_ids(self, keys: Sequence[int], labels: NDArray[np.int64], groups: int) -> tuple[list[int], int]:
        known = self._members.keys() & set(keys)
        old_ids = sorted({one for one in self._members.values() if one >= 0})
        # Only viewers of both refreshes can tell which groups are the same.
        old = [{key for key in known if self._members[key] == one} for one in old_ids]
        new = [
            {key for key, label in zip(keys, labels.tolist(), strict=True) if label == group and key in known}
            for group in range(groups)
        ]
        affinity = np.array([[jaccard(one, other) for other in new] for one in old], np.float64).reshape(len(old), groups)
        return keep_ids(affinity, old_ids, self._next_id)

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack: ids, members and the last answer."""
        return {
            "v": STATE_VERSION,
            "seed": self._seed,
            "next_id": self._next_id,
            "members": [[key, one] for key, one in self._members.items()],
            "assigned": dict(self._assigned),
            "audience": asdict(self.audience) | {"segments": [asdict(one) for one in self.audience.segments]}
            if self.audience
            else None,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The segments that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"audiences have version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(int(state["seed"]))
            made._next_id = int(state["next_id"])
            made._members = {int(key): int(one) for key, one in state["members"]}
            made._assigned = {str(name): int(one) for name, one in state["assigned"].items()}
            if state["audience"] is not None:
                segments = tuple(Segment(**one) for one in state["audience"]["segments"])
                values: dict[str, Any] = {**state["audience"], "segments": segments}
                made.audience = Audience(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadStore("the audiences are damaged") from error
        return made


def viewer_features(profiles: Sequence[Profile], now: float) -> NDArray[np.float64]:
    """`FEATURES` of each viewer, (n, 9), unscaled; every profile has a message."""
    totals = {name: sum(getattr(one, name) for one in profiles) for name in ("messages", "emotes", "questions", "mentions")}
    sentiments, toxicities = sum(one.sentiments for one in profiles), sum(one.toxicities for one in profiles)
    mood = sum(one.sentiment_sum for one in profiles) / max(sentiments, 1)
    harm = sum(one.toxicity_sum for one in profiles) / max(toxicities, 1)

    def share(one: Profile, name: str) -> float:
        usual = totals[name] / max(totals["messages"], 1)
        return (getattr(one, name) + PRIOR_MESSAGES * usual) / (one.messages + PRIOR_MESSAGES)

    rows = [
        (
            np.log2(1 + one.messages / max(one.streams, 1)),
            np.log2(max(one.streams, 1)),
            np.log2(1 + max(now - one.last_seen, 0.0) / DAY_S),
            np.log2(1 + one.mean_length),
            share(one, "emotes"),
            share(one, "questions"),
            share(one, "mentions"),
            (one.sentiment_sum + PRIOR_MESSAGES * mood) / (one.sentiments + PRIOR_MESSAGES),
            (one.toxicity_sum + PRIOR_MESSAGES * harm) / (one.toxicities + PRIOR_MESSAGES),
        )
        for one in profiles
    ]
    return np.array(rows, np.float64).reshape(len(rows), len(FEATURES))


def scaled(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points for clustering (weighted), and the same in robust deviations from the median, cut at `CUT`; both (n, 9)."""
    if not len(features):
        return features, features
    low, middle, high = np.quantile(features, [0.25, 0.5, 0.75], axis=0)
    # Where most viewers share one value, the quartiles coincide: the standard deviation keeps the others from being infinitely far.
    spread = np.maximum((high - low) / 1.349, 0.5 * features.std(axis=0))
    shown = np.clip((features - middle) / np.where(spread > 1e-9, spread, 1.0), -CUT, CUT)
    weights = np.where(np.arange(len(FEATURES)) < _HABITS, 1.0, STYLE_WEIGHT)
    return shown * weights, shown


def segment_labels(medians: Mapping[int, NDArray[np.float64]]) -> dict[int, str]:
    """Plain words for each segment, from what stands out; no two are alike."""
    labels: dict[int, str] = {}
    for one, values in medians.items():
        named = {name: float(value) for name, value in zip(FEATURES, values, strict=True)}
        label = _words(named, 2)
        for traits in range(3, len(FEATURES) + 1):
            if label not in labels.values():
                break
            label = _words(named, traits)
        labels[one] = label if label not in labels.values() else f"{label} (group {one})"
    return labels


def _words(values: Mapping[str, float], traits: int) -> str:
    nouns = sorted(_NOUNS, key=lambda name: -abs(values[name]))
    telling = nouns[0] if abs(values[nouns[0]]) >= TELLING else None
    noun = _NOUNS[telling][values[telling] < 0] if telling else "viewers"
    ranked = [
        name for name in sorted(_TRAITS, key=lambda name: -abs(values[name])) if name != telling and abs(values[name]) >= TELLING
    ]
    return " ".join(
        [noun, ", ".join(_TRAITS[name][values[name] < 0] for name in ranked[:traits]) or ("like most" if not telling else "")]
    ).strip()


def name_hash(name: str) -> int:
    """63 bits that stand for a name, the same in every process."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def _distances(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float32]:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2.0 * one @ other.T
    return np.sqrt(np.maximum(squares, 0.0)).astype(np.float32)


def _nearest(
    points: NDArray[np.float64], cores: NDArray[np.float64], labels: NDArray[np.int64], eps: float, block: int = 4096
) -> NDArray[np.int64]:
    """The label of the nearest core within the radius, else -1; in blocks, so that memory stays flat."""
    found = np.full(len(points), -1, np.int64)
    if not len(cores):
        return found
    for start in range(0, len(points), block):
        distances = _distances(points[start : start + block], cores)
        nearest = distances.argmin(axis=1)
        close = distances[np.arange(len(distances)), nearest] <= eps * (1 + 1e-6)
        found[start : start + block] = np.where(close, labels[nearest], -1)
    return found
