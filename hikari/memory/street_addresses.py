"""Finding where somebody lives: street and house number in several styles, and postcodes beside words that give them away.

English addresses are a number, one to four words and a word for a street ("12 Oak Hill Lane"); German, Dutch and Nordic ones end in
such a word and a number follows ("Lindenweg 3"); Romance and Slavic ones begin with it ("rue de la Paix", "Calle Mayor 5").
Words that mean much else ("way", "place", "court") count only with capitals, a unit, a postcode, or a word such as "live" before.
All patterns are bounded, so that time grows with the length of the text only.
"""

import re
from collections.abc import Iterator

_STRONG = r"street|road|rd|avenue|ave|boulevard|blvd|lane|ln|crescent|terrace|strasse"
_WEAK = (
    r"st|str|drive|dr|court|ct|place|pl|way|close|square|sq|hill|row|walk|circle|cir|trail|trl|grove|gardens|mews|parade|highway|hwy"
    r"|parkway|pkwy|esplanade|quay|wharf|alley|loop|cres|rise|green|view|vale|park|heights|crossing|broadway"
)
_START = r"(?<![\w.,:#$€£¥\-])"
_NUMBER = r"\d{1,5}(?:[a-z](?!\w)| ?[\-–/] ?\d{1,5}[a-z]?(?!\w))?"
_UNIT_NAME = r"(?:flat|apt|apartment|unit|suite|ste|floor|room|appt?)"
_ENGLISH = re.compile(
    rf"(?<![\w.,:$€£¥\-])(?P<unit>(?:{_UNIT_NAME}\.? ?#? ?\w{{1,5}}|#\d{{1,5}}),? {{1,2}})?{_NUMBER},? {{1,2}}"
    rf"(?P<name>(?:[^\W_][\w'’.\-]{{0,24}} {{1,2}}){{1,4}}?)(?P<suffix>{_STRONG}|{_WEAK})\b"
    rf"(?! {{1,2}}(?:{_STRONG}|{_WEAK}|fighter)\b)\.?(?: (?:NW|NE|SW|SE|N|S|E|W)\b)?",
    re.IGNORECASE,
)
_AMERICAS = re.compile(rf"{_START}\d{{1,5}} (?:avenue|ave) of the \w{{2,20}}", re.IGNORECASE)
_NUMBERED_ROAD = re.compile(
    rf"{_START}\d{{3,5}} (?:county |state |old )?(?:road|rd|highway|hwy|route) \d{{1,4}}\b", re.IGNORECASE
)
_PO_BOX = re.compile(r"\b(?:p\.? ?o\.? ?box|postfach|apartado(?: postal)?) {1,2}#?\d{1,6}\b", re.IGNORECASE)
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
    r"|NSW|VIC|QLD|TAS|ACT|ON|QC|BC|AB|MB|SK|NS|NB)"
)
_UK = r"[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}\b"
_CANADA = r"[ABCEGHJ-NPRSTVXYabceghj-nprstvxy]\d[A-Za-z] ?\d[A-Za-z]\d\b"
_POSTCODE = rf"(?:\d{{5}}(?:-\d{{4}})?\b|{_UK}|{_CANADA}|\d{{4}} ?[A-Z]{{2}}\b|\d{{2}}-\d{{3}}\b|\d{{4}}\b(?! ?\d))"
_CITY = r"[A-Z][\w'’.\-]{1,24}(?: [A-Z][\w'’.\-]{1,24}){0,2}"
_TAIL = re.compile(
    rf"(?P<unit>,? (?:(?i:{_UNIT_NAME})\.? ?#? ?\w{{1,5}}\b|#\d{{1,5}}\b))?(?P<city>,? {_CITY}(?=,? (?:{_STATE}\b|{_POSTCODE})))?"
    rf"(?P<state>,? {_STATE}\b)?(?P<postcode>,? {_POSTCODE}(?: {_CITY})?)?"
)
_TAIL_MARK = re.compile(r",? (?:#\d|(?:apt|apartment|unit|suite|flat)\b)", re.IGNORECASE)
_LETTERS = r"[^\W\d_]"
_HOUSE = r"(?:,? ?(?:n[ºo°]\.? ?|nr\.? ?|no\.? ?)?\d{1,4}(?: ?(?:bis|ter|[a-zA-Z]))?(?!\w|[.:]\d))"
_PARTICLE = r"(?:(?:de|du|des|del|della|dei|di|da|dos|das|do|la|le|les|las|los|el|l['’]|d['’]|san|santa|saint|sainte) ?)"
_EUROPEAN = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_LETTERS}{{2,30}}(?:stra(?:ß|ss)e|straat|laan|gracht|plein|kade|vägen|gatan|veien|gaten|vej|katu)\b{_HOUSE}",
        rf"\b(?:[A-ZÄÖÜ]{_LETTERS}{{1,20}}[ \-])?"
        rf"(?:[A-ZÄÖÜ]{_LETTERS}{{2,24}}(?:str\.|weg|platz|allee|gasse|damm|ufer|gade|singel|dijk)|[Ss]tr\.){_HOUSE}",
        rf"\b[A-ZÄÖÜ]{_LETTERS}{{2,24}}(?:er|e)? (?:Stra(?:ß|ss)e|Str\.|Allee|Platz|Weg|Ring|Damm|Ufer){_HOUSE}",
        rf"\b(?:[Aa]m|[Aa]n der|[Aa]uf der|[Ii]m|[Zz]um|[Zz]ur) [A-ZÄÖÜ]{_LETTERS}{{3,24}} \d{{1,3}}[a-z]?,? \d{{5}}\b",
        rf"{_START}\d{{1,4}}(?: ?(?:bis|ter))?,? "
        rf"(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]llée|[Qq]uai|[Rr]oute|[Cc]ours)"
        rf" {_PARTICLE}{{1,3}}{_LETTERS}[\w'’\-]{{1,24}}(?: [A-Z][\w'’\-]{{1,24}}){{0,3}}",
        rf"{_START}\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|Rue|impasse|Impasse|chemin|Chemin|quai|Quai)"
        rf" {_LETTERS}[\w'’\-]{{1,24}}(?: [A-Z][\w'’\-]{{1,24}}){{0,3}}",
        rf"\b(?:[Cc]alle|C/|c/|[Aa]venida|[Aa]v(?:da)?\.|[Pp]laza|[Pp]aseo|[Cc]arrer|[Rr]ua|[Tt]ravessa|[Pp]raça|[Vv]iale|[Pp]iazza|[Vv]icolo)"
        rf" ?{_PARTICLE}{{0,2}}(?:{_LETTERS}[\w'’\-]{{1,24}} ?){{1,4}}?{_HOUSE}",
        rf"\b(?:[Vv]ia|[Cc]orso|[Ll]argo) {_PARTICLE}{{0,2}}(?:[A-ZÀÈÉ][\w'’\-]{{1,24}} ?){{1,4}}?{_HOUSE}",
        rf"\b(?:ul\.|ulica|[Uu]lice) ?(?:{_LETTERS}[\w\-]{{1,24}} ?){{1,3}}?{_HOUSE}(?:/\d{{1,4}})?",
    )
)
_CODE_CUE = re.compile(
    rf"\b(?:post ?code|postal code|zip ?code|zip|plz|postleitzahl|code postal|código postal)\b"
    rf"(?: is| =|:| ist)? {{0,2}}(?P<code>{_POSTCODE})",
    re.IGNORECASE,
)
_CITY_STATE_ZIP = re.compile(rf"\b{_CITY},? {_STATE},? \d{{5}}(?:-\d{{4}})?\b")
_CUED_CODES = re.compile(rf"(?<![\w\-])(?:{_UK}|{_CANADA}|\d{{5}} [A-ZÄÖÜ][a-zäöüß]{{2,24}}\b|\d{{4}} ?[A-Z]{{2}}\b)")
_CUE = re.compile(
    r"\b(?:lives?|living|lived|address|house|home|moved|moving|located|stay(?:s|ing)?|send|ship|mail|deliver\w{0,3}|come (?:over )?to"
    r"|meet (?:me )?at|my place|reside|neighbou?rhood|wohn\w{0,4}|adresse|habite|vivo|dirección|abito|woon|mieszkam|jag bor|jeg bor)\b",
    re.IGNORECASE,
)
_CUE_CHARACTERS = 60
_NO_NAMES = re.compile(
    r"the|a|an|of|in|on|at|my|your|his|her|our|their|this|that|these|those|and|or|for|to|from|with|is|was|are|were"
    r"|be|been|i|you|he|she|it|we|they|me|him|them|people|ppl|times|more|most|cars|miles|km|minutes|mins|min|hours"
    r"|hour|hrs|days|day|weeks|months|years|new|guys|lane|lanes|wide|dirt|busy|different|whole|other|best|worst|good"
    r"|bad|very|out|off|over|under|by|if|so|no|not|left|right|away|after|before|every|each|all|some|down|up|cc"
    r"|rainbow|victory|games|wins|points|subs|players|runs|levels|star|stars|first|second|third|k|only|just|ways"
    r"|in-game|am|pm|kills|deaths|laps|seconds|sec|views|bits|dollars|viewers|bucks|gold|gonna|take|get|go|got"
)


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every address in the text; those of different styles may overlap."""
    for match in _ENGLISH.finditer(text):
        if _is_english(text, match):
            yield match.start(), _with_tail(text, match.end())
    for pattern in (_AMERICAS, _NUMBERED_ROAD, _PO_BOX, *_EUROPEAN):
        for match in pattern.finditer(text):
            yield match.start(), _with_tail(text, match.end())
    for match in _CITY_STATE_ZIP.finditer(text):
        if not match[0].isupper():  # shouted words end in IN, ME, OR as well
            yield match.span()
    for match in _CODE_CUE.finditer(text):
        yield match.span("code")
    if _CUE.search(text) is not None:
        for match in _CUED_CODES.finditer(text):
            if _cued(text, match.start()):
                yield match.span()


def _is_english(text: str, match: re.Match[str]) -> bool:
    words = match["name"].split()
    if any(_NO_NAMES.fullmatch(word.lower().strip(".")) for word in words):
        return False
    if re.fullmatch(_STRONG, match["suffix"], re.IGNORECASE):
        return True
    tail = _TAIL.match(text, match.end())
    beside = match["unit"] or _TAIL_MARK.match(text, match.end()) or (tail is not None and (tail["state"] or tail["postcode"]))
    capitals = all(word[0].isupper() or word[0].isdigit() for word in (*words, match["suffix"])) and not text.isupper()
    return bool(beside) or capitals or _cued(text, match.start())


def _with_tail(text: str, end: int) -> int:
    """The end with unit, town and postcode that follow the street."""
    tail = _TAIL.match(text, end)
    return end if tail is None else tail.end()


def _cued(text: str, start: int) -> bool:
    return _CUE.search(text, max(0, start - _CUE_CHARACTERS), start) is not None
