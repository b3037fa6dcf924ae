"""What a search makes of a question: names out and known, words that are looked up, questions told from statements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.memory.query import STOP_WORDS, is_question, prepare

VIEWERS = {"kai": "Kai", "night_owl": "Night_Owl", "mei lin": "Mei Lin", "mei": "mei", "will": "Will", "lu": "Lu", "美羽": "美羽"}


def named(text: str) -> set[str]:
    return set(prepare(text, VIEWERS.get).speakers)


def test_a_viewer_is_known_and_replaced_and_not_looked_up() -> None:
    ready = prepare("When did Kai's sister move to Lyon?", VIEWERS.get)
    assert ready.speakers == {"Kai"}
    assert ready.embed == "When did someone's sister move to Lyon?"
    assert ready.lexical == "sister move lyon"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what does @kai like", {"Kai"}),
        ("what does @KAI like", {"Kai"}),
        ("what does night_owl like", {"Night_Owl"}),
        ("Does Mei Lin know Kai?", {"Mei Lin", "Kai"}),
        ("Does Mei know?", {"mei"}),
        ("Kaito and Kais are others", set()),
        ("what does 美羽 like", {"美羽"}),
        ("nobody here", set()),
    ],
)
def test_names_are_found_as_written(text: str, expected: set[str]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize("text", ["will they come", "Will they come?", "lu or not", "what will be"])
def test_everyday_words_and_short_small_words_are_no_names(text: str) -> None:
    assert named(text) == set()


def test_an_at_sign_makes_any_word_a_name() -> None:
    assert named("what did @will say to @lu") == {"Will", "Lu"}


def test_the_longest_name_wins() -> None:
    assert prepare("Ask Mei Lin about tea", VIEWERS.get).embed == "Ask someone about tea"


def test_without_viewers_names_are_words() -> None:
    ready = prepare("What is Kai's cat called?")
    assert (ready.embed, ready.lexical, ready.speakers) == ("What is Kai's cat called?", "kai cat called", frozenset())


@pytest.mark.parametrize("text", ["Kai", "@kai?", "Who is Kai?"])
def test_a_query_of_names_alone_keeps_them(text: str) -> None:
    ready = prepare(text, VIEWERS.get)
    assert ready.embed == text
    assert "kai" in ready.lexical.split()
    assert ready.speakers == {"Kai"}


def test_words_are_looked_up_without_operators_of_a_query_language() -> None:
    assert prepare('cats AND NOT title:"dogs" OR (birds^2)~ *').lexical == "cats title dogs birds 2"


def test_debris_of_apostrophes_is_not_looked_up() -> None:
    assert prepare("Why doesn't it work, what's the dog\u2019s name").lexical == "doesn work dog name"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Do you have pets?", True),
        ("Do you have pets?! \U0001f436", True),
        ("Have a look? (shares a photo of a dog)", True),
        ("いいの？", True),
        ("Really? I do.", False),
        ("no", False),
        ("", False),
    ],
)
def test_questions_end_with_the_mark(text: str, asks: bool) -> None:
    assert is_question(text) is asks


@given(st.text(max_size=200))
def test_any_text_gives_plain_words(text: str) -> None:
    ready = prepare(text, VIEWERS.get)
    assert ready.lexical == ready.lexical.lower()
    assert all(character.isalnum() or character in " _" or ord(character) > 127 for character in ready.lexical)
    assert ready.speakers <= set(VIEWERS.values())


@given(st.lists(st.sampled_from(["tea", "piano", "Lyon", "what", "the", "did", "?"]), min_size=1, max_size=12))
def test_only_stop_words_and_marks_are_dropped(words: list[str]) -> None:
    kept = [word.lower() for word in words if word.lower() not in STOP_WORDS and word != "?"]
    found = prepare(" ".join(words)).lexical.split()
    assert found == (kept or [word.lower() for word in words if word != "?"])
