"""Extractive summaries: limits are kept, nothing is invented, equal inputs give equal outputs, and the choice is a sensible one."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.summaries import ExtractiveSummariser, Summary, Turn, default_sentences, dialogue_text, sentences_of, shortened


class WordVectors:
    """Unit vectors of hashed words: texts that share words are near. Counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        self.asked += texts
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for number, text in enumerate(texts):
            for word in text.lower().split():
                rows[number] += np.random.default_rng(list(word.strip(".,!?").encode())).standard_normal(64).astype(np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6).astype(np.float32)


TALK = (
    Turn("Kai", "Hi! How are you?"),
    Turn("Mia", "Good, thanks. I found a new racing game with rally cars."),
    Turn("Kai", "Oh nice. I play racing games with a steering wheel."),
    Turn("Mia", "The rally cars in this racing game need a steering wheel."),
    Turn("Kai", "lol"),
    Turn("Mia", "I have to feed my cat now."),
)


def test_the_summary_is_about_what_was_talked_about() -> None:
    summary = ExtractiveSummariser(WordVectors()).summarise(TALK)
    assert summary.positions == (1, 2)
    assert summary.text == "Mia found a new racing game with rally cars. Kai plays racing games with a steering wheel."


def test_equal_turns_give_equal_summaries() -> None:
    one, two = (ExtractiveSummariser(WordVectors()).summarise(TALK, max_sentences=3) for _ in range(2))
    assert one == two


def test_repeated_messages_are_told_once() -> None:
    turns = [Turn(f"user{number}", "POG that was a great jump") for number in range(20)]
    summary = ExtractiveSummariser(WordVectors()).summarise(turns, max_sentences=4)
    assert summary == Summary("user0 says POG that was a great jump.", (0,))


def test_a_second_voice_is_heard() -> None:
    turns = [
        Turn("Kai", "I love old platform games."),
        Turn("Kai", "I love hard platform games."),
        Turn("Mia", "I love slow platform games."),
    ]
    assert ExtractiveSummariser(WordVectors()).summarise(turns).positions == (0, 2)


def test_known_vectors_are_used_and_the_others_embedded() -> None:
    words = WordVectors()
    known = [Turn(turn.speaker, turn.text, words.embed([turn.text])[0]) for turn in TALK]
    words.asked.clear()
    with_vectors = ExtractiveSummariser(words).summarise(known)
    assert with_vectors == ExtractiveSummariser(WordVectors()).summarise(TALK)
    assert words.asked
    assert not {turn.text for turn in TALK if len(sentences_of(turn.text)) == 1} & set(words.asked)


def test_a_turn_without_speaker_is_someones() -> None:
    assert (
        ExtractiveSummariser(WordVectors()).summarise([Turn(" ", "The boss was hard.")]).text == "Someone says the boss was hard."
    )


@pytest.mark.parametrize("turns", [[], [Turn("Kai", "")], [Turn("Kai", "..."), Turn("Mia", "\U0001f525")]])
def test_nothing_said_gives_an_empty_summary(turns: list[Turn]) -> None:
    assert ExtractiveSummariser(WordVectors()).summarise(turns) == Summary("", ())


@pytest.mark.parametrize("limits", [{"max_sentences": 0}, {"max_sentences": 9}, {"max_characters": 19}])
def test_limits_out_of_range_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(BadInput) as caught:
        ExtractiveSummariser(WordVectors()).summarise(TALK, **limits)
    assert caught.value.field in limits


def test_a_single_endless_sentence_is_cut_between_words() -> None:
    summary = ExtractiveSummariser(WordVectors()).summarise([Turn("Kai", "word " * 500)], max_characters=60)
    assert len(summary.text) <= 60
    assert summary.text.endswith("word\u2026")


def test_an_episode_of_thousands_of_sentences_is_summed_up() -> None:
    turns = [Turn(f"user{number % 50}", f"level {number} has boss number {number * 7}.") for number in range(2000)]
    words = WordVectors()
    summary = ExtractiveSummariser(words).summarise(turns)
    assert len(words.asked) <= 512
    assert 1 <= len(summary.positions) <= 6


TURNS = st.lists(
    st.builds(Turn, st.sampled_from(["Kai", "Mia", "Ren"]), st.text(max_size=60) | st.sampled_from([turn.text for turn in TALK])),
    max_size=12,
)


@settings(max_examples=80)
@given(TURNS, st.integers(1, 4), st.integers(20, 300))
def test_limits_hold_for_any_turns(turns: list[Turn], sentences: int, characters: int) -> None:
    summary = ExtractiveSummariser(WordVectors()).summarise(turns, max_sentences=sentences, max_characters=characters)
    assert len(summary.text) <= characters
    assert len(summary.positions) <= sentences
    assert list(summary.positions) == sorted(set(summary.positions))
    assert all(0 <= position < len(turns) for position in summary.positions)
    assert bool(summary.text) == bool(summary.positions)


def test_small_helpers() -> None:
    assert [default_sentences(n) for n in (0, 4, 9, 10_000)] == [2, 2, 2, 6]
    assert shortened("abc", 3) == "abc"
    assert len(shortened("x" * 100, 20)) <= 20
    assert dialogue_text([Turn("Kai", "hi  \n there"), Turn("Mia", "yo")]) == "Kai: hi there\nMia: yo"
