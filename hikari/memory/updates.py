"""Whether a newer message takes the place of an older one, where no structured fact says so.

A conservative rule over the words: the same holder, the same topic, another value of the same kind or an ending, and a word that
marks the change (`now`, `actually`, `moved`, `no longer`). Two statements that may both be so stay side by side.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from hikari.memory.exclusive_states import EXCLUSIVE
from hikari.memory.facts import FactBook
from hikari.memory.frames import Frame, read_frame, stem
from hikari.memory.relation_words import KIN, PETS
from hikari.memory.relations import Relation, relations
from hikari.memory.update_words import (
    ADDING,
    BEST,
    CHANGE_VERBS,
    COUNTED,
    CUES,
    ENDING,
    FADED,
    NOT_AT_HOME,
    OVER,
    PLACE,
    PLURAL_VERBS,
    PRONOUNS,
    QUALIFIERS,
    RENOUNCED,
    REVISED,
    STOP,
)

ALIKE = 0.6
"""Cosine from which two texts of one speaker, of which the newer marks a change, are taken to be about one thing."""
NEAR = 0.5
"""Cosine from which the newer of two texts of one holder is ranked first."""
LEAST_SIMILARITY = 0.2
"""Cosine of the two texts below which they are not about one thing, whatever their words."""


@lru_cache(maxsize=4096)
def _stated(text: str, by: str) -> tuple[Relation, ...]:
    """The relations of a text, read once: a search compares the same candidates in pairs."""
    return tuple(relations(text, by))


def replaces(old_text: str, new_text: str, *, old_by: str, new_by: str, similarity: float | None = None) -> bool:
    """Whether the newer text takes the older one's place: by a fact that it supersedes or ends, else by `supersedes`."""
    book = FactBook()
    for relation in _stated(old_text, old_by):
        book.observe(relation, 1, 1.0, old_by)
    changes = [change for relation in _stated(new_text, new_by) for change in book.observe(relation, 2, 2.0, new_by)]
    if any(change.kind in {"superseded", "ended"} and change.fact.seq == 1 for change in changes):
        return True
    if any(change.kind in {"confirmed", "disputed"} for change in changes):
        return False
    return supersedes(old_text, new_text, similarity, old_by.lower() == new_by.lower(), 1.0, 2.0)


def prefers_newer(old_text: str, new_text: str, *, old_by: str, new_by: str, similarity: float) -> bool:
    """Whether retrieval should rank the newer of two texts first; a hint, which marks nothing as superseded.

    True as well for texts of one holder that are about as much the same thing as their embeddings say (`NEAR`), unless the newer adds
    to the older one, names another of a kind, or both speak of what there may be many of. It finds twice as many updates as
    `replaces` and errs more often, which costs a rank and no memory.
    """
    if replaces(old_text, new_text, old_by=old_by, new_by=new_by, similarity=similarity):
        return True
    old, new = read_frame(old_text), read_frame(new_text)
    same_speaker = old_by.lower() == new_by.lower()
    if similarity < NEAR or not (old.stated and new.stated and _one_holder(old, new, same_speaker=same_speaker)):
        return False
    if (ADDING.search(new.string) and not ADDING.search(old.string)) or (old.topic ^ new.topic) & QUALIFIERS:
        return False
    said = [
        {(each.subject, each.attribute) for each in _stated(text, by)} for text, by in ((old_text, old_by), (new_text, new_by))
    ]
    return not said[0] & said[1]


def supersedes(
    old_text: str, new_text: str, similarity: float | None, same_speaker: bool, old_time: float, new_time: float
) -> bool:
    """Whether `new_text` is an update of `old_text`; in doubt it is not.

    `similarity` is the cosine of their embeddings, None when unknown. A text never supersedes a later one.

    >>> supersedes("the raid is on friday", "the raid got moved to sunday", None, False, 1.0, 2.0)
    True
    >>> supersedes("the raid is on friday", "the karaoke is on sunday now", None, True, 1.0, 2.0)
    False
    """
    if new_time < old_time:
        return False
    return frame_supersedes(read_frame(old_text), read_frame(new_text), similarity, same_speaker=same_speaker)


def frame_supersedes(old: Frame, new: Frame, similarity: float | None, *, same_speaker: bool) -> bool:
    """`supersedes` for texts that were read already (`frames.read_frame`), the newer one second: for many pairs of few texts."""
    if similarity is not None and similarity < LEAST_SIMILARITY:
        return False
    if not (old.stated and new.stated) or not _one_holder(old, new, same_speaker=same_speaker):
        return False
    if same_speaker and any(before.search(old.string) and after.search(new.string) for before, after in EXCLUSIVE):
        return True
    if ADDING.search(new.string) and not ADDING.search(old.string) and not re.search(r"\bnow\b.*\d|\d.*\bnow\b", new.string):
        return False
    if same_speaker and _other_slot(old, new):
        return True
    if (old.topic ^ new.topic) & (QUALIFIERS - {"next", "last"} if CHANGE_VERBS.search(new.string) else QUALIFIERS):
        return False
    if _given_up(old, new) or _revised(old, new):
        return True
    cue = CUES.search(new.string) or ENDING.search(new.string) or FADED.search(new.string) or OVER.search(new.string)
    if BEST.search(old.string) and BEST.search(new.string) and _other_value(old, new):
        return True
    if cue is None:
        return False
    if similarity is not None and same_speaker and similarity >= ALIKE and not _side_by_side(old, new):
        return True
    return _ends(old, new) or _other_value(old, new) or _same_slot(old, new) or _same_sentence(old, new)


def _one_holder(old: Frame, new: Frame, *, same_speaker: bool) -> bool:
    if old.holder == new.holder:
        return same_speaker or old.holder not in {"self", "we"} | KIN | PETS
    if not same_speaker:
        return False
    loose = {"self", "", "we"}
    if {old.holder, new.holder} <= loose:
        return True
    named = ({old.holder, new.holder} - loose) if {old.holder, new.holder} & loose else set[str]()
    return any(name in old.topic and name in new.topic for name in named)


def _other_slot(old: Frame, new: Frame) -> bool:
    """Pronouns, a home, a favourite: things one has one of, told anew in words of any kind."""
    if PRONOUNS.search(old.string) and PRONOUNS.search(new.string):
        return set(PRONOUNS.findall(old.string)) != set(PRONOUNS.findall(new.string))
    unable = re.search(r"\bcan not (\w+)", old.string)
    if unable is not None and re.search(rf"\bcan (?:finally |now )?{re.escape(unable[1])}\b", new.string):
        return True
    homes = PLACE.search(old.string), PLACE.search(new.string)
    if (homes[0] is not None and homes[1] is not None and old.holder == new.holder) or (
        homes[0] and homes[1] and "" in (old.holder, new.holder)
    ):
        return homes[0][1] != homes[1][1] and NOT_AT_HOME.search(new.string) is None
    shared = old.topic & new.topic
    return "favourite" in shared and len(shared) >= 2 and bool(new.topic - old.topic)


def _side_by_side(old: Frame, new: Frame) -> bool:
    """Whether both say the like of many-valued things (`i play bass`, `i play drums now`), or the newer does not speak of its holder."""
    verbs = set(old.words) & set(new.words) & PLURAL_VERBS
    return bool(verbs) or new.holder != old.holder


def _near(words: Sequence[str], count: int) -> set[str]:
    """The stems of the first words that mean something."""
    return {stem(word) for word in [word for word in words if word not in STOP and word[0].isalnum()][:count]}


def _given_up(old: Frame, new: Frame) -> bool:
    """`dropped mercy`, `the fiesta died`: what the old text spoke of is named beside a word that ends it."""
    if OVER.search(old.string):
        return False
    for match in FADED.finditer(new.string):
        if _near(new.string[: match.start()].split()[::-1], 2) & old.topic:
            return True
    for match in RENOUNCED.finditer(new.string):
        if _near(new.string[match.end() :].split(), 1) & old.topic and not RENOUNCED.search(old.string):
            return True
    match = OVER.search(new.string)
    return match is not None and bool(_near(new.string[: match.start()].split()[::-1], 3) & old.topic)


def _revised(old: Frame, new: Frame) -> bool:
    """`typo earlier, birthday is june 14`."""
    return (
        REVISED.search(new.string) is not None
        and bool(old.topic & new.topic)
        and bool(new.topic - old.topic or new.values != old.values)
    )


def _ends(old: Frame, new: Frame) -> bool:
    """`the collab with aria is cancelled`: what ends is all that the old text spoke of, or is named right after the ending."""
    match = ENDING.search(new.string)
    if match is None or ENDING.search(old.string):
        return False
    after = [stem(word) for word in new.string[match.end() :].split()[:4] if word not in STOP]
    before = [stem(word) for word in new.string[: match.start()].split() if word not in STOP and not CUES.fullmatch(word)]
    named = [
        word
        for word in (after[:2] if after and match[0] not in {"anymore", "any more"} else before[-2:])
        if not CUES.fullmatch(word)
    ]
    if not named and before:
        named = before
    inside = [word for word in match[0].split()[1:-1] if word not in STOP]
    named = [stem(word) for word in inside] or named
    return (
        bool(named)
        and named[0] in old.topic
        and (len(named) < 2 or named[1] in old.topic or match[0] in {"sold", "quit", "stopped", "no longer"})
    )


def _other_value(old: Frame, new: Frame) -> bool:
    """The same topic with another day, time, number, date or link."""
    kinds = [kind for kind in old.values if kind in new.values]
    if ("number" in old.values and "date" in new.values) or ("date" in old.values and "number" in new.values):
        kinds.append("date")
    moved = (
        CHANGE_VERBS.search(new.string) is not None
        and {"day", "date", "number", "month"} & set(old.values)
        and {"day", "date", "number"} & set(new.values)
    )
    if not kinds and not moved:
        return False
    if kinds and all(old.values.get(kind) == new.values.get(kind) for kind in kinds) and not moved:
        return False
    shared = old.topic & new.topic
    if moved and shared and 2 * len(shared) >= len(old.topic):
        return True
    counted = {stem(unit): number for number, unit in COUNTED.findall(old.string) if unit not in STOP}
    if any(counted.get(stem(unit), number) != number for number, unit in COUNTED.findall(new.string)):
        return True
    only_old, only_new = old.topic - new.topic, new.topic - old.topic
    known = shared or (old.holder == new.holder and old.holder not in {"self", "", "we"})
    if not known and not old.topic and not new.topic:
        known = True
    if (
        not new.topic
        and not shared
        and new.holder in {"", "self"}
        and re.match(r"(?:actually|correction|wait|no|sorry|scratch|nvm|update)\b", new.string)
    ):
        known = True  # `actually its wednesday now` says nothing but the value
    return bool(known) and (
        not only_old or not only_new or (len(only_new) == 1 and len(shared) >= 2 and len(only_old) <= 1 and "number" not in kinds)
    )


def _same_slot(old: Frame, new: Frame) -> bool:
    """`my hair is blue`, `i dyed my hair red`: the newer text names the old one's whole subject and changes it."""
    match = re.search(r"\b(?:my|our|the) ((?:[\w'-]+ ){1,4}?)(?:is|are|was) (?!not\b)(.+)", old.string) or re.match(
        r"((?:[\w'-]+ ){1,3}?)(?:is|are) (.+)", old.string
    )
    if match is None:
        return False
    slot = {stem(word) for word in match[1].split() if word not in STOP}
    if not slot or not slot <= new.topic or {"second", "other"} & new.topic:
        return False
    value = {stem(word) for word in match[2].split() if word not in STOP}
    rest = {stem(word) for word in new.string.split()} - slot - set(map(stem, STOP))
    if rest <= value:
        return False  # says the same again
    if CHANGE_VERBS.search(new.string):
        return True
    named = re.search(r"\b(?:my|our|the|new)? ?(?:new )?((?:[\w'-]+ ){1,4}?)(?:is|are) ", new.string)
    return (
        named is not None and {stem(word) for word in named[1].split() if word not in STOP and not CUES.fullmatch(word)} == slot
    )


def _same_sentence(old: Frame, new: Frame) -> bool:
    """`i play on xbox`, `i play on pc now`: word for word the same up to a value at the end."""
    one, other = [_without_cues(frame.words) for frame in (old, new)]
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    if same < 3 or same == len(other) or len(one) - same > 4 or len(other) - same > 4:
        return False
    before = next((word for word in reversed(one[:same]) if word not in {"a", "an", "the", "to", "new", "some", "playing"}), "")
    if before in PLURAL_VERBS:
        return False
    return any(word not in STOP for word in one[:same])


def _without_cues(words: Sequence[str]) -> list[str]:
    dropped = {
        "now",
        "actually",
        "instead",
        "anymore",
        "only",
        "just",
        "nowadays",
        "finally",
        "correction",
        "update",
        "always",
        "wait",
    }
    return [word for word in words if word not in dropped]
