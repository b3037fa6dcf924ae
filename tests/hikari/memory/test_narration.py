"""Reported speech: person, verb ending and the order of questions, and that nothing is made up."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.memory.narration import Voices, narrate, without_opening

PAIR = Voices("Kai", "Mia")

TOLD = [
    ("I like green tea.", "Kai likes green tea."),
    ("I'm tired", "Kai is tired."),
    ("I've never been to Kyoto.", "Kai has never been to Kyoto."),
    ("I'll bring my own mouse!", "Kai will bring Kai's own mouse!"),
    ("I don't watch it.", "Kai doesn't watch it."),
    ("I was late, because I missed my bus.", "Kai was late, because Kai missed Kai's bus."),
    ("I really enjoy it.", "Kai really enjoys it."),
    ("I can fix it for you.", "Kai can fix it for Mia."),
    ("I studied and I passed.", "Kai studied and Kai passed."),
    ("I study at night.", "Kai studies at night."),
    ("You look great.", "Kai says Mia looks great."),
    ("I'll meet you at the gym.", "Kai will meet Mia at the gym."),
    ("We won our game.", "Kai says they won their game."),
    ("It was a great run!", "Kai says it was a great run!"),
    ("Berlin is cold.", "Kai says Berlin is cold."),
    ("Well, you know, I love it.", "Kai loves it."),
    ("I think you are right.", "Kai thinks Mia is right."),
]
ASKED = [
    ("Where do you live?", "Kai asks where Mia lives."),
    ("Do you have any allergies that you know of?", "Kai asks whether Mia has any allergies that Mia knows of."),
    ("Can I get your number?", "Kai asks whether Kai can get Mia's number."),
    ("Are you crying?", "Kai asks whether Mia is crying."),
    ("Does he like it?", "Kai asks whether he likes it."),
    ("How long have you been waiting?", "Kai asks how long Mia has been waiting."),
    ("What kind of potatoes would you like?", "Kai asks what kind of potatoes Mia would like."),
    ("Did you buy a map?", "Kai asks whether Mia did buy a map."),
    ("Really, at three?", "Kai asks Really, at three?"),
]


@pytest.mark.parametrize(("said", "told"), TOLD + ASKED)
def test_reported_speech(said: str, told: str) -> None:
    assert narrate(said, PAIR) == told


def test_in_a_crowd_you_may_be_anyone() -> None:
    assert narrate("You look great.", Voices("Kai")) == "Kai says You look great."
    assert narrate("I like your hat.", Voices("Kai")) == "Kai likes your hat."
    assert narrate("Where do you live?", Voices("Kai")) == "Kai asks where you live."


@pytest.mark.parametrize("said", ["", "   ", "Oh, ok!", "Hi!", "...", "\U0001f525\U0001f525", "yes, of course."])
def test_interjections_alone_say_nothing(said: str) -> None:
    assert narrate(said, PAIR) in ("", "Kai says ok!", "Kai says Hi!", "Kai says of course.")
    assert narrate("\U0001f525", PAIR) == ""


def test_a_name_that_begins_another_word_is_still_announced() -> None:
    assert narrate("Kaiser rolls are good.", Voices("Kai")) == "Kai says Kaiser rolls are good."
    assert narrate("It is fine.", Voices("I")) == "I says it is fine."


def test_openings_go_and_the_rest_stays() -> None:
    assert without_opening("Oh, well, it works.") == "it works."
    assert without_opening("Some of the men you know of.") == "Some of the men you know of."


@settings(max_examples=200)
@given(st.text(max_size=80), st.sampled_from([PAIR, Voices("Kai"), Voices("x_99", "\u96ea")]))
def test_any_text_is_told_without_first_person_and_without_error(text: str, voices: Voices) -> None:
    told = narrate(text, voices)
    assert told == "" or told.startswith(voices.speaker)
    assert not re.search(r"(?<![\w'])(?:I|my|me)(?![\w'])", told.replace(voices.speaker, ""))


@given(st.lists(st.sampled_from(["berlin", "cats", "42", "green", "kyoto", "stream", "racing"]), min_size=1, max_size=6))
def test_words_of_others_are_kept_in_order(parts: list[str]) -> None:
    said = " ".join(parts)
    assert narrate(said, PAIR) == f"Kai says {said}."
