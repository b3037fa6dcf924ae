"""CoNLL files become running text with spans at the right characters, and chat-like twins keep them there."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.ner_data import (
    NerDataError,
    Sentence,
    as_chat,
    keep_characters,
    lower_case,
    names_by_label,
    no_punctuation,
    read_conll,
    with_fillers,
    with_other_names,
)

LABELS = {"PER": "person", "LOC": "location"}


def read(tmp_path: Path, content: str) -> list[Sentence]:
    (tmp_path / "file.conll").write_text(content, encoding="utf-8")
    return read_conll(tmp_path / "file.conll", LABELS)


def marked(sentence: Sentence) -> list[tuple[str, str]]:
    return [(sentence.text[start:end], label) for start, end, label in sentence.spans]


def test_tokens_become_running_text(tmp_path: Path) -> None:
    content = "Tim\tB-PER\nReed\tI-PER\n's\tO\n\"\tO\nhi\tO\n\"\tO\n(\tO\nOslo\tB-LOC\n)\tO\ndo\tO\nn't\tO\n!\tO\n"
    (sentence,) = read(tmp_path, content)
    assert sentence.text == "Tim Reed's \"hi\" (Oslo) don't!"
    assert marked(sentence) == [("Tim Reed", "person"), ("Oslo", "location")]


def test_an_apostrophe_that_stands_alone_is_joined_on_both_sides(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "It\tO\n'\tO\ns\tO\nTim\tB-PER\n")
    assert sentence.text == "It's Tim"


def test_empty_lines_part_sentences_and_invisible_tokens_are_dropped(tmp_path: Path) -> None:
    found = read(tmp_path, "\n\na\tO\n\t\nb\tO\n\tO\nc\tO\r\n\n")
    assert [sentence.text for sentence in found] == ["a", "b c"]


def test_two_entities_side_by_side_stay_two(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Tim\tB-PER\nLena\tB-PER\nOslo\tI-LOC\n")
    assert marked(sentence) == [("Tim", "person"), ("Lena", "person"), ("Oslo", "location")]


def test_accounts_are_left_unmarked(tmp_path: Path) -> None:
    one, two = read(tmp_path, "@\tB-PER\ntim\tI-PER\nhi\tO\n\n@\tO\nlena\tB-PER\nOslo\tB-LOC\n")
    assert (one.text, marked(one)) == ("@tim hi", [])
    assert (two.text, marked(two)) == ("@lena Oslo", [("Oslo", "location")])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a\tO\nb\n", "line 2"),
        ("a\tO\nb\tB-ORG\n", "line 2"),
        ("a\tX-PER\n", "line 1"),
        ("a b\tc\tO\n", "line 1"),
        ("\n", "no sentence"),
    ],
)
def test_malformed_lines_are_named_and_never_quoted(tmp_path: Path, content: str, line: str) -> None:
    with pytest.raises(NerDataError, match=line) as caught:
        read(tmp_path, content)
    assert "ORG" not in str(caught.value)


def test_chat_has_no_capitals_and_no_marks() -> None:
    text = "Well, Mika's in U.S. now: see https://a.io/b?c=1! It's 3.5 o'clock..."
    spans = ((6, 10, "person"), (16, 20, "location"))
    chat = as_chat(Sentence(text, spans))
    assert chat.text == "well mika's in u.s now see https://a.io/b?c=1! its 3.5 oclock"
    assert marked(chat) == [("mika", "person"), ("u.s", "location")]


def test_letters_that_would_grow_stay() -> None:
    assert lower_case(Sentence("İZ", ())).text == "İz"


def test_fillers_and_swaps_move_the_spans() -> None:
    sentence = Sentence("Mika is in Oslo now", ((0, 4, "person"), (11, 15, "location")))
    names = {"person": ["Al", "Maximilian"]}
    for seed in range(50):
        dice = random.Random(seed)
        other = with_other_names(with_fillers(sentence, ["KEKW", "o7"], dice), names, dice)
        (person, label), place = marked(other)
        assert (person in names["person"], label, place) == (True, "person", ("Oslo", "location"))


def test_names_are_collected_by_label() -> None:
    sentences = [Sentence("Mika Oslo", ((0, 4, "person"), (5, 9, "location"))), Sentence("Al", ((0, 2, "person"),))] * 2
    assert names_by_label(sentences) == {"location": ["Oslo"], "person": ["Al", "Mika"]}


@given(st.text(max_size=60), st.data())
def test_kept_characters_keep_their_spans(text: str, data: st.DataObject) -> None:
    keep = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    ends = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    kept = keep_characters(Sentence(text, ((ends[0], ends[1], "person"),)), keep)
    inside = "".join(c for c, k in zip(text[ends[0] : ends[1]], keep[ends[0] : ends[1]], strict=True) if k)
    assert [found for found, _ in marked(kept)] == ([inside] if inside else [])
    assert kept.text == "".join(c for c, k in zip(text, keep, strict=True) if k)


@given(st.text(alphabet="aB. ,'’\"!?x1İ", max_size=40), st.data())
def test_chat_never_breaks_the_spans(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    chat = no_punctuation(Sentence(text, ((start, end, "person"),)))
    for first, last, _ in chat.spans:
        assert 0 <= first < last <= len(chat.text)
        letters = [c for c in chat.text[first:last] if c.isalnum()]
        assert letters == [c for c in text[start:end] if c.isalnum()]
