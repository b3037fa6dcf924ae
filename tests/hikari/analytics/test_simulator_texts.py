"""What simulated viewers write: the lengths and shares asked for, and nothing left unfilled."""

from dataclasses import replace

import numpy as np
import pytest

from hikari.analytics import simulator_texts as texts
from hikari.analytics.simulator_config import MAX_WORDS
from hikari.analytics.simulator_phrases import BANKS, COPYPASTA, EMOTE_NAMES, FILLER, GAMES, SLOTS
from hikari.analytics.simulator_random import Draws
from hikari.analytics.simulator_texts import Scene, Speaker, Writer
from tests.hikari.analytics.simulated import PROFILE, WORDS

SPEAKER = Speaker.of("amber_owl", 0x0123456789ABCDEF)
SCENE = Scene("Mossbound", 0.0)


def messages(count: int, scene: Scene = SCENE, *, first: bool = False, **figures: float) -> list[str]:
    writer = Writer(replace(PROFILE, **figures)) if figures else Writer(PROFILE)
    return [writer.message(word, SPEAKER, scene, first, "coral_fox") for word in Draws(3).words(count).tolist()]


def test_a_few_hundred_patterns_of_single_word_slots() -> None:
    assert sum(len(bank.patterns) for bank in BANKS.values()) + sum(map(len, COPYPASTA.values())) >= 300
    for words in (*SLOTS.values(), *GAMES.values()):
        assert all(len(word.split()) == 1 for word in words)
    known = {"streamer", "game", "thing", "food", "pet", "day", "friend", "code", "origin", "emote"}
    for bank in BANKS.values():
        assert {slot for pattern in bank.patterns for slot in pattern.slots} <= known


def test_lengths_are_those_asked_for() -> None:
    written = messages(20_000, emote_only=0.0, command=0.0, link=0.0)
    lengths = np.bincount([len(text.split()) for text in written], minlength=MAX_WORDS + 1)[1 : len(WORDS) + 1] / len(written)
    # Rounding of the shares apart, hype phrases have spaces of their own.
    assert lengths == pytest.approx(WORDS, abs=0.012)


def test_shares_are_those_asked_for() -> None:
    written = messages(20_000)
    only = [text for text in written if all(word in EMOTE_NAMES for word in text.split())]
    rest = [text for text in written if not all(word in EMOTE_NAMES for word in text.split())]
    assert len(only) / len(written) == pytest.approx(PROFILE.emote_only, abs=0.01)
    assert np.mean(["?" in text for text in rest]) == pytest.approx(PROFILE.question, abs=0.03)
    assert np.mean([text.startswith("!") for text in rest]) == pytest.approx(PROFILE.command, abs=0.005)
    assert np.mean(["https://" in text for text in rest]) == pytest.approx(PROFILE.link, abs=0.005)
    mentions = np.mean([text.startswith("@") for text in rest if len(text.split()) > 1])
    assert mentions == pytest.approx(PROFILE.mention, abs=0.01)


def test_nothing_is_left_unfilled_and_nothing_is_empty() -> None:
    for game in GAMES:
        for text in messages(500, Scene(game, 0.3)):
            assert text.strip() == text != ""
            assert "{" not in text
            assert "  " not in text


def test_long_messages_are_filled_to_their_length() -> None:
    words = (0.0,) * (MAX_WORDS - 1) + (1.0,)
    writer = Writer(replace(PROFILE, words=words, emote_only=0.0, command=0.0, link=0.0))
    assert {len(writer.message(word, SPEAKER, SCENE, False, "fox").split()) for word in range(50)} == {MAX_WORDS}
    assert all(FILLER.ranges[length][1] for length in range(1, MAX_WORDS + 1))


def test_first_messages_greet_and_last_ones_say_goodbye() -> None:
    def shares(written: list[str]) -> tuple[float, float]:
        opened = ("hi ", "hello", "hey", "good evening", "evening")
        closed = ("bye", "good night", "goodnight", "gn", "thanks for", "see you", "great stream")
        low = [text.lower() for text in written]
        return float(np.mean([t.startswith(opened) for t in low])), float(np.mean([t.startswith(closed) for t in low]))

    usual, first, ending = (
        shares(messages(3000)),
        shares(messages(3000, first=True)),
        shares(messages(3000, Scene("Mossbound", 0.0, ending=True))),
    )
    assert first[0] > usual[0] + 0.1
    assert ending[1] > usual[1] + 0.1


def test_hype_is_short_and_alike() -> None:
    hype = messages(2000, Scene("Mossbound", 0.0, "LETSGO", "PogChamp"))
    alike = np.mean(["letsgo" in text.lower() or "PogChamp" in text for text in hype])
    assert alike > 0.6
    assert np.mean([len(text.split()) for text in hype]) < 0.7 * np.mean([len(text.split()) for text in messages(2000)])


def test_moods_show_in_emotes() -> None:
    sad = messages(5000, Scene("Mossbound", -1.0), emote_only=0.5)
    glad = messages(5000, Scene("Mossbound", 1.0), emote_only=0.5)
    count = [sum(SPEAKER.emotes[3] in text.split() for text in written) for written in (sad, glad)]
    assert count[0] > 1.3 * count[1]


def test_texts_of_events_follow_from_their_word() -> None:
    assert texts.copypasta(5, "Mossbound") == texts.copypasta(5, "Mossbound")
    assert len({texts.copypasta(number, "Mossbound") for number in range(50)}) > 40
    assert all(len(texts.copypasta(number, "Mossbound").split()) > 15 for number in range(50))
    assert "NightOwl" in {texts.raid(n, "NightOwl", "Pog").split()[0] for n in range(50)}
    assert texts.troll(1, "Mossbound")
