"""Reading a chat message as clauses: plain lower-case words without apostrophes, and whether each clause states anything.

Chat is written without capitals, apostrophes and commas, so `im`, `dont` and `i'm` are spelt out, and clauses are found by their
subjects. Questions, wishes, conditions and what others are only said to think state nothing about the world.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hikari.memory.clause_words import (
    ASKING,
    BASE_VERBS,
    BREAKERS,
    CONNECTORS,
    EXPANSIONS,
    FILLER_PHRASES,
    FILLERS,
    FINITE,
    HEDGES,
    MATRIX,
    NOMINATIVES,
    NOUNY,
    ONLY_WITH_APOSTROPHE,
    POSSESSIVES,
    SAYING,
    TAGS,
    UNREAL,
    UNREAL_HEADS,
)

MAX_WORDS = 400
"""Words read of one text; a long text states its facts in many sentences, and the work stays bounded."""

_TOKEN = re.compile(
    r"https?://\S+|(?:\b[\w-]+\.)+(?:gg|com|net|tv|org|io)\b(?:/\S*)?|\b[\w-]+\.[a-z]{2,10}/\S+|@\w+|\b(?:gmt|utc)\s?[+-]\s?\d+(?::\d+)?|\d+(?:[:.,/]\d+)+(?:[ap]m)?|[^\W_][\w]*(?:['’`\-][\w]+)*|[.!?…;\n]+|<3|\S",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"([^"\n]{1,300})"|“([^”\n]{1,300})”')
_SELF_IN_QUOTE = re.compile(r"\b(?:i|im|i'm|my|me|you|we|your)\b", re.IGNORECASE)

_APOSTROPHES = re.compile(r"['’`]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: as it is read (`word`), as it was typed (`text`), whether `'s` followed, and where it stood."""

    word: str
    text: str
    possessive: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """Words with one subject; `kind` is statement, question or unreal, `reporter` holds the clause that reports it (`he says`)."""

    tokens: tuple[Token, ...]
    kind: str
    reporter: tuple[Token, ...] = ()
    connector: str = "start"
    """The word that joins it to the clause before, start for the first and empty when nothing stands between them."""

    @property
    def carried(self) -> bool:
        """Whether it may leave its subject out and take the one before it (`i love ramen and hate sushi`)."""
        return self.connector in {"and", ",", "but", "plus", "then", "or", "so", "though"}


def tokens(text: str) -> list[Token]:
    """The words of a text with contractions spelt out; punctuation that ends a sentence comes as one token.

    >>> [token.word for token in tokens("I'm sure u dont")]
    ['i', 'am', 'sure', 'you', 'do', 'not']
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        if len(found) >= MAX_WORDS:
            break
        found += _read(match[0], match.start(), match.end())
    return found


def clauses(text: str) -> list[Clause]:
    """The clauses of a text in order, each marked as a statement, a question or something unreal."""
    result: list[Clause] = []
    sentence: list[Token] = []
    for token in tokens(_without_speech(text)):
        if token.word[0] in ".!?…;\n":
            result += _sentence(sentence, asked="?" in token.word)
            sentence = []
        else:
            sentence.append(token)
    return result + _sentence(sentence, asked=False)


def skip_fillers(words: Sequence[Token]) -> tuple[Token, ...]:
    """A clause without the greeting, interjections and name calling before its subject."""
    position = 0
    while position < len(words):
        ahead = tuple(token.word for token in words[position : position + 5])
        phrase = next((phrase for phrase in FILLER_PHRASES if ahead[: len(phrase)] == phrase), None)
        if phrase is not None:
            position += len(phrase)
        elif (
            ahead[0] in FILLERS
            and ahead[:2] != ("no", "longer")
            and not (ahead[0] in {"like", "still", "just"} and position == 0 and len(words) == 1)
        ) or (ahead[0].startswith("@") and len(ahead) > 1 and (ahead[1] in NOMINATIVES | POSSESSIVES | {"you", ","})):
            position += 1
        else:
            break
    return tuple(words[position:])


def _read(text: str, start: int, end: int) -> list[Token]:
    lower = text.lower()
    plain = _APOSTROPHES.sub("", lower)
    possessive = False
    expanded = None if lower == plain and plain in ONLY_WITH_APOSTROPHE else EXPANSIONS.get(plain)
    if expanded is None and len(lower) > 2 and lower[-2] in "'’`" and lower[-1] == "s":
        plain, possessive = _APOSTROPHES.sub("", lower[:-2]), True
        text = text[:-2]
    if expanded is None and not plain:
        return []
    if expanded is None:
        return [Token(plain, text, possessive, start, end)]
    return [Token(word, text if word == plain else word, False, start, end) for word in expanded.split()]


def _without_speech(text: str) -> str:
    """Blank out quoted speech, which says nothing of its quoter; quoted titles only lose their marks. Offsets stay."""

    def blank(match: re.Match[str]) -> str:
        inner = match[1] or match[2]
        return " " * len(match[0]) if _SELF_IN_QUOTE.search(inner) else f" {inner} "

    return _QUOTED.sub(blank, text) if '"' in text or "“" in text else text


def _sentence(words: list[Token], *, asked: bool) -> list[Clause]:
    pieces = _pieces(words)
    result: list[Clause] = []
    for number, (connector, piece) in enumerate(pieces):
        body = skip_fillers(tuple(piece))
        if not body:
            continue
        before = pieces[number - 1][1] if number and connector == "" else []
        kind = "statement"
        rest = [name for name, _ in pieces[number + 1 :]]
        if (
            _asks(body)
            or (body[0].word == "you" and body[-1].word in TAGS)
            or (asked and all(name in {"", "and", "or"} for name in rest))
        ):
            kind = "question"
        elif connector in UNREAL_HEADS or _unreal(before, body):
            kind = "unreal"
        elif connector == "" and result and result[-1].kind == "question":
            kind = "question"
        reporter = tuple(before) if before and before[-1].word in SAYING and before[0].word not in {"i", "we"} else ()
        if len(before) > 1 and before[-2].word in {"told", "tells"} and before[0].word != "i":
            reporter = tuple(before)
        result.append(Clause(body, kind, reporter, connector))
    return result


def _pieces(words: list[Token]) -> list[tuple[str, list[Token]]]:
    """Cut a sentence before every new subject; each piece with the word that joins it to the one before ('' for none)."""
    pieces: list[tuple[str, list[Token]]] = [("start", [])]
    position = 0
    while position < len(words):
        word = words[position].word
        current = pieces[-1][1]
        if (word in BREAKERS and not (word == "/" and current)) or (word in CONNECTORS and _opens(words, position + 1)):
            pieces.append((word, []))
        elif current and (word in NOMINATIVES or _after_matrix(words, position)) and current[-1].word not in {"and", "or", ","}:
            pieces.append(("", [words[position]]))
        else:
            current.append(words[position])
        position += 1
    return [piece for piece in pieces if piece[1]]


def _after_matrix(words: list[Token], position: int) -> bool:
    word = words[position].word
    if words[position - 1].word not in MATRIX and not (position > 1 and words[position - 2].word in {"told", "tells"}):
        return False
    following = words[position + 1].word if position + 1 < len(words) else ""
    return word in POSSESSIVES or (word == "you" and following in FINITE | BASE_VERBS)


def _opens(words: list[Token], position: int) -> bool:
    """Whether a new clause starts here rather than the next member of a list."""
    ahead = [token.word for token in words[position : position + 7]]
    while ahead and ahead[0] in FILLERS - {"like"}:
        ahead = ahead[1:]
    if len(ahead) < 2:
        return False
    if ahead[0] in NOMINATIVES or ahead[0] in {"it", "you", "this", "that", "there", "what"}:
        return True
    if ahead[0] in POSSESSIVES:
        return any(word in FINITE for word in ahead[2:6])
    if ahead[0] == "the":
        return any(word in {"is", "are", "was"} for word in ahead[2:4])
    if ahead[0] in BASE_VERBS or ahead[0] in FINITE:
        return True
    return ahead[1] in FINITE or ahead[0] in {"really", "actually"}


def _asks(body: Sequence[Token]) -> bool:
    if body[0].word not in ASKING:
        return False
    following = body[1].word if len(body) > 1 else ""
    # `dont like mushrooms` and `have two cats` leave out their `i`.
    return not ((body[0].word in {"do", "can"} and following == "not") or (body[0].word in {"am", "have"} and following != "you"))


def _unreal(before: Sequence[Token], body: Sequence[Token]) -> bool:
    words = [token.word for token in before]
    if not words:
        return body[0].word in UNREAL
    if any(word in UNREAL for word in words):
        return True
    own = words[0] in {"i", "we"}
    if own and body[0].word != "i" and body[0].word != "my" and any(word in HEDGES for word in words):
        return True
    if not own and words[-1] in SAYING and body[0].word in {"i", "you", "we", "my", "your"}:
        return True
    if not own and len(words) > 1 and words[-2] in {"told", "tells"} and body[0].word in {"i", "you", "we", "my", "your"}:
        return True
    has_verb = any(word in FINITE or word in SAYING or word in HEDGES or word in BASE_VERBS for word in words)
    return not has_verb and any(word in NOUNY for word in words)
