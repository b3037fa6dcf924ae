"""Many public sets as one table: no text twice, nothing of a dev set in the training rows, sets without a split split by content.

frames = build(sets, corpus_folder)     # {"train": ..., "dev": ...}, columns as `training.prepare` writes them, and `source`
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import TASKS, Task
from training import corpus, swaps
from training.prepare import target_columns
from training.public_data import PublicSetConfig, open_text, public_file
from training.public_text import GOEMOTIONS, READERS, TWEET_EMOTION, Message, each_of, one_of

AUXILIARY = (
    Task("goemotions", GOEMOTIONS, "sigmoid"),
    Task("tweet_emotion", TWEET_EMOTION, "softmax"),
    Task("irony", ("irony",), "sigmoid"),
    Task("hate", ("hate",), "sigmoid"),
)
"""Heads that only teach the encoder: their taxonomies are not served."""
HELD_OUT = {"toxic_spans": 0.15, "davidson": 0.05, "gametox": 0.08, "twitch_sentiment_labels": 0.5}
"""Share of a set that has no split of its own which becomes its dev set."""
CORPUS = "hikari_corpus"

_SWAPS = 3
"""Rows of a template of `training.swaps`, as many as `conf/prepare.yaml` takes."""
_NOISE = re.compile(r"https?://\S+|www\.\S+|\bhttp\b|@\w+|[^\w\s]|_", re.UNICODE)


def canonical(text: str) -> str:
    """What two copies of a message have in common: no case, handles, addresses, punctuation or spacing. A text of symbols stays as it is.

    >>> canonical("@mika  So GOOD!! http://t.co/x")
    'so good'
    """
    lowered = text.lower()
    return " ".join(_NOISE.sub(" ", lowered).split()) or " ".join(lowered.split())


def share_of(text: str) -> float:
    """A number in [0, 1) that depends on the canonical text alone, so that a split never moves."""
    return int(hashlib.sha256(canonical(text).encode()).hexdigest()[:8], 16) / 2**32


def read_sets(sets: Sequence[PublicSetConfig]) -> list[Message]:
    """All messages of the sets, in the order of the sets. Raises `PublicDataError`."""
    messages: list[Message] = []
    for public in sets:
        messages += READERS[public.name](
            lambda part, public=public: open_text(public_file(public, part), newline=""), tuple(public.files)
        )
    return messages


def corpus_messages(folder: Path) -> list[Message]:
    """The bundled corpus and its swaps as one more set; test and challenge rows count as dev here, so that they stay out of training."""
    out = []
    for split in (*corpus.SPLITS, corpus.CHALLENGE):
        source = CORPUS if split in ("train", "dev") else f"{CORPUS}_{split}"
        for row in corpus.read_split(split, folder):
            labels = _targets(row.sentiment, row.emotion, set(row.toxicity), row.question)
            out.append(Message(source, "train" if split == "train" else "dev", row.text, labels))
    for swap in swaps.rows(folder, _SWAPS):
        labels = _targets(swap["sentiment"], swap["emotion"], set(swap["toxicity"]), swap["question"])
        out.append(Message(CORPUS, "train", swap["text"], labels))
    return out


def _targets(sentiment: str, emotion: str, toxic: set[str], question: bool) -> dict[str, float]:
    targets = one_of("sentiment", TASKS[0].labels, {sentiment}) | one_of("emotion", TASKS[1].labels, {emotion})
    return targets | each_of("toxicity", toxic, set(TASKS[2].labels) - toxic) | {"question/question": float(question)}


def split_and_merge(messages: Iterable[Message]) -> dict[str, list[Message]]:
    """Train messages without a text twice or in any dev set, and dev messages without a text twice in one set.

    Equal texts of several sets become one message with the targets of all; where two sets judge the same label, the first one counts.
    """
    dev: dict[tuple[str, str], Message] = {}
    candidates: list[tuple[str, Message]] = []
    for message in messages:
        name = canonical(message.text)
        if not name:
            continue
        held_out = message.part is None and share_of(message.text) < HELD_OUT[message.source]
        if message.part == "dev" or held_out:
            dev.setdefault((message.source, name), message)
        else:
            candidates.append((name, message))
    known = {name for _, name in dev}
    train: dict[str, Message] = {}
    for name, message in candidates:
        if name not in known:
            first = train.get(name)
            merged = (
                message if first is None else Message(first.source, "train", first.text, {**message.targets, **first.targets})
            )
            train[name] = merged
    return {"train": list(train.values()), "dev": list(dev.values())}


def to_frame(messages: Sequence[Message], tasks: Sequence[Task]) -> pd.DataFrame:
    """The table that training reads: `source`, `text`, `words` and a column a target, NaN where it is not known."""
    columns = [column for task in tasks for column in target_columns(task)]
    missing = float("nan")
    records = [
        {
            "source": message.source,
            "text": message.text,
            "words": chat_text.read(message.text).words,
            **{column: message.targets.get(column, missing) for column in columns},
        }
        for message in messages
    ]
    return pd.DataFrame.from_records(records, columns=["source", "text", "words", *columns])


def build(sets: Sequence[PublicSetConfig], corpus_folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev tables of the public sets and the bundled corpus. Raises `PublicDataError`."""
    parts = split_and_merge([*corpus_messages(corpus_folder), *read_sets(sets)])
    return {part: to_frame(messages, (*TASKS, *AUXILIARY)) for part, messages in parts.items()}


def without_tests(dev: pd.DataFrame) -> pd.DataFrame:
    """The dev rows without the corpus's test and challenge rows, which stand there only to stay out of training."""
    ours = dev["source"].str.startswith(CORPUS) & (dev["source"] != CORPUS)
    return dev.loc[~ours, :].reset_index(drop=True)


def counts(frames: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, int]]:
    """Rows per part and set."""
    return {part: frame["source"].value_counts().sort_index().to_dict() for part, frame in frames.items()}
