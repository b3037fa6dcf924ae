"""Drift of the score distributions, and the reference it is measured against."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.drift import LEAST, REFERENCE, Drift, stability_index

HALF = REFERENCE // 2
COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=20)


@given(COUNTS, st.integers(1, 20))
def test_the_same_distribution_has_no_drift_and_none_is_negative(counts: list[int], times: int) -> None:
    large = [1 + count for count in counts]
    assert stability_index(large, [times * count for count in large]) == pytest.approx(0, abs=1e-9)
    assert stability_index(large, list(reversed(large))) >= 0


def test_the_index_of_a_known_change() -> None:
    assert stability_index([500, 500], [600, 400]) == pytest.approx(0.0405, abs=1e-4)


def test_the_first_messages_are_the_reference_and_a_shift_shows(tmp_path: Path) -> None:
    drift = Drift(tmp_path / "deep" / "drift.json")
    assert drift.update("m", {"sentiment": [HALF, HALF]}) == {}
    assert drift.update("m", {"sentiment": [HALF + LEAST, HALF + LEAST]})["sentiment"] == pytest.approx(0, abs=1e-6)
    shifted = drift.update("m", {"sentiment": [HALF + LEAST, HALF + 20 * LEAST]})["sentiment"]
    assert shifted > 0.25
    kept = json.loads((tmp_path / "deep" / "drift.json").read_text())
    assert kept == {"m": {"sentiment": [HALF, HALF]}}


def test_a_restart_keeps_the_reference_and_another_model_takes_its_own(tmp_path: Path) -> None:
    path = tmp_path / "drift.json"
    Drift(path).update("m", {"sentiment": [REFERENCE, 0]})
    again = Drift(path)
    assert again.update("m", {"sentiment": [0, LEAST]})["sentiment"] > 1
    assert Drift(path).update("other", {"sentiment": [0, LEAST]}) == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"m": 7}', '{"m": {"sentiment": "x"}}', '{"m": {"sentiment": [1, 2, 3]}}'])
def test_a_reference_that_cannot_be_read_is_taken_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "drift.json"
    path.write_text(content)
    assert Drift(path).update("m", {"sentiment": [LEAST, 0]}) == {}
