"""Pages and cursors."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.answers import MAX_PAGED, Page, read_cursor, write_cursor


@given(
    question=st.text(),
    time=st.floats(-1e11, 1e11),
    given=st.lists(st.integers(0, 2**64 - 1), max_size=50),
)
def test_a_cursor_says_what_was_put_in(question: str, time: float, given: list[int]) -> None:
    assert read_cursor(write_cursor(question, time, given), question) == (time, tuple(given))


def test_the_longest_cursor_is_read() -> None:
    given = list(range(2**62, 2**62 + MAX_PAGED))
    assert read_cursor(write_cursor("q", 1.0, given), "q")[1] == tuple(given)


def test_a_cursor_of_another_question_is_refused() -> None:
    with pytest.raises(BadInput, match="another query") as caught:
        read_cursor(write_cursor("a", 1.0, [1]), "b")
    assert caught.value.field == "cursor"


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_cursor(text, "q")


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e12])
def test_a_cursor_with_an_impossible_time_is_refused(time: float) -> None:
    with pytest.raises(BadInput):
        read_cursor(write_cursor("q", time, []), "q")


def test_half_a_row_number_is_refused() -> None:
    body = base64.urlsafe_b64decode(write_cursor("q", 1.0, [1]) + "==")
    with pytest.raises(BadInput):
        read_cursor(base64.urlsafe_b64encode(body[:-1]).decode(), "q")
    with pytest.raises(BadInput):
        read_cursor("A" * 20_000, "q")


def test_a_page_is_a_list_of_rows() -> None:
    page = Page([{"id": "a"}], "next")
    assert page == [{"id": "a"}]
    assert page.cursor == "next"
    assert Page().cursor is None
