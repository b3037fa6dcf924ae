"""Sentences with named entities: reading CoNLL files, putting tokens back into running text, and making them look like chat.

Spans are character offsets, so that the recogniser's own tokeniser decides what a token is, in training as in use.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Span = tuple[int, int, str]
"""Start, end (exclusive) and label, in characters of the text."""

_CLOSING = frozenset([".", ",", "!", "?", ":", ";", ")", "]", "}", "%", "...", "'", "’"])
_OPENING = frozenset(["(", "[", "{", "$", "£", "€", "#", "@"])
_CLITIC = re.compile(r"(?:n['’]t|['’](?:s|m|d|ll|re|ve))$", re.IGNORECASE)
_CLITIC_END = frozenset(["s", "m", "d", "t", "ll", "re", "ve"])
_SILENT = frozenset(".,!?;:\"'’“”")
"""What chat leaves out; inside of links, names and numbers it stays."""
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_TAG = re.compile(r"([BI])-(\S+)")


class NerDataError(ValueError):
    """A CoNLL file does not follow the format; the message names line and mistake."""


@dataclass(frozen=True)
class Sentence:
    """One text with its entities in order, none overlapping."""

    text: str
    spans: tuple[Span, ...]


def read_conll(path: Path, labels: Mapping[str, str]) -> list[Sentence]:
    """Sentences of a two-column file, `token TAB tag`, parted by empty lines; tags are BIO, labels renamed by `labels`.

    A name with an @ in front is somebody's account: that is certain without any model and left unmarked.
    Raises `NerDataError` that names the first wrong line.
    """
    sentences: list[Sentence] = []
    tokens: list[str] = []
    tags: list[str] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate([*lines, ""], start=1):
        if not line.strip():
            if tokens:
                sentences.append(_sentence(tokens, tags))
            tokens, tags = [], []
            continue
        parts = line.rstrip("\r").split("\t")
        if len(parts) != 2:
            raise NerDataError(f"{path}, line {number}: needs a token, a tab and a tag")
        found = _TAG.fullmatch(parts[1].strip())
        if parts[1].strip() != "O" and (found is None or found[2] not in labels):
            raise NerDataError(f"{path}, line {number}: the tag must be O or B- or I- with one of {', '.join(labels)}")
        token = " ".join(parts[0].split())
        if token:  # a few tokens are nothing but a space
            tokens.append(token)
            tags.append("O" if found is None else f"{found[1]}-{labels[found[2]]}")
    if not sentences:
        raise NerDataError(f"{path} holds no sentence")
    return sentences


def _sentence(tokens: Sequence[str], tags: Sequence[str]) -> Sentence:
    text = ""
    spans: list[Span] = []
    opened, quoted, previous = True, False, "O"
    for word, tag in zip(tokens, tags, strict=True):
        closes = word in _CLOSING or bool(_CLITIC.match(word)) or (word == '"' and quoted)
        closes = closes or (word.lower() in _CLITIC_END and text.endswith(("'", "’")))
        if text and not opened and not closes:
            text += " "
        start = len(text)
        text += word
        if tag != "O":
            label = tag[2:]
            if tag[0] == "I" and previous != "O" and previous[2:] == label:
                spans[-1] = (spans[-1][0], len(text), label)
            else:
                spans.append((start, len(text), label))
        quoted = quoted != (word == '"')
        opened = word in _OPENING or (word == '"' and quoted)
        previous = tag
    return Sentence(text, tuple(span for span in spans if "@" not in text[max(0, span[0] - 1) : span[0] + 1]))


def keep_characters(sentence: Sentence, keep: Sequence[bool]) -> Sentence:
    """The sentence without the characters that `keep` marks False; spans move along, empty ones vanish."""
    position = [0]
    for kept in keep:
        position.append(position[-1] + kept)
    text = "".join(character for character, kept in zip(sentence.text, keep, strict=True) if kept)
    spans = [(position[start], position[end], label) for start, end, label in sentence.spans]
    return Sentence(text, tuple(span for span in spans if span[0] < span[1]))


def lower_case(sentence: Sentence) -> Sentence:
    """The sentence in lower case; the few letters whose lower case is longer stay as they are, so that offsets hold.

    >>> lower_case(Sentence("Mika Here", ((0, 4, "person"),))).text
    'mika here'
    """
    text = "".join(low if len(low := character.lower()) == 1 else character for character in sentence.text)
    return Sentence(text, sentence.spans)


def no_punctuation(sentence: Sentence) -> Sentence:
    """The sentence as a hurried chatter types it: no marks, except inside of links, numbers and names such as `U.S`.

    The apostrophe of a name's genitive stays: without it nobody could tell where the name ends.

    >>> no_punctuation(Sentence("Well, isn't it Mika's?", ((15, 19, "person"),)))
    Sentence(text="Well isnt it Mika's", spans=((13, 17, 'person'),))
    """
    text = sentence.text
    ends = {end for _, end, _ in sentence.spans}
    keep = [character not in _SILENT or (character in "'’" and at in ends) for at, character in enumerate(text)]
    for index in range(1, len(text) - 1):
        if text[index] in ".,:" and text[index - 1].isalnum() and text[index + 1].isalnum():
            keep[index] = True
    for link in _LINK.finditer(text):
        keep[link.start() : link.end()] = [True] * (link.end() - link.start())
    kept = keep_characters(sentence, keep)
    single = [not (a == " " and b == " ") for a, b in zip(kept.text, kept.text[1:] + "x", strict=False)]
    return keep_characters(kept, single)


def as_chat(sentence: Sentence) -> Sentence:
    """Lower case and no punctuation: the form in which both dev sets are judged a second time."""
    return no_punctuation(lower_case(sentence))


def with_fillers(sentence: Sentence, fillers: Sequence[str], dice: random.Random) -> Sentence:
    """The sentence with one or two words that are no entities (emotes, laughs) put in front of or behind it."""
    text, shift = sentence.text, 0
    for _ in range(dice.randint(1, 2)):
        filler = dice.choice(fillers)
        if dice.random() < 0.3:
            text, shift = f"{filler} {text}", shift + len(filler) + 1
        else:
            text = f"{text} {filler}"
    return Sentence(text, tuple((start + shift, end + shift, label) for start, end, label in sentence.spans))


def with_other_names(sentence: Sentence, names: Mapping[str, Sequence[str]], dice: random.Random) -> Sentence:
    """The sentence with every entity replaced by another one of its label from `names` (labels without names stay)."""
    text, end_of_last = "", 0
    spans: list[Span] = []
    for start, end, label in sentence.spans:
        known = names.get(label)
        name = dice.choice(known) if known else sentence.text[start:end]
        text += sentence.text[end_of_last:start]
        spans.append((len(text), len(text) + len(name), label))
        text += name
        end_of_last = end
    return Sentence(text + sentence.text[end_of_last:], tuple(spans))


def names_by_label(sentences: Sequence[Sentence]) -> dict[str, list[str]]:
    """Every entity text of each label, once, sorted."""
    found: dict[str, set[str]] = {}
    for sentence in sentences:
        for start, end, label in sentence.spans:
            found.setdefault(label, set()).add(sentence.text[start:end])
    return {label: sorted(names) for label, names in sorted(found.items())}
