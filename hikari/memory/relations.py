"""Relations that a message states: who likes, plays, owns what, lives where, is called what, is whose sister.

Found by token patterns over the clauses of chat-like English (`clauses.py`, `predicates.py`), without a tagger or a model: some
tens of microseconds a message. Questions, wishes, conditions and quotes state nothing; precision comes before recall.
"""

import re
from collections.abc import Sequence

from hikari.memory.clauses import POSSESSIVES, Clause, Token, clauses, skip_fillers
from hikari.memory.objects import Words
from hikari.memory.possessions import THIRD_PERSON, Possessions
from hikari.memory.relation_words import KIN, NOT_NAMES, word_set
from hikari.memory.roles import ADVERBS, name_of, role_of, role_size
from hikari.memory.statements import Relation

__all__ = ["ADDRESSEE", "Relation", "relations"]

ADDRESSEE = "vtuber"
_BARE = word_set(
    "love hate loving enjoying been moved living dislike adopted quit switched moved lived adore got bought changed working"
)
_BARE_PHRASES = re.compile(
    r"(?:do not (?:like|love|enjoy|play|own|have|drink|eat)|can not stand|"
    r"not an? (?:\w+ )?(?:fan|lover|enjoyer) of|no longer|never liked|gave up|"
    r"not into|allergic to|obsessed with|addicted to|(?:big|huge|massive) fan of|not from|from|born in|based in|stopped playing|"
    r"(?:greetings|hello|hi|hey|watching|tuning in|love|cheers|sending love|"
    r"chatting)(?: \w+)? from|just (?:got|moved|bought|adopted|turned)|"
    r"have an? (?:\w+ )?(?:cat|dog|hamster|parrot|puppy|kitten)|used to|still playing|"
    r"studying|learning|started playing|turned \d)\b"
)
_BASE_FORMS = word_set("play like love hate main live have own speak work drink eat use stream enjoy prefer are do")
_AFTER_IS = word_set("from allergic called named a an the not in obsessed into playing living based studying working learning my")


def relations(text: str, speaker: str, addressee: str = ADDRESSEE) -> list[Relation]:
    """What `text`, said by `speaker` to `addressee`, states, in order and each once; empty for most messages.

    >>> [(r.subject, r.relation, r.object) for r in relations("i love ramen but my sister hates it", "Mika")]
    [('mika', 'likes', 'ramen')]
    """
    return _Message(speaker.strip().lstrip("@").lower(), addressee.lower()).read(text)


class _Message(Possessions):
    """One message's reading: the people it is about so far, and what was found."""

    def read(self, text: str) -> list[Relation]:
        for clause in clauses(text):
            if clause.kind != "statement":
                self.subject = None
            else:
                self._clause(clause)
        return list(self.found.values())

    def _clause(self, clause: Clause) -> None:
        if clause.reporter:
            self.third = self._third_of(skip_fillers(clause.reporter)) or self.third
        words = Words(clause.tokens)
        if self.special(words):
            return
        first = clause.tokens[0].word
        if first in {"i", "we"}:
            self.predicate(self.speaker, clause.tokens[1:])
        elif first == "you":
            if clause.connector not in {"start", "and", "but", ","}:
                return  # `when you play ranked you lose` speaks of nobody in particular
            self.predicate(self.addressee, clause.tokens[1:], 0.7)
        elif first in {"he", "she", "they"}:
            if self.third is not None:
                self.predicate(self.third, clause.tokens[1:], 0.75)
        elif first in POSSESSIVES:
            owner = self.owner(first)
            if owner is not None:
                self.owned(owner, clause.tokens[1:])
        elif first in {"it", "this", "that", "there", "the", "a", "an"}:
            self.subject = None
        else:
            self._other(clause)

    def _other(self, clause: Clause) -> None:
        tokens = clause.tokens
        first = tokens[0]
        if (
            clause.carried
            and self.subject is not None
            and (first.word in THIRD_PERSON or first.word in _BARE or first.word == "own")
        ):
            self.predicate(self.subject, tokens)
            return
        if first.possessive and len(tokens) > 1 and tokens[1].word not in _AFTER_IS:
            self.owned(first.word.lstrip("@"), tokens[1:])
            return
        if first.word == "me" and len(tokens) > 4 and tokens[1].word == "and":
            self._both(tokens[2:])
            return
        size = self._name_size(tokens)
        if size:
            rest = tokens[size:]
            if first.possessive:
                rest = (Token("is", "is", False, first.end, first.end), *rest)
            verb = next((token.word for token in rest if token.word not in ADVERBS | {"only", "even"}), "")
            if verb in _BASE_FORMS:
                return  # `rin just play safe` asks for something
            self.third = name_of(tokens[:size])
            self.predicate(self.third, rest, 0.8)
            return
        if first.word in _BARE or _BARE_PHRASES.match(Words(tokens[:6]).string):
            self.predicate(self.speaker, tokens, 0.6)

    def _both(self, tokens: Sequence[Token]) -> None:
        """`me and my sister play chess` speaks of two."""
        size = role_size(tokens[1:]) if tokens[0].word == "my" else 0
        rest = tokens[1 + size :]
        self.predicate(self.speaker, rest, 0.75)
        if size:
            self.predicate(f"{self.speaker}'s {role_of(tokens[1 : 1 + size])}", rest, 0.7)

    def _name_size(self, tokens: Sequence[Token]) -> int:
        """How many words at the start are a name that a verb follows, 0 for none."""
        if len(tokens) < 3 or tokens[0].word in NOT_NAMES or not (tokens[0].word[0].isalpha() or tokens[0].word[0] == "@"):
            return 0
        if tokens[0].possessive:
            return 1 if tokens[1].word in _AFTER_IS or tokens[1].word.endswith("ing") else 0
        if tokens[1].word in THIRD_PERSON and not tokens[0].word.endswith(("ing", "ly")):
            base = tokens[1].word in {"like", "love", "hate", "play", "main", "live", "have", "are"}
            return 0 if base else 1
        capital = tokens[0].text[0].isupper() and tokens[1].text[0].isupper()
        return 2 if capital and len(tokens) > 3 and tokens[2].word in THIRD_PERSON else 0

    def _third_of(self, tokens: Sequence[Token]) -> str | None:
        """The person a reporting clause begins with: `my brother says`, `rin told me`."""
        if not tokens:
            return None
        if tokens[0].word in POSSESSIVES:
            owner = self.owner(tokens[0].word)
            role = [token for token in tokens[1:3] if token.word in KIN]
            return f"{owner}'s {role[0].word}" if owner and role else None
        return None if tokens[0].word in NOT_NAMES else tokens[0].word.lstrip("@")
