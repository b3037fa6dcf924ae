"""The contract of vector indices: every check passes on every implementation, and fails on a twin that breaks just that promise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hikari.memory import cells
from hikari.memory.faiss_index import FaissIndex
from tests.contracts import broken_indices, index_checks
from tests.contracts.exact_index import ExactIndex
from tests.contracts.index_checks import DIMENSION, ENCODER, Kind, sample


def flat() -> FaissIndex:
    return FaissIndex(DIMENSION, ENCODER)


def trained(budget: int) -> FaissIndex:
    """An index whose cells were laid out for other vectors, since removed."""
    index = FaissIndex(DIMENSION, ENCODER, memory_budget_bytes=budget, recall_target=0.995)
    others = np.arange(10_000, 13_000)
    index.add(others, sample(len(others), 99))
    index.retrain()
    assert index.kind == (cells.SQ8 if budget == 0 else cells.FP16)
    index.remove(others)
    return index


GOOD = {
    "exact": Kind(lambda: ExactIndex(DIMENSION, ENCODER), ExactIndex.open),
    "faiss_flat": Kind(flat, FaissIndex.open),
    "faiss_fp16": Kind(lambda: trained(1 << 30), FaissIndex.open),
    "faiss_sq8": Kind(lambda: trained(0), FaissIndex.open),
}
BROKEN: dict[Callable[[Kind, Path], None], type[ExactIndex]] = {
    index_checks.check_finds_what_was_added: broken_indices.Forgetful,
    index_checks.check_agrees_with_exact_search: broken_indices.Rough,
    index_checks.check_order_and_types: broken_indices.Unsorted,
    index_checks.check_small_answers: broken_indices.Padded,
    index_checks.check_removal: broken_indices.Undead,
    index_checks.check_replacement: broken_indices.Doubling,
    index_checks.check_last_of_equal_numbers: broken_indices.FirstWins,
    index_checks.check_allowed: broken_indices.Unrestricted,
    index_checks.check_bad_input: broken_indices.Trusting,
    index_checks.check_arguments_are_left_alone: broken_indices.Sharing,
    index_checks.check_retraining: broken_indices.Loser,
    index_checks.check_save_and_open: broken_indices.Amnesiac,
    index_checks.check_same_input_same_bytes: broken_indices.Random,
    index_checks.check_damage_is_noticed: broken_indices.Careless,
    index_checks.check_searches_beside_changes: broken_indices.Flickering,
}


@pytest.fixture(autouse=True)
def _small_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FLAT_LIMIT", 300)


@pytest.mark.parametrize("check", BROKEN, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", GOOD)
def test_implementation_keeps_the_contract(name: str, check: Callable[[Kind, Path], None], tmp_path: Path) -> None:
    check(GOOD[name], tmp_path / "index")


@pytest.mark.parametrize("check", BROKEN, ids=lambda check: check.__name__)
def test_every_check_can_fail(check: Callable[[Kind, Path], None], tmp_path: Path) -> None:
    twin = BROKEN[check]
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Kind(lambda: twin(DIMENSION, ENCODER), twin.open), tmp_path / "index")


def test_every_check_runs() -> None:
    assert set(BROKEN) == {value for name, value in vars(index_checks).items() if name.startswith("check_") and callable(value)}
