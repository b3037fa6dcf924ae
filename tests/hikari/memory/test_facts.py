"""Truth over time: what holds, what held, who disagrees, whatever the order of arrival."""

import random
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.facts import MAX_CLAIMS, Change, Claim, FactBook, claim_from_metadata, is_sole
from hikari.memory.relations import relations
from hikari.memory.updates import replaces, supersedes
from tests.hikari.memory.relation_scores import rows

DEVELOPMENT = Path(__file__).parents[2] / "data" / "memory" / "updates_dev.jsonl"


def told(book: FactBook, seq: int, text: str, by: str = "mika", at: float | None = None) -> list[Change]:
    return [
        change for relation in relations(text, by) for change in book.observe(relation, seq, float(seq) if at is None else at, by)
    ]


def values(book: FactBook, subject: str, attribute: str, as_of: float | None = None) -> list[str]:
    return [fact.value for fact in book.current(subject, attribute, as_of) if not fact.negated]


def test_newer_value_supersedes_and_the_older_stays_as_history() -> None:
    book = FactBook()
    told(book, 1, "i live in hamburg")
    (old, new) = told(book, 2, "i moved to berlin")
    assert (old.kind, old.fact.value, old.fact.valid_until, old.fact.superseded_by) == ("superseded", "hamburg", 2.0, 2)
    assert (new.kind, new.fact.value, new.fact.valid_from) == ("new", "berlin", 2.0)
    assert values(book, "mika", "lives_in") == ["berlin"]
    assert [fact.value for fact in book.history("Mika")] == ["hamburg", "berlin"]


def test_as_of_a_past_time() -> None:
    book = FactBook()
    told(book, 1, "i live in hamburg")
    told(book, 5, "i moved to berlin")
    assert values(book, "mika", "lives_in", 0.5) == []
    assert values(book, "mika", "lives_in", 4.9) == ["hamburg"]
    assert values(book, "mika", "lives_in", 5.0) == ["berlin"]


def test_older_statement_that_arrives_later_does_not_supersede() -> None:
    book = FactBook()
    told(book, 1, "i live in berlin", at=100.0)
    (change,) = told(book, 2, "i live in hamburg", at=50.0)
    assert change.kind == "superseded"
    assert values(book, "mika", "lives_in") == ["berlin"]


def test_same_value_confirms() -> None:
    book = FactBook()
    told(book, 1, "i live in Berlin")
    (change,) = told(book, 2, "im living in berlin")
    assert (change.kind, change.fact.seq, change.fact.confirmed) == ("confirmed", 1, (2,))
    assert told(book, 2, "im living in berlin") == []


@pytest.mark.parametrize(
    ("before", "after", "attribute"),
    [
        ("i love ramen", "i dont like ramen anymore", "likes"),
        ("i love ramen", "i hate ramen now", "likes"),
        ("i play league", "i quit league", "plays"),
        ("i have a cat", "i dont have a cat", "owns"),
        ("i live in rome", "i dont live in rome anymore", "lives_in"),
        ("i play wow", "i used to play wow", "plays"),
    ],
)
def test_what_ends_a_fact(before: str, after: str, attribute: str) -> None:
    book = FactBook()
    told(book, 1, before)
    changes = told(book, 2, after)
    assert [change.kind for change in changes if change.fact.seq == 1] == ["ended"]
    assert values(book, "mika", attribute) == []


def test_many_values_stand_side_by_side() -> None:
    book = FactBook()
    told(book, 1, "i like ramen")
    told(book, 2, "i like sushi")
    assert values(book, "mika", "likes") == ["sushi", "ramen"]


@pytest.mark.parametrize(
    ("before", "after", "attribute", "value"),
    [
        ("my cat is called mochi", "correction, my cat is called miso", "cat", "miso"),
        ("i main sova", "changed my main to jett", "main", "jett"),
        ("my favourite game is celeste", "hades is my favorite game", "favourite game", "hades"),
        ("im 24", "im 25 now", "age", "25"),
        ("i work at a supermarket", "got a new job at a bakery", "works_at", "bakery"),
    ],
)
def test_sole_attributes(before: str, after: str, attribute: str, value: str) -> None:
    book = FactBook()
    told(book, 1, before)
    told(book, 2, after)
    assert [each.casefold() for each in values(book, "mika", attribute)] == [value]


def test_own_word_outweighs_that_of_others() -> None:
    book = FactBook()
    told(book, 1, "i live in berlin", by="rin")
    (change,) = told(book, 2, "rin lives in rome", by="mika")
    assert change.kind == "disputed"
    assert values(book, "rin", "lives_in") == ["berlin", "rome"]
    ((preferred, other),) = book.contradictions()
    assert (preferred.value, other.value) == ("berlin", "rome")
    told(book, 3, "i moved to rome", by="rin")
    assert book.contradictions() == []
    assert values(book, "rin", "lives_in") == ["rome"]


def test_others_may_be_corrected_by_the_subject() -> None:
    book = FactBook()
    told(book, 1, "rin lives in rome", by="mika")
    told(book, 2, "i live in berlin", by="rin")
    assert values(book, "rin", "lives_in") == ["berlin"]
    assert book.contradictions() == []


def test_plans_wishes_and_tales_change_nothing() -> None:
    book = FactBook()
    told(book, 1, "i live in rome")
    for text in ("i will move to oslo", "i wish i lived in japan", "i lived in kenya", "do i live in peru?"):
        assert told(book, 2, text) == []
    assert values(book, "mika", "lives_in") == ["rome"]


def test_forgetting_a_memory_restores_what_it_superseded() -> None:
    book = FactBook()
    told(book, 1, "i live in hamburg")
    state = book.to_dict("mika")
    told(book, 2, "i moved to berlin")
    (change,) = book.forget_source(2)
    assert (change.kind, change.fact.value) == ("restored", "hamburg")
    assert book.to_dict("mika") == state


def test_one_memory_may_name_two_of_a_kind() -> None:
    book = FactBook()
    for name in ("salt", "pepper"):
        book.add(Claim("mika", "cat", name, 1.0, 1, "mika", sole=True))
    assert sorted(values(book, "mika", "cat")) == ["pepper", "salt"]


def test_forgetting_a_subject_takes_what_is_theirs_and_what_they_said() -> None:
    book = FactBook()
    told(book, 1, "my cat loves tuna", by="rin")
    told(book, 2, "sora lives in kyoto", by="rin")
    told(book, 3, "i live in rome", by="mika")
    told(book, 4, "rin is my sister", by="mika")
    assert book.forget_subject("@Rin") == 3
    assert book.subjects() == ["mika"]
    assert [fact.value for fact in book.history("mika")] == ["rome"]


def test_claims_from_metadata() -> None:
    given_ = {"subject": "Stream", "attribute": "Start", "value": "8pm"}
    claim = claim_from_metadata(given_, 4, 9.0, "Luna")
    assert claim == Claim("stream", "start", "8pm", 9.0, 4, "luna", sole=True)
    assert claim_from_metadata({**given_, "attribute": "likes"}, 1, 1.0, "x") == Claim("stream", "likes", "8pm", 1.0, 1, "x")
    for broken in (
        {},
        {**given_, "value": ""},
        {**given_, "value": True},
        {**given_, "subject": 3},
        {"subject": "a", "value": "b"},
    ):
        assert claim_from_metadata(broken, 1, 1.0, "x") is None


def test_which_attributes_are_sole() -> None:
    assert all(map(is_sole, ["lives_in", "Favourite Game", "old cat", "boss", "matchmaking rank"]))
    assert not any(map(is_sole, ["likes", "plays", "sister", "favourite games", "speaks"]))


def test_state_is_plain_and_malformed_state_is_refused() -> None:
    book = FactBook()
    told(book, 1, "i love ramen and my cat is called mochi")
    stored = msgpack.unpackb(msgpack.packb(book.to_dict("mika")))
    other = FactBook()
    other.from_dict("mika", stored)
    assert other.history("mika") == book.history("mika")
    with pytest.raises(BadInput):
        other.from_dict("mika", {"likes": [["too", 1, 2, 3, 4, 5, 6, 7, 8, 9]]})


def test_claims_of_one_attribute_are_bounded() -> None:
    book = FactBook()
    for seq in range(3 * MAX_CLAIMS):
        book.add(Claim("mika", "likes", f"food {seq}", float(seq), seq, "mika"))
    assert len(book.to_dict("mika")["likes"]) == MAX_CLAIMS
    assert book.current("mika", "likes")[0].value == f"food {3 * MAX_CLAIMS - 1}"


CLAIMS = st.lists(
    st.builds(
        lambda value, by, negated, former: (value, by, negated, former),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["mika", "rin", "sora"]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def claims_of(parts: list[tuple[str, str, bool, bool]], *, sole: bool) -> list[Claim]:
    return [
        Claim("mika", "lives_in" if sole else "likes", value, float(number), number, by, negated, former, sole)
        for number, (value, by, negated, former) in enumerate(parts)
    ]


def book_of(claims: list[Claim]) -> FactBook:
    book = FactBook()
    for claim in claims:
        book.add(claim)
    return book


@settings(max_examples=40)
@given(CLAIMS, st.booleans(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(parts: list[tuple[str, str, bool, bool]], sole: bool, shuffler: random.Random) -> None:
    claims = claims_of(parts, sole=sole)
    shuffled = list(claims)
    shuffler.shuffle(shuffled)
    one, other = book_of(claims), book_of(shuffled)
    assert one.history("mika") == other.history("mika")
    assert one.contradictions() == other.contradictions()


@settings(max_examples=40)
@given(CLAIMS, st.booleans(), st.data())
def test_forgetting_is_as_if_it_had_never_been_said(parts: list[tuple[str, str, bool, bool]], sole: bool, data: Any) -> None:
    claims = claims_of(parts, sole=sole)
    gone = data.draw(st.integers(0, len(claims) - 1))
    book = book_of(claims)
    book.forget_source(gone)
    assert book.history("mika") == book_of([claim for claim in claims if claim.seq != gone]).history("mika")


@settings(max_examples=40)
@given(CLAIMS)
def test_the_subject_believes_one_value_of_a_sole_attribute(parts: list[tuple[str, str, bool, bool]]) -> None:
    book = book_of(claims_of(parts, sole=True))
    believed = [fact for fact in book.current("mika") if not fact.disputed and not fact.negated]
    assert len(believed) <= 1
    assert all(fact.valid_until is None or fact.valid_until >= fact.valid_from for fact in book.history("mika"))


@settings(max_examples=40)
@given(CLAIMS, st.integers(0, 12))
def test_as_of_is_the_book_of_that_time(parts: list[tuple[str, str, bool, bool]], moment: int) -> None:
    claims = claims_of(parts, sole=True)
    then = book_of([claim for claim in claims if claim.at <= moment])
    assert book_of(claims).current("mika", as_of=float(moment)) == then.current("mika")


def test_development_pairs() -> None:
    written = rows(DEVELOPMENT)
    assert len(written) >= 100
    answers = [
        (row["update"], replaces(row["old"], row["new"], old_by=row["speaker"], new_by=row.get("new_speaker", row["speaker"])))
        for row in written
    ]
    marked = [truth for truth, answer in answers if answer]
    assert sum(marked) / len(marked) >= 0.97
    assert sum(truth == answer for truth, answer in answers) / len(answers) >= 0.93


def test_a_text_never_supersedes_a_later_one_nor_one_on_another_topic() -> None:
    old, new = "the raid is on friday", "the raid got moved to sunday"
    assert supersedes(old, new, 0.9, False, 1.0, 2.0)
    assert not supersedes(old, new, 0.9, False, 2.0, 1.0)
    assert not supersedes(old, new, 0.05, False, 1.0, 2.0)


def test_the_affairs_of_two_speakers_are_two_affairs() -> None:
    assert supersedes("my exam is on the 5th", "my exam got moved to the 9th", None, True, 1.0, 2.0)
    assert not supersedes("my exam is on the 5th", "my exam got moved to the 9th", None, False, 1.0, 2.0)


@pytest.mark.parametrize("row", [row for row in rows(DEVELOPMENT) if row["update"]][:30], ids=lambda row: row["old"])
def test_a_text_does_not_update_itself(row: dict[str, str]) -> None:
    assert not supersedes(row["old"], row["old"], None, True, 1.0, 2.0)
