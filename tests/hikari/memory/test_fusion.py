"""The fused ranking: its arithmetic by hand, its parts, and what must hold for any candidates."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.fusion import DEFAULT, LEXICAL_ONLY, NONE, PARTS, VECTORS_ONLY, Candidates, Weights, fuse, relative

PLAIN = Weights(lexical=0.5, before=(0.4, 0.1), after=(0.2,), neighbour_floor=0.3, answer=0.25, speaker=0.1)


def talk(similarity: list[float], lexical: list[float] | None = None, **more: object) -> Candidates:
    """Rows 0..n-1 of one session, each beside the next."""
    count = len(similarity)
    seqs = np.arange(count, dtype=np.int64)
    before = np.stack([np.where(seqs >= step, seqs - step, NONE) for step in (1, 2)], axis=1)
    after = np.where(seqs < count - 1, seqs + 1, NONE)[:, None]
    found = np.zeros(count) if lexical is None else np.array(lexical)
    return Candidates(seqs, np.array(similarity), found, before, after, **more)  # type: ignore[arg-type]


def scores(candidates: Candidates, weights: Weights) -> np.ndarray:
    """Scores in the order of the rows."""
    ranking = fuse(candidates, weights)
    return ranking.scores[np.argsort(ranking.seqs)]


def test_legs_are_added_the_lexical_one_relative_to_its_best() -> None:
    alone = replace(PLAIN, before=(), after=(), answer=0.0)
    candidates = talk([0.6, 0.2, np.nan, -0.4], [3.0, 12.0, 6.0, np.nan])
    assert scores(candidates, alone) == pytest.approx([0.6 + 0.125, 0.2 + 0.5, 0.25, 0.0])


def test_rows_gain_what_their_neighbours_have_above_the_floor() -> None:
    # Excesses over 0.3: 0, 0.5, 0, 0.1.
    gained = scores(talk([0.1, 0.8, 0.3, 0.4]), PLAIN)
    expected = [
        0.1 + 0.2 * 0.5,
        0.8,
        0.3 + 0.4 * 0.5 + 0.2 * 0.1,
        0.4 + 0.1 * 0.5,
    ]
    assert gained == pytest.approx(expected)


def test_the_row_after_a_matching_question_gains_once_more() -> None:
    similarity = [0.8, 0.1, 0.1]
    asked = talk(similarity, question=np.array([True, False, False]))
    told = talk(similarity, question=np.array([False, True, False]))
    assert scores(asked, PLAIN) - scores(told, PLAIN) == pytest.approx([0.0, 0.25 * 0.5, 0.0])


def test_a_neighbour_that_is_no_candidate_adds_nothing() -> None:
    one = Candidates(
        np.array([7], np.int64), np.array([0.5]), np.zeros(1), np.array([[6, NONE]], np.int64), np.array([[8]], np.int64)
    )
    assert fuse(one, PLAIN).scores == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("name", "weight"), [("speaker", "speaker"), ("recency", "recency"), ("importance", "importance"), ("graph", "graph")]
)
def test_a_bonus_adds_its_weight_and_shows_in_its_part(name: str, weight: str) -> None:
    values = np.array([False, True]) if name == "speaker" else np.array([0.0, 1.0])
    ranking = fuse(talk([0.2, 0.2], **{name: values}))
    amount = getattr(DEFAULT, weight)
    assert ranking.seqs.tolist() == [1, 0]
    assert ranking.parts[name] == pytest.approx([amount, 0.0])
    assert ranking.scores == pytest.approx([0.2 + amount, 0.2])


def test_the_default_tie_breakers_stay_below_a_hundredth() -> None:
    ranking = fuse(talk([0.5, 0.521], recency=np.array([1.0, 0.0]), importance=np.array([1.0, 0.0])))
    assert ranking.seqs.tolist() == [1, 0]


def test_retention_is_a_factor_and_never_drops_a_row() -> None:
    ranking = fuse(talk([0.9, 0.8], retained=np.array([0.5, 1.0])), VECTORS_ONLY)
    assert ranking.seqs.tolist() == [1, 0]
    assert ranking.scores == pytest.approx([0.8, 0.45])
    assert ranking.parts["retained"].tolist() == [1.0, 0.5]


def test_each_leg_alone_orders_as_the_leg_does() -> None:
    candidates = talk([0.1, 0.3, 0.2], [5.0, 1.0, 9.0])
    assert fuse(candidates, VECTORS_ONLY).seqs.tolist() == [1, 2, 0]
    assert fuse(candidates, LEXICAL_ONLY).seqs.tolist() == [2, 0, 1]


def test_equal_scores_give_the_newest_first() -> None:
    assert fuse(talk([0.0, 0.0, 0.0])).seqs.tolist() == [2, 1, 0]


def test_no_candidates_give_an_empty_ranking() -> None:
    ranking = fuse(talk([]))
    assert len(ranking.seqs) == len(ranking.scores) == 0
    assert set(ranking.parts) == {*PARTS, "retained"}


def test_relative_of_nothing_found_is_nothing() -> None:
    assert relative(np.array([np.nan, 0.0])).tolist() == [0.0, 0.0]
    assert relative(np.array([2.0, np.nan, 4.0])).tolist() == [0.5, 0.0, 1.0]


@pytest.mark.parametrize("wrong", [{"lexical": -0.1}, {"speaker": float("nan")}, {"before": (0.3, float("inf"))}])
def test_impossible_weights_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        Weights(**wrong)  # type: ignore[arg-type]
    assert caught.value.field == next(iter(wrong))


def test_arrays_of_another_length_are_refused() -> None:
    with pytest.raises(BadInput, match="importance has 1 rows, expected 2"):
        talk([0.1, 0.2], importance=np.array([1.0]))


def reference(
    similarity: np.ndarray, lexical: np.ndarray, asks: np.ndarray, speaker: np.ndarray, weights: Weights
) -> list[float]:
    """The formula of the module's docstring, row by row."""
    greatest = max([0.0, *lexical])
    match = [
        weights.similarity * max(s, 0.0) + (weights.lexical * max(b, 0.0) / greatest if greatest > 0 else 0.0)
        for s, b in zip(similarity, lexical, strict=True)
    ]
    excess = [max(value - weights.neighbour_floor, 0.0) for value in match]
    result = []
    for row in range(len(match)):
        score = match[row] + weights.speaker * speaker[row]
        for distance, share in enumerate(weights.before, start=1):
            score += share * excess[row - distance] if row - distance >= 0 else 0.0
        for distance, share in enumerate(weights.after, start=1):
            score += share * excess[row + distance] if row + distance < len(match) else 0.0
        if row and asks[row - 1]:
            score += weights.answer * excess[row - 1]
        result.append(score)
    return result


numbers = st.floats(-1, 1, allow_subnormal=False)


@st.composite
def talks(draw: st.DrawFn) -> Candidates:
    count = draw(st.integers(1, 12))
    rows = st.lists(numbers, min_size=count, max_size=count)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    lexical = [20 * abs(value) for value in draw(rows)]
    return talk(draw(rows), lexical, question=np.array(draw(flags)), speaker=np.array(draw(flags)))


@given(talks())
def test_scores_follow_the_formula(candidates: Candidates) -> None:
    weights = replace(DEFAULT, recency=0.0, importance=0.0, graph=0.0)
    assert candidates.question is not None
    assert candidates.speaker is not None
    expected = reference(candidates.similarity, candidates.lexical, candidates.question, candidates.speaker, weights)
    assert scores(candidates, weights) == pytest.approx(expected)


@given(talks(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(candidates: Candidates, random: object) -> None:
    order = list(range(len(candidates.seqs)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = Candidates(
        *(None if (value := getattr(candidates, name)) is None else value[order] for name in Candidates.__slots__)
    )
    one, other = fuse(candidates), fuse(shuffled)
    assert one.seqs.tolist() == other.seqs.tolist()
    assert one.scores == pytest.approx(other.scores)


@given(talks())
def test_parts_add_up_nothing_is_lost_and_full_retention_changes_nothing(candidates: Candidates) -> None:
    ranking = fuse(candidates)
    assert sorted(ranking.seqs.tolist()) == sorted(candidates.seqs.tolist())
    assert (np.diff(ranking.scores) <= 0).all()
    total = sum(ranking.parts[name] for name in PARTS) * ranking.parts["retained"]
    assert ranking.scores == pytest.approx(total)
    kept = fuse(replace(candidates, retained=np.ones(len(candidates.seqs))))
    assert kept.seqs.tolist() == ranking.seqs.tolist()
    assert kept.scores.tolist() == ranking.scores.tolist()
    # The same factor for all leaves the order as well.
    assert fuse(replace(candidates, retained=np.full(len(candidates.seqs), 0.5))).seqs.tolist() == ranking.seqs.tolist()
