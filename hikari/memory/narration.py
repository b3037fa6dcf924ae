"""Direct speech as reported speech: what a speaker said in the first person becomes a sentence about that speaker.

A memory is read without the turn it came from, so "I like it" must say who likes what. The rules are the reported-speech rules of
school grammar (person, verb ending, word order of questions) on English word forms; a sentence that they do not cover keeps its words
behind "Kai says" or "Kai asks", so nothing is made up and nothing is lost.
"""

import re
from dataclasses import dataclass


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as one text.

    >>> sorted(words("b a"))
    ['a', 'b']
    """
    return frozenset(text.split())


_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\s+|[^\sA-Za-z]+")
_OPENING = re.compile(
    r"(?:(?:oh|ah|um|uh|er|hm+|well|hey|hi|hello|okay|ok|yes|yeah|yep|no|nope|sure|right|so|and|but|actually|anyway|please|wow|look"
    r"|you know|you see|i see|i mean|of course|thanks|thank you)\b[\s,.!;:-]+)+",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?P<head>(?:what|which|who|whom|whose|where|when|why|how)\b(?:\s+\w+){0,3}?\s+)?"
    r"(?P<aux>do|does|did|are|is|am|was|were|can|could|will|would|should|have|has|had|may|might|shall|must)\s+"
    r"(?P<subject>you|i|we|he|she|it|they|there)\b\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ADVERBS = words("also always just never often still even already probably maybe usually sometimes too now then")
_BE = {"am": "is", "are": "is", "was": "was", "were": "was", "aren't": "isn't", "weren't": "wasn't", "wasn't": "wasn't"}
_IRREGULAR = _BE | {"have": "has", "haven't": "hasn't", "do": "does", "don't": "doesn't", "go": "goes", "be": "be"}
_ENDINGS = {"'m": " is", "'re": " is", "'ve": " has", "'ll": " will", "'d": " would"}
_FIXED = words(
    "can can't cannot could couldn't will won't would wouldn't should shouldn't may might must shall did didn't had hadn't ought "
    "is isn't has hasn't does doesn't went came saw got made took gave found told said thought knew felt left kept lost met ran sat "
    "spent spoke stood taught understood woke won wore wrote ate began bought brought built caught chose drank drove fell flew forgot "
    "heard held led lent paid rode sang sent slept sold stole swam threw became broke grew hid hung rang rose shook shot stuck"
)
_NO_VERB = words(
    "a about after all am an and are as at because before but by for from here if in into it me more not of on or our out over so than "
    "that the there this to today together tomorrow tonight up us very well what when where which who why with without yet you your both "
    "he him his her she they them their my i we one some any how too"
)
_BEFORE_SUBJECT = words(
    "if when because that and but so as what how where why who which while until unless before after then since though although maybe "
    "think thinks know knows hope hopes say says said sure see sees suppose whether"
)
_LOWERED = words(
    "a an the this that these those it it's there there's they they're we we're he he's she she's my your our his her their i'm you're "
    "what when where why how which who if in on at for with do don't does is are can let's some all no not just"
)


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks, and to whom; `listener` is None when more than two take part and "you" may be anyone."""

    speaker: str
    listener: str | None = None


def narrate(sentence: str, voices: Voices) -> str:
    """One sentence of direct speech as reported speech; empty when nothing but interjections is in it.

    >>> narrate("Well, I don't like my old mouse.", Voices("Kai"))
    "Kai doesn't like Kai's old mouse."
    >>> narrate("Where do you live?", Voices("Kai", "Mia"))
    'Kai asks where Mia lives.'
    >>> narrate("It was a great run!", Voices("Kai"))
    'Kai says it was a great run!'
    """
    text = without_opening(" ".join(sentence.replace("\u2019", "'").split()))
    if not any(character.isalnum() for character in text):
        return ""
    if text.rstrip(" .!\"')").endswith("?"):
        return _question(text.rstrip(" .!?\"')"), voices)
    told = _closed(_persons(text, voices))
    opens_with_name = told.startswith(voices.speaker) and not told[len(voices.speaker)].isalnum()
    return told if opens_with_name else f"{voices.speaker} says {_lowered(told)}"


def without_opening(text: str) -> str:
    """The sentence without its leading interjections and discourse markers.

    >>> without_opening("Oh, well, you know, it works.")
    'it works.'
    """
    found = _OPENING.match(text)
    return text[found.end() :] if found else text


def _closed(text: str) -> str:
    """The sentence with a closing mark, which chat messages often lack."""
    return text if text[-1:] in ".!?\u2026\"')" else text.rstrip(" ,;:-") + "."


def _question(text: str, voices: Voices) -> str:
    found = _QUESTION.fullmatch(text)
    if found is None:
        return f"{voices.speaker} asks {_lowered(_persons(text, voices))}?"
    head, aux, subject = (found["head"] or "").strip(), found["aux"].lower(), found["subject"].lower()
    rest = found["rest"]
    # "do" only carries the question: without it the verb follows its subject; every other auxiliary moves behind the subject.
    clause = f"{subject} {rest}" if aux in ("do", "does") else f"{subject} {aux} {rest}"
    if aux == "does":
        clause = f"{subject} {_conjugated(rest)}"
    said = _persons(("I" + clause[1:]) if subject == "i" else clause, voices, subject_first=True)
    return f"{voices.speaker} asks {_persons(head.lower(), voices) or 'whether'} {said}".rstrip() + "."


def _persons(text: str, voices: Voices, *, subject_first: bool = False) -> str:
    """The text with first and second person turned into names, their verbs with them."""
    parts: list[str] = _WORD.findall(text)
    out: list[str] = []
    before = ""
    for place, part in enumerate(parts):
        base, mark, ending = part.partition("'")
        suffix = _ENDINGS.get(mark + ending.lower())
        word = base.lower() if suffix is not None else part.lower()
        name = _name(word, voices)
        if name is None:
            out.append(
                _PLURALS.get(word, part) if suffix is None else (_PLURALS[word] + mark + ending if word in _PLURALS else part)
            )
        else:
            out.append(name + (suffix or ""))
            first = subject_first and not before
            if suffix is None and word in ("i", "you") and (word == "i" or first or _is_subject(before, parts[place + 1 :])):
                _conjugate_next(parts, place + 1)
        if not part.isspace():
            before = part.lower()
    return "".join(out)


_PLURALS = {"we": "they", "us": "them", "our": "their", "ours": "theirs", "ourselves": "themselves"}


def _name(word: str, voices: Voices) -> str | None:
    speaker, listener = voices.speaker, voices.listener
    own = {"i": speaker, "me": speaker, "my": f"{speaker}'s", "mine": f"{speaker}'s", "myself": speaker}
    if word in own:
        return own[word]
    if listener is not None:
        return {"you": listener, "your": f"{listener}'s", "yours": f"{listener}'s", "yourself": listener}.get(word)
    return None


def _is_subject(before: str, after: list[str]) -> bool:
    following = next((part.lower() for part in after if not part.isspace()), "")
    if following in _IRREGULAR or following in _FIXED:
        return True
    return not before or not before[0].isalpha() or before in _BEFORE_SUBJECT


def _conjugate_next(parts: list[str], start: int) -> None:
    for place in range(start, len(parts)):
        word = parts[place].lower()
        if word.isspace() or word in _ADVERBS or (word.endswith("ly") and len(word) > 4):
            continue
        if word[0].isalpha():
            parts[place] = _conjugated(parts[place])
        return


def _conjugated(verb: str) -> str:
    """The third person of the first word, left alone where it is a past form, a modal verb or no verb."""
    first, space, rest = verb.partition(" ")
    word = first.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word] + space + rest
    if word in _FIXED or word in _NO_VERB or not word.isalpha() or word.endswith(("ed", "ing")):
        return verb
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return first[:-1] + "ies" + space + rest
    return first + ("es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else "s") + space + rest


def _lowered(text: str) -> str:
    first = text.partition(" ")[0]
    return text[0].lower() + text[1:] if first.lower() in _LOWERED else text
