"""What a search makes of a question before it asks the legs: whom it names, what is embedded, which words are looked up.

Chat speaks in the first person: the answer to "what is Kai's cat called?" is Kai's "she is called Mochi", while the rows nearest to the
name are the ones that greet Kai. So a viewer's name is taken out of what the legs see and becomes a small bonus for rows by that
viewer instead: on the LoCoMo development conversations this alone raised recall@10 of the vector leg from 28 to 63.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from hikari.fields import clean_characters

QUESTION_WORDS = frozenset(
    {
        "what", "when", "where", "who", "whom", "whose", "which", "why", "how", "did", "do", "does", "doing", "done", "would",
        "could", "should", "will", "can", "may", "might", "shall", "has", "have", "had", "having", "is", "are", "was", "were",
        "be", "been", "being", "am",
    }
)  # fmt: skip
STOP_WORDS = QUESTION_WORDS | frozenset(
    {
        "a", "an", "and", "as", "at", "but", "by", "for", "if", "in", "into", "it", "no", "not", "of", "on", "or", "such",
        "that", "the", "their", "then", "there", "these", "they", "this", "to", "with", "i", "you", "he", "she", "we", "me",
        "my", "your", "his", "her", "our", "us", "him", "them", "its", "from", "about",
    }
)  # fmt: skip
"""Words that are never looked up: they say how something is asked, not what about."""
SOMEONE = "someone"
"""Stands for a viewer's name in what is embedded: the sentence stays a sentence ("when did someone move?")."""
MAX_NAME_WORDS = 4
MIN_PLAIN_NAME = 3
"""A name written small and without @ is taken for one from so many letters on: "will" and "may" are words more often than viewers."""

Known = Callable[[str], str | None]
"""Who is a viewer of the channel: case-folded name to the name as stored, None for a stranger (a dict's `get` will do)."""

_TOKEN = re.compile(r"@?\w+(?:[.\-]\w+)*")
_WORD = re.compile(r"\w+")
_POSSESSIVE = re.compile(r"['\u2019]s\b")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query, ready for the legs."""

    embed: str
    """For the vector leg."""
    lexical: str
    """For the lexical leg: plain lower-case words without operators, in the order of the query; may be empty."""
    speakers: frozenset[str]
    """Names, as stored, of the viewers whom the query names."""


def prepare(query: str, known: Known | None = None) -> Prepared:
    """Split a query into what the legs see and whom it names; `known` says who is a viewer.

    A query that is only names keeps them: there is nothing else to look for.

    >>> prepare("What is Kai's cat called?", {"kai": "Kai"}.get)
    Prepared(embed="What is someone's cat called?", lexical='cat called', speakers=frozenset({'Kai'}))
    """
    text = clean_characters(query)
    found = _names(text, known) if known is not None else []
    without = _replaced(text, [(start, end) for start, end, _ in found], " ")
    speakers = frozenset(name for _, _, name in found)
    if not _terms(without):
        return Prepared(text, " ".join(_WORD.findall(text.lower())), speakers)
    embed = _replaced(text, [(start, end) for start, end, _ in found], SOMEONE)
    return Prepared(embed, " ".join(_terms(without)), speakers)


def is_question(text: str) -> bool:
    """Whether a text ends as a question, whatever emoji or brackets follow the mark.

    >>> is_question("Do you have pets? (shares a photo of a dog)"), is_question("Really? I do.")
    (True, False)
    """
    if "?" not in text and "\uff1f" not in text:
        return False
    bare = re.sub(r"\([^()]*\)\s*$", "", text)
    return re.search(r"[?\uff1f][^\w]*$", bare) is not None


def _names(text: str, find: Callable[[str], str | None]) -> list[tuple[int, int, str]]:
    """Start, end and stored name of every viewer in the text, the longest names first, none overlapping."""
    tokens = list(_TOKEN.finditer(text))
    found: list[tuple[int, int, str]] = []
    position = 0
    while position < len(tokens):
        for length in range(min(MAX_NAME_WORDS, len(tokens) - position), 0, -1):
            start, end = tokens[position].start(), tokens[position + length - 1].end()
            written = text[start:end]
            name = find(written.removeprefix("@").casefold()) if _may_name(written) else None
            if name is not None:
                found.append((start, end, name))
                position += length
                break
        else:
            position += 1
    return found


def _may_name(written: str) -> bool:
    if written.startswith("@") or any(character.isdigit() or character == "_" for character in written):
        return True
    if written.casefold() in STOP_WORDS:
        return False
    return written != written.lower() or len(written) >= MIN_PLAIN_NAME or not written.isascii()


def _replaced(text: str, spans: list[tuple[int, int]], by: str) -> str:
    pieces: list[str] = []
    last = 0
    for start, end in spans:
        pieces += [text[last:start], by]
        last = end
    return " ".join("".join([*pieces, text[last:]]).split())


def _terms(text: str) -> list[str]:
    """The words worth looking up. Single ASCII letters are the debris of apostrophes."""
    words = _WORD.findall(_POSSESSIVE.sub("", text).lower())
    return [word for word in words if word not in STOP_WORDS and not (len(word) == 1 and word.isascii() and word.isalpha())]
