"""Finding phone numbers in chat: shapes of international and national formats, and the words around them.

Chat is full of digits (scores, times, view counts, seeds, friend codes), and people do not write their number as a numbering plan
wants it. So a shape that nothing else has is enough by itself (`+44 ...`, `(212) 555-0187`, `06 12 34 56 78`), any other needs a
word such as "call" or "phone" before it, and a unit behind it ("views", "points") speaks against every shape.
Country codes: ITU-T E.164. All patterns are bounded, so that time grows with the length of the text only.
"""

import re
from collections.abc import Iterator

_BEFORE = r"(?<![\w.,:+\-#/$€£¥=])"
_AFTER = r"(?![\w%]|[.,:\-/]\d)"
_GAP = r"[ \u00a0.\-\u2010-\u2015/]"
_DIGIT = re.compile(r"\d")
_INTERNATIONAL = re.compile(
    r"(?<![\w+.,:])(?:\+|00[ \-]?(?=[1-9]))[ (]{0,2}\d(?:[ \u00a0().\-\u2010-\u2015/]{0,3}\d){7,14}(?![\d%])"
)
_SHAPES = tuple(
    re.compile(_BEFORE + shape + _AFTER)
    for shape in (
        rf"\(?0\d{{1,4}}\)?(?:{_GAP}{{0,3}}\(0\))?(?:{_GAP}{{1,3}}\d{{2,8}}){{1,5}}",  # trunk prefix 0, grouped: 020 7946 0958
        r"0[1-9]\d{8,10}",  # trunk prefix 0, in one piece
        rf"(?:1{_GAP})?(?:\([2-9]\d\d\){_GAP}{{0,2}}|[2-9]\d\d{_GAP})\d{{3}}{_GAP}\d{{4}}",  # 212-555-0187
        r"[6-9]\d{4} \d{5}",  # India
        r"[6-9]\d\d(?:[ .\-]\d\d){3}",  # Spain
        r"\(\d\d\) ?9? ?\d{4}[ \-]\d{4}",  # Brazil, Mexico
        r"8[ \-]?\(?\d{3}\)?[ \-]?\d{3}-\d\d-\d\d",  # Russia
    )
)
_DIGITS = re.compile(rf"{_BEFORE}\(?\d{{1,15}}\)?(?:{_GAP}{{1,2}}\d{{1,6}}){{0,7}}{_AFTER}")
_SPELLED = re.compile(
    r"\b(?:(?:double|triple|zero|oh|one|two|three|four|five|six|seven|eight|nine)(?:[ ,\-]{1,3}|\b)){7,16}", re.IGNORECASE
)
_CUE = re.compile(
    r"\b(?:phone|cell|mobile|mob|tel|telephone|telefon\w{0,8}|handy\w{0,6}|whats ?app|signal|call(?! of duty)|ring|dial|text|txt|sms"
    r"|reach|(?<!order )(?<!ticket )(?<!lucky )(?<!room )number|num|numero|número|numéro|nummer|teléfono|telefono|téléphone|móvil"
    r"|hotline|landline|fax|appelle|ruf|llámame|my digits)\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|ticket|tracking|invoice|serial|version|build|seed|id|uid|code|score|highscore|lobby|room|world|isbn|record|pb|steam"
    r"|coords?|coordinates|lottery|switch|sw|damage|dps|hp|views|total|won|donated|raised|date|since|year|ratio|mmr|elo|ip)\b\W{0,3}"
    r"(?:is|was|are|of|number|no|hit|got)?\W{0,3}$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\W{0,2}(?:views?|viewers?|subs?|subscribers?|followers?|points?|pts|bits|likes?|hours?|hrs|h|minutes?|mins?|seconds?|secs?|s|ms"
    r"|damage|dmg|dps|hp|xp|exp|gold|coins?|gems?|kills?|wins?|deaths?|losses|fps|px|people|ppl|messages?|msgs?|dollars?|euros?|bucks"
    r"|yen|usd|eur|k|m|b|million|billion|meters?|km|miles?|steps|aura|plays|streams|score|rating|mmr|elo|years?|times|x)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\(?(?:\d{1,2}([./\- ])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([./\- ])\d{1,2}\2\d{1,2})(?!\d)")
_CUE_CHARACTERS = 40
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = re.compile(
    r"20|27|30|31|32|33|34|36|39|40|41|43|44|45|46|47|48|49|51|52|53|54|55|56|57|58|60|61|62|63|64|65|66|81|82|84|86"
    r"|90|91|92|93|94|95|98"
)
_THREE_DIGITS = re.compile(
    r"21[1-8]|22\d|23\d|24\d|25[0-8]|26\d|29[0179]|298|35\d|37\d|38[0-35-79]|42[013]|50\d|59\d|67\d|68\d|69[0-2]|80[08]|85[0-6]"
    r"|88[0-8]|96\d|97\d|99[2-8]"
)


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every phone number in the text; those of different shapes may overlap."""
    digits = _DIGIT.search(text) is not None
    for match in _INTERNATIONAL.finditer(text) if digits else ():
        end = _international_end(match)
        if end is not None and not _UNIT.match(text, end):
            yield match.start(), end
    for shape in _SHAPES if digits else ():
        for match in shape.finditer(text):
            if _plausible(match[0], 9, 13) and not _denied(text, match):
                yield _unwrapped(match)
    if _CUE.search(text) is None:
        return
    for pattern in (_DIGITS, _SPELLED):
        for match in pattern.finditer(text):
            spelled = pattern is _SPELLED
            if (spelled or _plausible(match[0], 7, 15)) and _cued(text, match.start()) and not _denied(text, match):
                yield _unwrapped(match)


def _unwrapped(match: re.Match[str]) -> tuple[int, int]:
    """The span without a bracket that was opened for more than the number, and without the gap behind a spelled one."""
    opened = match[0].startswith("(") and ")" not in match[0]
    return match.start() + opened, match.start() + len(match[0].rstrip(" ,-"))


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _plausible(shown: str, least: int, most: int) -> bool:
    digits = _digits(shown)
    if not least <= len(digits) <= most or len(set(digits)) < 3 or digits in "01234567890123456789" or _DATE.match(shown):
        return False
    return not digits.startswith("00")


def _denied(text: str, match: re.Match[str]) -> bool:
    """Whether the words around say that this is another number: a unit behind, or "seed", "order" and the like before."""
    before = text[max(0, match.start() - _CUE_CHARACTERS) : match.start()]
    return _UNIT.match(text, match.end()) is not None or _OTHER_NUMBER.search(before) is not None


def _cued(text: str, start: int) -> bool:
    return _CUE.search(text, max(0, start - _CUE_CHARACTERS), start) is not None


def _international_end(match: re.Match[str]) -> int | None:
    """Where the number ends, None when it is none: an assigned country code, and the fixed length of the codes +1 and +7."""
    shown = match[0]
    digits = _digits(shown)
    number = digits.removeprefix("00")
    if len(set(number)) < 3:
        return None
    if number[0] in _ONE_DIGIT:
        if len(number) < 11 or (number[0] == "1" and number[1] in "01"):
            return None
        wanted = 11 + len(digits) - len(number)
        places = [place for place, character in enumerate(shown) if character.isdecimal()]
        last = places[wanted - 1]
        # Further digits belong to something else only behind a gap.
        return None if len(places) > wanted and places[wanted] == last + 1 else match.start() + last + 1
    known = _TWO_DIGITS.match(number) is not None or _THREE_DIGITS.match(number) is not None
    return match.end() if known and 8 <= len(number) <= 15 else None
