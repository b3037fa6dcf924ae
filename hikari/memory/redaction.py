"""Personal data in a text: where it is, and taking it out by policy before anything is stored.

Kinds: `email` (also spelled out: "name at example dot com"), `phone`, `card` (payment cards: ISO/IEC 7812 prefixes, lengths and the
check digit of Luhn, US patent 2,950,048), `address` (streets, postcodes), `ip`. Found by shapes and the words around them: a guard
against slips in a public chat, no proof that a text holds nothing personal.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from hikari.errors import BadInput
from hikari.memory.phone_numbers import find_phones
from hikari.memory.street_addresses import find_addresses

Action = Literal["keep", "redact", "refuse"]
ACTIONS = ("keep", "redact", "refuse")
KINDS = ("email", "card", "ip", "phone", "address")
"""In the order of precedence where findings overlap."""
_WITHOUT_DIGITS = ("email", "phone")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One finding: `text[start:end]` is of this kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do with each kind: keep it, put `[kind]` in its place, or refuse the whole text. Raises `BadInput`."""

    email: Action = "redact"
    phone: Action = "redact"
    card: Action = "redact"
    address: Action = "redact"
    ip: Action = "redact"

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) not in ACTIONS:
                raise BadInput(f"the policy for {each.name} must be one of {', '.join(ACTIONS)}", field=each.name)

    def action(self, kind: str) -> Action:
        return getattr(self, kind)


def find(text: str) -> list[Span]:
    """All personal data of the text, in order and without overlap.

    >>> [span.kind for span in find("mika@example.com or 212-555-0187")]
    ['email', 'phone']
    """
    taken: list[Span] = []
    # Most messages hold no digit at all, and only an address for mail or a number in words can do without.
    for kind in KINDS if _DIGIT.search(text) else _WITHOUT_DIGITS:
        # Overlapping findings of one kind are one; a kind of lower rank only has what the others left.
        merged: list[Span] = []
        for start, end in sorted(set(_FINDERS[kind](text))):
            if merged and start < merged[-1].end:
                merged[-1] = Span(merged[-1].start, max(end, merged[-1].end), kind)
            else:
                merged.append(Span(start, end, kind))
        taken = _without_overlap(taken, merged)
    return taken


def redact(text: str, policy: Policy | None = None, field: str = "content") -> tuple[str, dict[str, int]]:
    """The text with the marks `[email]`, `[phone]`, ... in the place of what the policy redacts, and how many there were of each kind.

    Raises `BadInput` that names the kinds, never the data, when the policy refuses one of them.
    """
    policy = policy or Policy()
    spans = [span for span in find(text) if policy.action(span.kind) != "keep"]
    refused = sorted({span.kind for span in spans if policy.action(span.kind) == "refuse"})
    if refused:
        raise BadInput(f"{field} holds personal data that the policy refuses: {', '.join(refused)}", field=field)
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], f"[{span.kind}]")
        at = span.end
    return "".join((*parts, text[at:])), dict(Counter(span.kind for span in spans))


def _without_overlap(taken: list[Span], further: list[Span]) -> list[Span]:
    """Both lists, each sorted and free of overlap, as one; of `further` what touches nothing taken, of an address what lies before."""
    free: list[Span] = []
    number = 0
    for span in further:
        while number < len(taken) and taken[number].end <= span.start:
            number += 1
        if number == len(taken) or taken[number].start >= span.end:
            free.append(span)
        elif span.kind == "address" and span.start < taken[number].start:
            free.append(Span(span.start, taken[number].start, span.kind))
    return sorted(taken + free)


_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"(?<![\w.+%'\-])[\w+%](?:[\w.+%'\-]{{0,63}})@(?:{_LABEL}\.){{1,5}}[^\W\d_]{{2,24}}(?![\w@])")
_BRACKET_AT = r" ?[(\[{<] ?(?:at|@|ät|arroba|a) ?[)\]}>] ?"
_SPACED_AT = r"(?: {1,3}(?:at|ät|arroba|chiocciola) {1,3}| {0,3}@ {1,3})"
_DOT = r"(?: ?[(\[{<] ?(?:dot|punkt|punto|point|\.) ?[)\]}>] ?| {1,3}(?:dot|punkt|punto|point) {1,3}| ?\. ?)"
_TOP = (
    r"(?:com|net|org|edu|gov|info|io|me|tv|gg|co|uk|us|ca|au|nz|ie|in|de|at|ch|fr|es|it|nl|be|pl|pt|se|no|dk|fi|cz|eu|jp|kr|cn|br|mx|ru"
    r"|xyz|dev|app|online|live|gmx|email|mail)"
)
_SPOKEN_LOCAL = r"(?P<local>[\w.+\-]{1,40}(?: {1,2}(?:dot|underscore|dash|minus|plus|punkt|punto) {1,2}[\w\-]{1,30}){0,3})"
_SPOKEN = re.compile(
    rf"(?<![\w.+\-]){_SPOKEN_LOCAL}(?P<at>{_BRACKET_AT}|{_SPACED_AT}|@)(?P<domain>[a-z0-9][a-z0-9\-]{{0,30}})(?P<rest>(?:{_DOT}[a-z0-9\-]{{1,30}}){{0,2}}?"
    rf"{_DOT}{_TOP}(?:{_DOT}(?:uk|au|nz|jp|br|za|in))?)\b",
    re.IGNORECASE,
)
_SPOKEN_SIGN = re.compile(r"@|\b(?:at|ät|a|arroba|chiocciola)\b(?=.)", re.IGNORECASE)
_PROVIDERS = re.compile(
    r"gmail|googlemail|yahoo|hotmail|outlook|icloud|proton|protonmail|gmx|aol|live|msn|web|yandex|fastmail|zoho|mail"
    r"|tutanota|pm|ymail"
)
_EMAIL_CUE = re.compile(r"\b(?:e-?mail|mail|contact|write|reach|inbox|gmail|correo|business inquir\w{1,5})\b", re.IGNORECASE)
_NO_LOCALS = re.compile(
    r"me|us|him|her|them|it|you|out|up|look|looking|meet|meeting|met|buy|bought|work|works|worked|shop|check"
    r"|available|found|online|streaming|stream|streams|live|here|now|stuff|arrive|arrives|is|are|was|were|be|am|and"
    r"|or|not|just|read|watch|watching|store|sale|support|over|back|one|some|that|this|mail|email|more|info|looked"
    r"|posted|post|visit|visiting|join|joined|see|saw|hang|play|plays|playing|free|only|still|video|videos|page|site"
    r"|website|channel|article|try|order|account|sign|login|register|go|going"
)
_DIGIT_RUN = re.compile(r"(?<![\w.,+])\d{1,19}(?:[ \-.]\d{1,19})*(?!\w)")
_GROUP = re.compile(r"\d+")
_CARD_CUE = re.compile(
    r"\b(?:cards?|visa|mastercard|amex|american express|debit|credit|cc|karte|kreditkarte|carte|tarjeta|maestro|discover)\b",
    re.IGNORECASE,
)
_CARD_NUMBER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|222[1-9]\d{12}|22[3-9]\d{13}|2[3-6]\d{14}|27[01]\d{13}|2720\d{12}"  # Visa, Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|(?:50|5[6-8]|6\d)\d{10,17}"  # Amex, Diners, JCB, all others
)
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 4, 3), (4, 4, 5), (8, 8)}
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-fA-F:]{3,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_VERSION = re.compile(
    r"\b(?:v|ver|version|patch|build|update|firmware|driver|release|drivers|dlc)\b\W{0,2}(?:is|to|number)?\W{0,2}$",
    re.IGNORECASE,
)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield match.span()
    if _SPOKEN_SIGN.search(text) is None:
        return
    for match in _SPOKEN.finditer(text):
        if _is_spoken_email(text, match):
            yield match.span()


def _is_spoken_email(text: str, match: re.Match[str]) -> bool:
    """Whether "a at b dot com" is an address: brackets say so; a plain "at" is an English word before many a web site."""
    at, local = match["at"].strip(), match["local"]
    if at[0] in "([{<" or match["at"] == "@":
        return True
    if _NO_LOCALS.fullmatch(local.lower().split()[-1]) or match["domain"].lower() in ("twitch", "youtube", "twitter", "discord"):
        return False
    spelled = "." not in match["rest"] or " " in match["rest"]
    cued = _EMAIL_CUE.search(text, max(0, match.start() - 40), match.start()) is not None
    return spelled or cued or _PROVIDERS.fullmatch(match["domain"].lower()) is not None or re.search(r"[\d._]", local) is not None


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _DIGIT_RUN.finditer(text):
        groups = [match.span() for match in _GROUP.finditer(text, run.start(), run.end())]
        for first in range(len(groups)):
            for last in range(first, len(groups)):
                sizes = tuple(end - start for start, end in groups[first : last + 1])
                if sum(sizes) > 19:
                    break
                start, end = groups[first][0], groups[last][1]
                digits = "".join(filter(str.isdecimal, text[start:end]))
                grouped = len(sizes) == 1 or sizes in _CARD_GROUPS
                if sum(sizes) >= 12 and is_card(digits) and (grouped or _CARD_CUE.search(text, max(0, start - 60), start)):
                    yield start, end


def is_card(digits: str) -> bool:
    """Whether these digits can be a payment card: a known prefix with its length, and Luhn's check digit.

    >>> is_card("4242424242424242"), is_card("4242424242424243")
    (True, False)
    """
    if not _CARD_NUMBER.fullmatch(digits):
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (
        len(set(digits)) > 1
        and (sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
    )


def _ips(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if _is_ip(match[0]) and not _VERSION.search(text[max(0, match.start() - 24) : match.start()]):
                yield match.span()


def _is_ip(shown: str) -> bool:
    """Whether it is an address that says something about somebody: loopback and the like do not, nor does a short `a::b`."""
    if ":" in shown and (shown.count(":") < 2 or not any(map(str.isdecimal, shown)) or len(shown) < 6):
        return False
    try:
        address = ipaddress.ip_address(shown)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address == ipaddress.ip_address("255.255.255.255"))


_FINDERS = {"email": _emails, "card": _cards, "ip": _ips, "phone": find_phones, "address": find_addresses}
