"""Facts that answer a query: of whom it speaks, which attribute it asks for, and the memories that the current value came from.

A question names an attribute in words of its own ("where does kai live?", "how old is mika?"); the words that ask for the commonest are
listed here, any other attribute is asked for by its name ("what is kai's favourite game?").
"""

import re
from collections.abc import Iterable

from hikari.memory.facts import FactBook
from hikari.memory.relations import ADDRESSEE
from hikari.memory.rows import View

_ASKED_BY: dict[str, frozenset[str]] = {
    attribute: frozenset(words.split())
    for attribute, words in {
        "lives_in": "live lives living lived where home city town country moved move based location",
        "from": "from where country hometown born",
        "age": "old age turned",
        "birthday": "birthday bday born",
        "works_at": "work works working job employer company",
        "works_as": "work works working job profession do living",
        "job": "job work works working profession",
        "studies": "study studies studying major degree school uni college learning",
        "likes": "like likes love loves enjoy enjoys into fan prefer favourite favorite",
        "dislikes": "dislike dislikes hate hates",
        "plays": "play plays playing game games",
        "main": "main mains maining play plays",
        "owns": "own owns have has pet pets got",
        "speaks": "speak speaks language languages",
        "eats": "eat eats diet food",
        "drinks": "drink drinks",
        "diet": "diet eat eats vegan vegetarian food",
        "pb": "pb record best time personal",
        "timezone": "timezone zone time",
        "allergic_to": "allergic allergy allergies eat",
        "name": "name called real",
        "streams_at": "stream streams time when schedule",
        "schedule": "schedule stream streams when day days",
    }.items()
}
_WORD = re.compile(r"[\w']+")
_FIRST = frozenset({"i", "im", "i'm", "my", "me", "mine", "ive"})
_SECOND = frozenset({"you", "your", "youre", "you're", "u", "ur", "yours"})
MAX_FACTS = 200
"""Facts of one subject that are looked through."""


def rows_of_facts(
    view: View, channel: str, text: str, speakers: Iterable[str], user: str | None, as_of: float | None = None
) -> dict[int, float]:
    """Rows that state the current value of an attribute which `text` asks for, each with 1.0; of the viewers it names, of `user`
    where it speaks in the first person, of the VTuber where in the second. With `as_of`, what was true then."""
    words = {word.removesuffix("'s") for word in _WORD.findall(text.casefold().replace("\u2019", "'"))}
    subjects = {name.casefold() for name in speakers}
    if user is not None and words & _FIRST:
        subjects.add(user.casefold())
    if words & _SECOND:
        subjects.add(ADDRESSEE)
    found: dict[int, float] = {}
    for subject in sorted(subjects):
        stored = view.value("facts", channel, subject)
        if stored is None:
            continue
        book = FactBook()
        book.from_dict(subject, stored)
        for fact in book.current(subject, None, as_of)[:MAX_FACTS]:
            if not fact.negated and asks_for(words, fact.attribute):
                found.update(dict.fromkeys((fact.seq, *fact.confirmed), 1.0))
    return found


def asks_for(words: set[str], attribute: str) -> bool:
    """Whether a question of these words asks for the attribute.

    >>> asks_for({"where", "does", "kai", "live"}, "lives_in"), asks_for({"where", "does", "kai", "live"}, "favourite game")
    (True, False)
    """
    cues = _ASKED_BY.get(attribute)
    if cues is not None and words & cues:
        return True
    own = {_plain(word) for word in re.split(r"[\s_]+", attribute) if len(word) > 2}
    return bool(own) and own <= {_plain(word) for word in words}


def _plain(word: str) -> str:
    return {"favorite": "favourite", "fav": "favourite"}.get(word, word)
