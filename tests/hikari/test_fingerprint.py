"""Content hashes: equal content gives equal hashes, and any change another one."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari import fingerprint

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_known_hash_of_bytes() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fingerprint.of_bytes(b"abc") == expected


def test_file_hashes_like_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5_000
    (tmp_path / "file").write_bytes(content)
    assert fingerprint.of_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert fingerprint.of_value(value) == fingerprint.of_value(backwards)


@given(JSON_VALUES)
def test_wrapping_a_value_changes_its_hash(value: object) -> None:
    assert fingerprint.of_value(value) != fingerprint.of_value([value])


def test_order_of_list_items_matters() -> None:
    assert fingerprint.of_value([1, 2]) != fingerprint.of_value([2, 1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_know_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        fingerprint.of_value(value)


def test_files_hash_by_name_and_content() -> None:
    assert fingerprint.of_files({"a": "1", "b": "2"}) == fingerprint.of_files({"b": "2", "a": "1"})
    assert fingerprint.of_files({"a": "1", "b": "2"}) != fingerprint.of_files({"a": "2", "b": "1"})
    assert fingerprint.of_files({"a": "1"}) != fingerprint.of_files({"c": "1"})
