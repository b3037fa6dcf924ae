"""Relations: what chat states and what it does not, precision first, on sentences written for it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.memory.clauses import MAX_WORDS, clauses, tokens
from hikari.memory.predicates import RULES
from hikari.memory.relation_words import word_set
from hikari.memory.relations import Relation, relations
from tests.hikari.memory.relation_scores import compare, rows, stated

DEVELOPMENT = Path(__file__).parents[2] / "data" / "memory" / "relations_dev.jsonl"
WORDS = sorted(
    word_set("i my you rin likes love dont cat is called mochi , . ? and but sister's live in berlin 24 @sora if wish play")
)


def found(text: str, speaker: str = "mika") -> list[tuple[str, str, str]]:
    return [(r.subject, r.relation, r.object) for r in relations(text, speaker) if r.tense == "present"]


def only(text: str) -> Relation:
    (relation,) = relations(text, "mika")
    return relation


def test_development_set_precision_and_recall() -> None:
    scores = compare(rows(DEVELOPMENT))
    assert scores.written >= 140
    assert scores.precision >= 0.95, scores.extras
    assert scores.recall >= 0.9, scores.misses


def test_development_set_holds_enough_that_states_nothing() -> None:
    written = rows(DEVELOPMENT)
    assert len(written) >= 150
    assert sum(not row["relations"] for row in written) >= 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't like natto", ("mika", "likes", "natto")),
        ("im not a fan of horror", ("mika", "likes", "horror")),
        ("i quit league", ("mika", "plays", "league")),
        ("i dont play osu anymore", ("mika", "plays", "osu")),
        ("kenji isnt from tokyo", ("kenji", "lives_in", "tokyo")),
    ],
)
def test_negation_is_marked(text: str, expected: tuple[str, str, str]) -> None:
    relation = only(text)
    assert (relation.subject, relation.relation, relation.object) == expected
    assert relation.negated


def test_two_negations_cancel() -> None:
    assert not only("i never stopped playing tetris").negated


@pytest.mark.parametrize(
    ("text", "tense"),
    [
        ("i used to play wow", "former"),
        ("i will move to spain", "future"),
        ("i lived in rome", "past"),
        ("i live in rome", "present"),
    ],
)
def test_tense(text: str, tense: str) -> None:
    assert only(text).tense == tense


@pytest.mark.parametrize(
    "text",
    [
        "do you like ramen?",
        "you like ramen?",
        "i wish i lived in japan",
        "if i had a dog i would call it rex",
        "imagine i own a boat",
        "would love a cat",
        'he said "i love ramen"',
        "people say i live in a cave",
        "my sister is so tall",
        "this looks like a cat",
        "i have like ten hours in hades",
        "",
        "???",
        "' ' '",
    ],
)
def test_what_states_nothing(text: str) -> None:
    assert found(text) == []


def test_first_second_and_third_person() -> None:
    assert found("i love tea") == [("mika", "likes", "tea")]
    assert relations("you love tea", "mika", addressee="Luna")[0].subject == "luna"
    assert found("rin loves tea") == [("rin", "likes", "tea")]
    assert found("my sister loves tea") == [("mika's sister", "likes", "tea")]
    assert found("love tea", "@Sora") == [("sora", "likes", "tea")]


def test_reported_speech_belongs_to_whom_it_is_about() -> None:
    assert found("my brother says he hates minecraft") == [("mika's brother", "dislikes", "minecraft")]
    assert found("i told you i live in oslo") == [("mika", "lives_in", "oslo")]


def test_lists_and_carried_subjects() -> None:
    assert found("i like jazz, lofi and metal") == [("mika", "likes", each) for each in ("jazz", "lofi", "metal")]
    assert found("rin loves tea and hates coffee") == [("rin", "likes", "tea"), ("rin", "dislikes", "coffee")]
    assert found("i love mac and cheese") == [("mika", "likes", "mac and cheese")]


def test_roles() -> None:
    relation = only("kai is rin's best friend")
    assert (relation.subject, relation.relation, relation.object, relation.role) == ("kai", "related", "rin", "best friend")
    assert stated(only("my favourite game is hades")) == stated(only("hades is my favorite game"))


def test_owning_a_named_pet_is_two_relations() -> None:
    assert found("i have a cat named Mochi") == [("mika", "owns", "cat"), ("mika's cat", "named", "Mochi")]


def test_span_points_into_the_text() -> None:
    text = "lol. also i love ramen!"
    start, end = only(text).span
    assert text[start:end] == "love ramen"


def test_capitals_and_apostrophes_change_nothing() -> None:
    plain, written = only("im from peru"), only("I'M FROM PERU")
    assert stated(plain) == stated(written)


def test_a_long_text_is_read_to_its_bound() -> None:
    assert len(tokens("i love ramen . " * 5_000)) <= MAX_WORDS
    assert found("i love ramen . " * 5_000) == [("mika", "likes", "ramen")]


def test_every_rule_names_its_object() -> None:
    assert all("o" in rule.pattern.groupindex for rule in RULES)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for relation in relations(text, "mika"):
        assert relation.subject
        assert relation.object
        assert 0 <= relation.span[0] < relation.span[1] <= len(text)
    assert all(clause.kind in {"statement", "question", "unreal"} for clause in clauses(text))


@settings(max_examples=50)
@given(st.sampled_from(["rin", "sora", "mika"]), st.sampled_from(rows(DEVELOPMENT)))
def test_the_same_text_states_the_same(speaker: str, row: dict[str, str]) -> None:
    assert relations(row["text"], speaker) == relations(row["text"], speaker.upper())
