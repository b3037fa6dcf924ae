"""Reading the public sets that the text model is pre-trained on: each becomes messages with targets under our label names.

One function a set, from its files to `Message`s. A target that a set does not give is absent, never guessed: the loss leaves it out.
How the labels of each set became ours is said at its function and in its data card (`data/cards`).
"""

import csv
import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import TextIOBase

from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY

Open = Callable[[str], AbstractContextManager[TextIOBase]]
"""The text file of one part of the set (`training.public_data.open_text`)."""

TWEET_EMOTION: tuple[str, ...] = ("anger", "joy", "optimism", "sadness")
GOEMOTIONS: tuple[str, ...] = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire", "disappointment",
    "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy", "love", "nervousness", "optimism",
    "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip
LANGUAGES = ("arabic", "english", "french", "german", "hindi", "italian", "portuguese", "spanish")

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class Message:
    """One labelled message; `part` is `train` or `dev` where the set says so, None where it is split here."""

    source: str
    part: str | None
    text: str
    targets: Mapping[str, float]
    """`task/label` -> 0..1, as in the columns of `training.prepare`; a task of one label out of many names all of its labels."""


def plain(text: str) -> str:
    r"""A tweet without the escapes that its file's makers left in it; copies of one tweet in several sets differ in nothing else.

    >>> plain(r"Rock &amp; roll\u002c again ")
    'Rock & roll, again'
    """
    unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text.strip()).replace('""', '"')
    return html.unescape(unescaped)


def one_of(task: str, labels: tuple[str, ...], chosen: set[str]) -> dict[str, float]:
    """The targets of a one-label task; several chosen labels share the 1.

    >>> one_of("sentiment", ("negative", "neutral", "positive"), {"neutral"})["sentiment/neutral"]
    1.0
    """
    return {f"{task}/{label}": (1.0 / len(chosen) if label in chosen else 0.0) for label in labels}


def each_of(task: str, positive: set[str], negative: set[str]) -> dict[str, float]:
    """The targets of a many-label task, only of the labels that are known."""
    return {f"{task}/{label}": float(label in positive) for label in (*positive, *negative)}


def semeval2017_task4a(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Tweets of 2013 to 2016, negative, neutral or positive; an id that its files label differently is left out.

    `twitter-2016devtest-A` is a dev set here, as TweetEval (Barbieri et al., 2020) does not train on it.
    """
    seen: dict[str, tuple[str, str, str]] = {}
    conflicting = set()
    for part in parts:
        with read(part) as file:
            for line in file:
                cells = line.rstrip("\n").split("\t")
                if len(cells) < 3 or cells[1] not in SENTIMENT:
                    continue
                name, label, text = cells[0], cells[1], cells[2]
                split = "dev" if part == "twitter-2016devtest-A" else "train"
                if name in seen and seen[name][0] != label:
                    conflicting.add(name)
                if name not in seen or split == "dev":  # a tweet of both stays out of training
                    seen[name] = (label, text, split)
    for name, (label, text, split) in seen.items():
        if name not in conflicting:
            yield Message("semeval2017_task4a", split, plain(text), one_of("sentiment", SENTIMENT, {label}))


def tweeteval(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Tweets of five tasks: sentiment (dev only), offensive, hate, irony, and an emotion of four.

    Offensive is `toxic`, hate is `toxic`, no hate says nothing of it. Hate is not `identity_hate`: the set knows two targets alone, women
    and migrants, and what it taught ranked the identity attacks of toxic_spans backwards. Irony and the four emotions keep heads of their
    own: `optimism` has no place among the seven.
    """
    for task in ("sentiment", "offensive", "hate", "irony", "emotion"):
        for part, split in (("train", "train"), ("val", "dev")):
            if f"{task}_{part}_text" not in parts:
                continue
            with read(f"{task}_{part}_text") as texts, read(f"{task}_{part}_labels") as labels:
                for text, label in zip(texts, labels, strict=True):
                    yield Message(f"tweeteval_{task}", split, plain(text), _tweeteval(task, int(label)))


def _tweeteval(task: str, label: int) -> dict[str, float]:
    if task == "sentiment":
        return one_of("sentiment", SENTIMENT, {SENTIMENT[label]})
    if task == "offensive":
        return {"toxicity/toxic": float(label)}
    if task == "hate":
        return {"hate/hate": float(label), **({"toxicity/toxic": 1.0} if label else {})}
    if task == "irony":
        return {"irony/irony": float(label)}
    return one_of("tweet_emotion", TWEET_EMOTION, {TWEET_EMOTION[label]})


def goemotions(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Reddit comments with Ekman's six emotions and neutral, and with the 28 finer ones; several emotions share the target."""
    for part, split in (("train", "train"), ("dev", "dev")):
        if f"ekman_{part}" not in parts:
            continue
        with read(f"original_{part}") as file:
            fine = {row[2]: {GOEMOTIONS[int(k)] for k in row[1].split(",")} for row in _tabbed(file)}
        with read(f"ekman_{part}") as file:
            for text, labels, name in _tabbed(file):
                chosen = fine.get(name, set())
                targets = one_of("emotion", EMOTION, {EMOTION[int(k)] for k in labels.split(",")})
                targets |= each_of("goemotions", chosen, set(GOEMOTIONS) - chosen) if chosen else {}
                yield Message("goemotions", split, text, targets)


_SPAN_TYPES = {
    "Insult": "insult",
    "Profane/Obscene": "obscene",
    "Identity based Attack": "identity_hate",
    "Threat": "threat",
    "Other Toxicity": "",
}
_WORKERS = 2
"""So many workers who marked a span of a type make it certain."""


def toxic_spans(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Civil Comments whose toxic spans several workers marked and typed (Pavlopoulos et al., 2022), as labels of the whole comment.

    The target of a type is half the number of workers that marked a span of it, at most 1: two workers make it certain, one alone leaves it
    at 0.5. `toxic` holds when at least half of the workers did not tick "not toxic". `severe_toxic` is not labelled.
    """
    with read("comments") as file:
        texts = {row["comment_id"]: row["comment_text"] for row in csv.DictReader(file)}
    comment_of: dict[str, str] = {}
    clean: dict[str, list[bool]] = defaultdict(list)
    with read("annotations") as file:
        for row in csv.DictReader(file):
            comment_of[row["annotation"]] = row["comment_id"]
            clean[row["comment_id"]].append(row["not toxic"] == "True")
    marked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    with read("spans") as file:
        for row in csv.DictReader(file):
            kind = _SPAN_TYPES.get(row["type"].strip())
            if kind and row["annotation"] in comment_of:
                marked[comment_of[row["annotation"]]][kind].add(row["annotation"])
    for name, votes in clean.items():
        if name in texts:
            types = ("insult", "obscene", "identity_hate", "threat")
            targets = {f"toxicity/{kind}": min(1.0, len(marked[name][kind]) / _WORKERS) for kind in types}
            targets["toxicity/toxic"] = float(sum(votes) * 2 <= len(votes))
            yield Message("toxic_spans", None, texts[name], targets)


def davidson(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Tweets that hold a word of a hate lexicon: hate, offensive or neither; hate is `toxic` and `identity_hate`, offensive is `toxic`
    and may be anything beside it."""
    with read("labeled_data") as file:
        for row in csv.DictReader(file):
            hate, toxic = row["class"] == "0", row["class"] != "2"
            targets = {"toxicity/toxic": float(toxic), **({"toxicity/identity_hate": 1.0} if hate else {})}
            if not toxic:
                targets |= each_of("toxicity", set(), {"identity_hate", "insult", "threat", "severe_toxic"})
            yield Message("davidson", None, plain(row["tweet"]), targets)


_GAMETOX = {
    1: {"toxic", "insult"},
    2: {"toxic"},
    3: {"toxic", "identity_hate"},
    4: {"toxic", "threat"},
    5: {"toxic", "identity_hate"},
}


def gametox(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Chat of a tank game, one class a message, so a toxic message's other types are not known; the commonest label of a text counts."""
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    with read("gametox") as file:
        for row in csv.DictReader(file):
            if row["label"]:
                votes[row["message"].strip()][int(float(row["label"]))] += 1
    for text, counts in votes.items():
        positive = _GAMETOX.get(counts.most_common(1)[0][0], set())
        yield Message("gametox", None, text, each_of("toxicity", positive, set() if positive else set(TOXICITY)))


def twitch_sentiment_labels(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Twitch messages, negative, neutral or positive; the majority counts, a tie is left out."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    with read("labels") as file:
        for row in csv.DictReader(file):
            votes[row["message"].strip()][row["sentiment"].lower()] += 1
    for text, counts in votes.items():
        ranked = counts.most_common(2)
        if text and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
            yield Message("twitch_sentiment_labels", None, text, one_of("sentiment", SENTIMENT, {ranked[0][0]}))


def umsab(read: Open, parts: tuple[str, ...]) -> Iterator[Message]:
    """Tweets in eight languages, negative, neutral or positive; the English ones lie in the SemEval pool already."""
    for language in LANGUAGES:
        for part, split in (("train", "train"), ("val", "dev")):
            if f"{language}_{part}_text" not in parts:
                continue
            with read(f"{language}_{part}_text") as texts, read(f"{language}_{part}_labels") as labels:
                for text, label in zip(texts, labels, strict=True):
                    targets = one_of("sentiment", SENTIMENT, {SENTIMENT[int(label)]})
                    yield Message(f"umsab_{language}", split, plain(text), targets)


READERS: dict[str, Callable[[Open, tuple[str, ...]], Iterator[Message]]] = {
    "semeval2017_task4a": semeval2017_task4a,
    "tweeteval": tweeteval,
    "goemotions": goemotions,
    "toxic_spans": toxic_spans,
    "davidson": davidson,
    "gametox": gametox,
    "twitch_sentiment_labels": twitch_sentiment_labels,
    "umsab": umsab,
}


def _tabbed(file: TextIOBase) -> Iterator[list[str]]:
    for line in file:
        cells = line.rstrip("\n").split("\t")
        if len(cells) == 3:
            yield cells
