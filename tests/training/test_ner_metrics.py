"""The measure agrees with counting by hand, and the lookup is what it says."""

import pytest

from training.ner_data import Sentence
from training.ner_metrics import Lookup, scores

PERSON, PLACE = (0, 3, "person"), (7, 9, "location")


def test_by_hand() -> None:
    found = [[PERSON, (7, 9, "person")], [PLACE]]
    figures = scores([[PERSON, PLACE], [PLACE, PERSON]], found, {"person", "location"})
    assert figures["precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["recall"] == pytest.approx(2 / 4, abs=1e-4)
    assert figures["f1"] == pytest.approx(4 / 7, abs=1e-4)
    assert (figures["precision/person"], figures["recall/person"], figures["recall/location"]) == (0.5, 0.5, 0.5)
    assert (figures["count"], figures["count/location"]) == (4, 2)


def test_a_label_that_the_set_does_not_mark_is_not_judged() -> None:
    figures = scores([[PERSON]], [[PERSON, (4, 6, "product")]], {"person"})
    assert (figures["precision"], figures["recall"]) == (1.0, 1.0)
    assert "f1/product" not in figures


def test_nothing_found_is_zero_and_a_shifted_span_is_wrong() -> None:
    assert scores([[PERSON]], [[]], {"person"})["f1"] == 0
    assert scores([[PERSON]], [[(0, 4, "person")]], {"person"})["f1"] == 0
    assert scores([[]], [[]], {"person"})["f1"] == 0


def test_lookup_takes_the_longest_name_and_its_most_common_label() -> None:
    seen = [
        Sentence("New York", ((0, 8, "location"),)),
        Sentence("York", ((0, 4, "person"),)),
        Sentence("york york", ((0, 4, "location"), (5, 9, "location"))),
    ]
    text = "(new york), York! and more"
    assert [(text[a:b], label) for a, b, label in Lookup(seen).spans(text)] == [("new york", "location"), ("York", "location")]
    assert Lookup([]).spans("York") == []
