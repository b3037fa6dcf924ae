"""Words, copies, and class-based TF-IDF against its formula."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.topic_terms import class_terms, label_of, likeness, plain, terms, words


def test_words_leave_out_what_is_no_content() -> None:
    assert words("@Ann look at https://x.yz the BOSS fightttt KEKW 100 don't she's") == ["boss", "fightt"]
    assert words("音楽が好き boss") == ["音楽", "楽が", "が好", "好き", "boss"]
    assert words("lol !!! ok") == []


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert all(isinstance(word, str) and word for word in words(text))


def test_class_terms_follow_the_formula() -> None:
    classes = {
        0: [("a", ["boss", "fight"]), ("b", ["boss"])],
        1: [("a", ["music"]), ("b", ["music"]), ("c", ["boss"])],
    }
    found = {one: dict(pairs) for one, pairs in class_terms(classes).items()}
    # Class 0 has boss twice, fight, and the pair; class 1 music twice and boss: seven terms, 3.5 a class.
    assert found[0]["boss"] == pytest.approx(2 / 4 * math.log(1 + 3.5 / 3))
    assert found[1]["music"] == pytest.approx(2 / 3 * math.log(1 + 3.5 / 2))
    assert "fight" not in found[0]  # said by one viewer only
    assert "boss" not in dict(class_terms(classes, {"boss"})[0])


def test_labels_and_likeness() -> None:
    weighed = [("final boss", 3.0), ("boss", 2.0), ("sword", 1.0), ("magic", 0.5), ("tower", 0.1)]
    assert label_of(weighed) == "final boss, sword, magic"
    assert label_of([]) == ""
    assert likeness(weighed, weighed) == pytest.approx(1.0)
    assert likeness(weighed, [("music", 1.0)]) == likeness([], []) == 0.0
    assert terms(["a", "b", "c"]) == ["a", "b", "c", "a b", "b c"]
