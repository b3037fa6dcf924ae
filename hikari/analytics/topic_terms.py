"""What a group of messages is about, in its own words: class-based TF-IDF (Grootendorst, 2022).

    W(t, c) = tf(t, c) * ln(1 + A / f(t))

with tf the share of term t among the terms of class c, f its number in all classes and A the mean number of terms in a class. Terms are
words and pairs of neighbouring words; mentions, links, emotes, bot commands and stop words are none, and a term needs two chatters, so
that no single viewer's private words become a label.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

from hikari.analytics.words import is_emote

LEAST_CHATTERS = 2
MAX_TERMS = 10
_SKIPPED = re.compile(r"https?://\S+|www\.\S+|@\w+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_](?:[\w'’]*\w)?", re.UNICODE)
_SHORTENED = re.compile("n?['’]")
_STRETCHED = re.compile(r"(.)\1{2,}")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")
"""Japanese and Chinese, which write without spaces: pairs of characters stand for words."""
_CHATTER = """
ah aha ahh also aw aww bruh btw bye chat cos cuz dont dude eh gg going gonna good got gotta guys haha hahaha hehe hello hey
hi hm hmm idk im ish it's its just know kinda like lmao lmfao lol lul maybe mean nah nice nope nvm oh okay ok omg oof ooh pls
please pretty really right rip rofl so still stuff sure thank thanks thats that's thing things think tho though uh um wait
wanna want welcome well what's whats woah wow wtf xd ya yay yea yeah yep yes yo yup you're youre i'm i'll i've don't can't
cant didn't doesn't isn't did does do she's he's get make let say said see look need one guess feel come came
"""
_FILLER = frozenset(_CHATTER.split())


def plain(message: str) -> str:
    """The message as copies of it are recognised: case, stretched letters, punctuation and spacing do not matter.

    >>> plain("NOOOOO   way!!"), plain("noo way")
    ('noo way', 'noo way')
    """
    text = unicodedata.normalize("NFKC", message).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in _STRETCHED.sub(r"\1\1", text)).split())


def words(message: str) -> list[str]:
    """The words of a message that may say what it is about, in order, lower case."""
    text = " ".join(word for word in _SKIPPED.sub(" ", message).split() if not is_emote(word))
    text = _STRETCHED.sub(r"\1\1", unicodedata.normalize("NFKC", text).casefold())
    stop = stop_words()
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if _UNSPACED.search(word):
            found += [run[at : at + 2] for run in _UNSPACED.findall(word) for at in range(max(len(run) - 1, 1))]
        elif len(word) > 2 and word not in stop and _SHORTENED.split(word)[0] not in stop:
            found.append(word)
    return found


def terms(message_words: Sequence[str]) -> list[str]:
    """Words and pairs of neighbours."""
    return [*message_words, *(f"{one} {other}" for one, other in pairwise(message_words))]


def class_terms(
    classes: Mapping[int, Iterable[tuple[str, Sequence[str]]]], banned: Collection[str] = ()
) -> dict[int, list[tuple[str, float]]]:
    """For each class of (chatter, words) its best terms with their weights, highest first, at most `MAX_TERMS`.

    `banned` words (in lower case, such as the names of viewers) are in no term.
    """
    counts: dict[int, Counter[str]] = {}
    chatters: dict[str, set[str]] = defaultdict(set)
    for one, messages in classes.items():
        counter = counts[one] = Counter()
        for chatter, message_words in messages:
            kept = terms([word for word in message_words if word not in banned])
            counter.update(kept)
            for term in set(kept):
                chatters[term].add(chatter)
    overall: Counter[str] = Counter()
    for counter in counts.values():
        overall.update(counter)
    average = sum(overall.values()) / max(len(counts), 1)
    found: dict[int, list[tuple[str, float]]] = {}
    for one, counter in counts.items():
        total = max(sum(counter.values()), 1)
        weighed = {
            term: number / total * math.log1p(average / overall[term])
            for term, number in counter.items()
            if len(chatters[term]) >= LEAST_CHATTERS
        }
        found[one] = sorted(weighed.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_TERMS]
    return found


def label_of(weighed: Sequence[tuple[str, float]], size: int = 3) -> str:
    """The best terms as a label; a word inside a pair that is there already is not said twice."""
    chosen: list[str] = []
    for term, _ in weighed:
        if not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
        if len(chosen) == size:
            break
    return ", ".join(chosen)


def likeness(one: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]) -> float:
    """Cosine of two lists of weighted terms, 0..1."""
    mine, theirs = dict(one), dict(other)
    product = sum(weight * theirs.get(term, 0.0) for term, weight in mine.items())
    norms = math.sqrt(sum(x * x for x in mine.values()) * sum(x * x for x in theirs.values()))
    return min(product / norms, 1.0) if norms else 0.0


@cache
def stop_words() -> frozenset[str]:
    """scikit-learn's English list and what chat says all the time."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # pyright: ignore[reportMissingTypeStubs]

    return ENGLISH_STOP_WORDS | _FILLER
