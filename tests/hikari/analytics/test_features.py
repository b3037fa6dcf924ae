import math
import random
from collections import Counter
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics import features
from hikari.analytics.events import EMOTIONS, ChatEvent
from hikari.analytics.features import ABSENT, FEATURES, INDEX
from hikari.analytics.sketches import stable_hash
from hikari.analytics.windows import StreamWindows
from hikari.errors import BadInput

FIRST = 28_333_334
START = FIRST * 60.0
TEXTS = [
    *(
        "hello",
        "Hello!!",
        "Kappa",
        "LUL Kappa",
        "what is this",
        "is it?",
        "@ann hi",
        "!commands",
        "NO WAY BRO",
        "nice \U0001f602",
        "gg gg",
    ),
    *(
        "this is a long text that people paste",
        "THIS is a long text, that people paste",
        "another rather long text for the chat today",
    ),
]


def stream(seed: int, minutes: int = 25, rate: float = 6.0, chatters: int = 12) -> list[ChatEvent]:
    chance, time, events = random.Random(seed), START + 7, []
    while time < START + minutes * 60:
        mood = chance.choice([None, chance.randint(-100, 100) / 100])
        signals = (
            mood,
            chance.choice([None, *EMOTIONS]),
            chance.choice([None, 0.2, 0.5, 0.9]),
            chance.choice([None, None, True, False]),
        )
        events.append(ChatEvent(time, f"viewer{chance.randrange(chatters)}", chance.choice(TEXTS), *signals))
        time += round(chance.expovariate(rate / 60), 3) + (400 if chance.random() < 0.01 else 0)
    return events


def replayed(events: list[ChatEvent]) -> StreamWindows:
    windows = StreamWindows()
    for event in events:
        windows.add(event)
    return windows


def words_of(text: str) -> list[str]:
    return [word.casefold().strip("!?,.") for word in text.split()]


def reference(events: list[ChatEvent], number: int) -> dict[str, float]:
    """The features straight from their definitions, without any of the code under test."""
    here = [event for event in events if event.timestamp // 60 == number]
    past = [event for event in events if number - 5 <= event.timestamp // 60 < number]
    n, found = len(here), dict.fromkeys(FEATURES, 0.0)
    found |= {name: value for name, value in zip(FEATURES, ABSENT.tolist(), strict=True) if math.isnan(value)}
    found |= {"in_stream": 1.0, "minutes_since_start": number - events[0].timestamp // 60}
    slots = Counter(int(event.timestamp // 5) for event in events)
    counts = [slots[slot] for slot in range(number * 12, number * 12 + 12)]
    longer = [slots[slot] for slot in range((number - 4) * 12, number * 12 + 12)]
    if any(longer):
        found["fano_5m"] = float(np.var(longer, ddof=1) / np.mean(longer))
    if not n:
        return found
    authors = Counter(event.username for event in here)
    before = {event.username for event in events if event.timestamp // 60 < number}
    words = [words_of(event.message) for event in here]
    emotes = [[word in {"kappa", "lul"} or "\U0001f602" in word for word in each] for each in words]
    old_texts = {tuple(sorted(words_of(event.message))) for event in past}
    texts = [tuple(sorted(each)) for each in words]
    moods = [event.sentiment for event in here if event.sentiment is not None]
    feelings = [event.emotion for event in here if event.emotion is not None]
    toxic = [event.toxicity for event in here if event.toxicity is not None]
    asked = [event.message == "what is this" or "?" in event.message for event in here]
    questions = [guess if event.question is None else event.question for event, guess in zip(here, asked, strict=True)]
    shares = np.array(list(authors.values())) / n
    distinct = {word for each in words for word in each}
    return found | {
        "messages": n,
        "unique_chatters": len(authors),
        "first_time_chatters": len(set(authors) - before),
        "returning_chatters": len(set(authors) & before),
        "mean_length": sum(len(event.message) for event in here) / n,
        "mean_words": sum(map(len, words)) / n,
        "emote_share": sum(map(sum, emotes)) / sum(map(len, words)),
        "emote_only_share": sum(map(all, emotes)) / n,
        "question_share": sum(questions) / n,
        "caps_share": sum(event.message == "NO WAY BRO" for event in here) / n,
        "mention_share": sum("@" in event.message for event in here) / n,
        "command_share": sum(event.message.startswith("!") for event in here) / n,
        "sentiment_known": len(moods) / n,
        "mean_sentiment": sum(moods) / len(moods) if moods else math.nan,
        "emotion_known": len(feelings) / n,
        **{f"emotion_{name}": feelings.count(name) / len(feelings) if feelings else math.nan for name in EMOTIONS},
        "toxicity_known": len(toxic) / n,
        "toxic_share": sum(score >= 0.5 for score in toxic) / len(toxic) if toxic else math.nan,
        "peak_slot": max(counts),
        "fano": np.var(counts, ddof=1) / np.mean(counts),
        "gini": np.abs(shares[:, None] - shares).sum() / (2 * len(shares)),
        "herfindahl": (shares**2).sum(),
        "message_novelty": sum(text not in old_texts for text in texts) / n,
        "copypasta_share": sum(len(text) >= 6 and (text in old_texts or texts.count(text) > 1) for text in texts) / n,
        "word_novelty": len(distinct - {word for text in old_texts for word in text}) / len(distinct),
    }


@pytest.mark.parametrize("seed", range(6))
def test_every_feature_is_what_its_definition_says(seed: int) -> None:
    events = stream(seed, rate=[1, 6, 30][seed % 3])
    windows = replayed(events)
    table = features.rows(windows, START + 25 * 60, 25)
    for number in range(25):
        wanted = reference(events, FIRST + number)
        assert dict(zip(FEATURES, table[number].tolist(), strict=True)) == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_rows_asked_for_minute_by_minute_never_change() -> None:
    events, windows, seen = stream(3, 60), StreamWindows(), list[np.ndarray]()
    number = FIRST
    for event in events:
        while event.timestamp >= (number + 1) * 60:
            number += 1
            seen.append(features.rows(windows, number * 60, 30))
        windows.add(event)
    whole = features.rows(windows, (number + 1) * 60, 61)[-(len(seen) + 1) :]
    for end, table in enumerate(seen, start=1):
        assert np.array_equal(table, features.window(whole, end), equal_nan=True)


def test_a_minute_asked_for_while_it_runs_is_not_answered() -> None:
    windows = replayed([ChatEvent(START + 5, "ann", "hi"), ChatEvent(START + 65, "ann", "hi")])
    assert features.last_minute(START + 119.9) == FIRST
    assert np.array_equal(features.rows(windows, START + 119.9, 3), features.rows(windows, START + 60, 3), equal_nan=True)


def test_a_crowd_is_estimated_within_the_stated_errors() -> None:
    windows, chatters = StreamWindows(), 8_000
    for number in range(chatters):
        text = f"w{number} common" if number % 2 else "common"
        windows.add(ChatEvent(START + number % 60, f"viewer{number}", text))
    for number in range(0, chatters, 4):
        windows.add(ChatEvent(START + 60 + number % 60, f"viewer{number}", f"w{number + (number % 8 > 3)} common"))
    row = dict(zip(FEATURES, features.rows(windows, START + 60, 1)[0].tolist(), strict=True))
    assert row["unique_chatters"] == pytest.approx(chatters, rel=0.12)
    assert row["first_time_chatters"] == pytest.approx(chatters, rel=0.01)
    assert row["gini"] == 0
    assert row["herfindahl"] == pytest.approx(1 / chatters, rel=0.12)
    later = dict(zip(FEATURES, features.rows(windows, START + 120, 1)[0].tolist(), strict=True))
    # Half of the texts "w4 common" name an even number, which nobody wrote alone; the others were written in the minute before.
    assert later["message_novelty"] == pytest.approx(0.5, abs=0.14)
    assert later["word_novelty"] == pytest.approx(0.5, abs=0.14)


def test_closed_forms() -> None:
    even = replayed([ChatEvent(START + 5 * slot, f"viewer{slot % 4}", f"text{slot}") for slot in range(12)])
    row = dict(zip(FEATURES, features.rows(even, START + 60, 1)[0].tolist(), strict=True))
    assert (row["fano"], row["gini"], row["herfindahl"], row["message_novelty"]) == (0.0, 0.0, 0.25, 1.0)
    burst = replayed([ChatEvent(START + 1, "ann", "one two three four five six") for _ in range(12)])
    row = dict(zip(FEATURES, features.rows(burst, START + 60, 1)[0].tolist(), strict=True))
    assert (row["fano"], row["gini"], row["herfindahl"], row["copypasta_share"], row["peak_slot"]) == (12.0, 0.0, 1.0, 1.0, 12.0)


def test_series_leave_out_what_was_before_the_stream() -> None:
    windows = replayed([ChatEvent(START + 5, "ann", "hi"), ChatEvent(START + 125, "bob", "hi")])
    times, values = features.series(windows, "messages", START + 200)
    assert times.tolist() == [START, START + 60, START + 120]
    assert values.tolist() == [1, 0, 1]


def test_windows_of_a_matrix() -> None:
    matrix = np.zeros((40, len(FEATURES)))
    matrix[:, INDEX["minutes_since_start"]] = [*range(25), *range(15)]
    matrix[:, INDEX["in_stream"]] = 1
    assert features.window(matrix, 40)[:, 0].sum() == 15  # a second stream began in the recording
    assert features.window(matrix, 25)[:, 0].tolist() == [0] * 5 + [1] * 25
    assert np.array_equal(features.window(matrix, 1)[0], ABSENT, equal_nan=True)
    for end in (0, 41):
        with pytest.raises(BadInput):
            features.window(matrix, end)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 290), st.integers(0, 4), st.text(max_size=30)), max_size=40))
def test_shares_are_shares_whatever_people_write(script: list[tuple[int, int, str]]) -> None:
    windows = replayed([ChatEvent(START + time, f"v{who}", text) for time, who, text in sorted(script)])
    table = features.rows(windows, START + 300, 5)
    assert table.dtype == np.float64
    assert not np.isnan(np.delete(table, np.flatnonzero(np.isnan(ABSENT)), axis=1)).any()
    for name in FEATURES:
        if name.endswith(("share", "novelty", "known")) or name in ("gini", "herfindahl", "in_stream"):
            assert np.nanmax(table[:, INDEX[name]], initial=0) <= 1
            assert np.nanmin(table[:, INDEX[name]], initial=0) >= 0
    assert table[:, INDEX["messages"]].sum() == len(script)


def test_names_are_unique_and_keys_stay_what_they_were() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == len(ABSENT)
    assert stable_hash("viewer") == int.from_bytes(blake2b(b"viewer", digest_size=8).digest(), "little")
