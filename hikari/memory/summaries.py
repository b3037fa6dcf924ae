"""Episodes in a sentence or two: chosen from what was said by default, written by a fine-tuned T5 when one is configured.

The extractive summariser scores every sentence by closeness to the episode's centre, an early place, names and figures, and content
words; takes them one by one with maximal marginal relevance (Carbonell and Goldstein 1998), so that the second says something else
than the first, and prefers a voice not heard yet; and retells them in the third person (`narration.py`). It is deterministic. The
weights below were chosen on a random half of the development dialogues of DialogSum; `python -m training.evaluate_summaries` measures
both halves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hikari.errors import BadInput
from hikari.memory.embedder import Embedder, Vectors
from hikari.memory.narration import Voices, narrate, words

OPENING_WEIGHT = 0.3
"""Of the first turn; fades by e with every turn: a conversation says early what it is about."""
CONTENT_WEIGHT = 0.1
"""Of the logarithm of the number of content words."""
SPECIFIC_WEIGHT = 0.05
"""Of a sentence that holds a name or a figure."""
REPETITION_WEIGHT = 0.15
"""Of the similarity to the nearest sentence already taken."""
VOICE_WEIGHT = 0.2
"""Of a speaker whom nothing taken so far quotes."""
CHARACTERS_PER_SENTENCE = 110
MAX_SENTENCES = 8
MAX_CANDIDATES = 512
"""Sentences compared with each other; beyond that the ones with the most content words compete."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"[^\W_][\w']*")
_EMPTY_WORDS = words(
    "a an the i you we he she it they to of in on for and or but is are was were be been do does did have has had will would can could "
    "should this that these those my your our his her its their me us him them what when where who why how not no yes so if as at with "
    "from by about there here just very well ok okay oh lol lmao lul kekw gg wp hi hey hello thanks thank bye"
)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What one speaker said at once; `vector` is the unit embedding of `text`, when the caller has it already."""

    speaker: str
    text: str
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The text and the positions, ascending, of the turns that it rests on; empty text: there was nothing to say."""

    text: str
    positions: tuple[int, ...]


class Summariser(Protocol):
    """Anything that puts turns into few words; `name` says which one wrote a summary."""

    @property
    def name(self) -> str: ...

    def summarise(
        self, turns: Sequence[Turn], *, max_sentences: int | None = None, max_characters: int | None = None
    ) -> Summary: ...


@dataclass(frozen=True, slots=True)
class _Candidate:
    position: int
    speaker: str
    text: str
    told: str
    content: int
    specific: bool


class ExtractiveSummariser:
    """Takes the sentences that stand for the episode and retells them; safe to call from several threads if `embedder` is."""

    name = "extractive"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def summarise(self, turns: Sequence[Turn], *, max_sentences: int | None = None, max_characters: int | None = None) -> Summary:
        """At most `max_sentences` (default: by length, 2 to 6) in at most `max_characters` (default: 110 for each), in the order said.

        Raises `BadInput` for limits out of range. No turns, or turns of interjections alone, give an empty summary.
        """
        sentences = default_sentences(len(turns)) if max_sentences is None else max_sentences
        if not 1 <= sentences <= MAX_SENTENCES:
            raise BadInput(f"max_sentences must be from 1 to {MAX_SENTENCES}, got {sentences}", field="max_sentences")
        limit = CHARACTERS_PER_SENTENCE * sentences if max_characters is None else max_characters
        if limit < 20:
            raise BadInput(f"max_characters must be at least 20, got {limit}", field="max_characters")
        candidates = _candidates(turns)
        if not candidates:
            return Summary("", ())
        vectors = self._vectors(turns, candidates)
        chosen = sorted(_choose(candidates, vectors, sentences, limit))
        text = " ".join(candidates[number].told for number in chosen)
        return Summary(shortened(text, limit), tuple(sorted({candidates[number].position for number in chosen})))

    def _vectors(self, turns: Sequence[Turn], candidates: list[_Candidate]) -> Vectors:
        """Unit vectors of the candidates; a turn that is one sentence lends its own."""
        known = [turns[c.position].vector if c.text == turns[c.position].text.strip() else None for c in candidates]
        missing = [number for number, vector in enumerate(known) if vector is None]
        embedded = self._embedder.embed([candidates[number].text for number in missing]) if missing else None
        if embedded is not None:
            for row, number in enumerate(missing):
                known[number] = embedded[row]
        return np.stack([vector for vector in known if vector is not None]).astype(np.float32)


def default_sentences(turns: int) -> int:
    """How many sentences an episode of so many turns deserves.

    >>> [default_sentences(turns) for turns in (1, 9, 20, 500)]
    [2, 2, 3, 6]
    """
    return int(min(6, max(2, round(0.7 * turns**0.5))))


def sentences_of(text: str) -> list[str]:
    """The sentences of a message, by their closing marks.

    >>> sentences_of("Hi! How are you? fine")
    ['Hi!', 'How are you?', 'fine']
    """
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words and marked with an ellipsis.

    >>> shortened("one two three", 11)
    'one two…'
    """
    if len(text) <= limit:
        return text
    cut = text[:limit]
    return (cut.rpartition(" ")[0] or cut[:-1]).rstrip(" ,.;:") + "\u2026"


def dialogue_text(turns: Sequence[Turn]) -> str:
    """The turns as a sequence model reads them, in training and when it serves: one `speaker: text` line each."""
    return "\n".join(f"{turn.speaker}: {' '.join(turn.text.split())}" for turn in turns)


def _candidates(turns: Sequence[Turn]) -> list[_Candidate]:
    names = [turn.speaker.strip() or "Someone" for turn in turns]
    everyone = list(dict.fromkeys(names))
    found: list[_Candidate] = []
    for position, (speaker, turn) in enumerate(zip(names, turns, strict=True)):
        # Among two, "you" is the other one; in a crowd it may be anyone and stays.
        voices = Voices(speaker, next(name for name in everyone if name != speaker) if len(everyone) == 2 else None)
        for text in sentences_of(turn.text):
            found_words = _WORD.findall(text)
            content = sum(len(word) > 2 and word.lower() not in _EMPTY_WORDS for word in found_words)
            told = narrate(text, voices)
            if told:
                specific = any(_is_specific(word) for word in found_words[1:]) or any(map(str.isdigit, text))
                found.append(_Candidate(position, speaker, text, told, content, specific))
    found = [candidate for candidate in found if candidate.content] or found
    if len(found) > MAX_CANDIDATES:
        most = sorted(range(len(found)), key=lambda number: -found[number].content)[:MAX_CANDIDATES]
        found = [found[number] for number in sorted(most)]
    return found


def _is_specific(word: str) -> bool:
    return word[0].isupper() and word.partition("'")[0] != "I"


def _choose(candidates: list[_Candidate], vectors: Vectors, sentences: int, limit: int) -> list[int]:
    """Greedy choice by score minus repetition; the first is taken whatever its length, so that something is always said."""
    content = np.array([candidate.content for candidate in candidates], dtype=np.float64)
    centre = (content + 0.1) @ vectors
    score = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
    score = score + OPENING_WEIGHT * np.exp(-np.array([candidate.position for candidate in candidates], dtype=np.float64))
    score += CONTENT_WEIGHT * np.log1p(content) + SPECIFIC_WEIGHT * np.array([candidate.specific for candidate in candidates])
    lengths = np.array([len(candidate.told) + 1 for candidate in candidates])
    speakers = np.array([candidate.speaker for candidate in candidates], dtype=object)
    # A very long sentence would be cut: it may only stand when nothing fits.
    open_to = lengths <= limit + 1 if (lengths <= limit + 1).any() else np.ones(len(candidates), dtype=bool)
    nearest = np.zeros(len(candidates))
    unheard = np.ones(len(candidates))
    chosen: list[int] = []
    left = limit + 1
    while len(chosen) < sentences and open_to.any():
        value = score - REPETITION_WEIGHT * nearest + VOICE_WEIGHT * unheard * bool(chosen)
        best = int(np.argmax(np.where(open_to, value, -np.inf)))
        chosen.append(best)
        left -= int(lengths[best])
        similar = vectors @ vectors[best]
        nearest = np.maximum(nearest, similar)
        unheard[speakers == candidates[best].speaker] = 0.0
        # The same words again are no second sentence.
        open_to &= (lengths <= left) & (similar < 0.98)
    return chosen
