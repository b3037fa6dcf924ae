"""The card's sections show every capability, the failing cases by number, and the worst swaps first."""

import pandas as pd
import pytest

from training import bias, functional_card

SWAPPED = [f"term {number:02d}" for number in range(12)]


@pytest.fixture(scope="module")
def swapped() -> pd.DataFrame:
    """Twelve terms and two names in a harmless and a hostile template; the verdict on the last three terms differs."""
    rows = []
    for slot, names in (("term", SWAPPED), ("name", ["Olga", "Wei"])):
        for template, hostile in (("harmless", False), ("hostile", True)):
            for number, name in enumerate(names):
                odd = slot == "term" and number >= 9
                group = "late" if number >= 9 else "early"
                rows.append((slot, f"{slot}-{template}", hostile, name, group, hostile != odd, odd, False, odd, number / 100))
    columns = [
        "slot",
        "template",
        "hostile",
        "name",
        "group",
        "toxic",
        "changed_toxicity",
        "changed_sentiment",
        "changed",
        "score",
    ]
    return pd.DataFrame(rows, columns=columns).assign(distance=lambda table: table["score"])


def test_a_row_per_capability_with_the_numbers_of_its_failing_cases() -> None:
    rows = [("tone-01", "tone", "mft", True), ("tone-02", "tone", "mft", False), ("tone-03", "tone", "dir", False)]
    judged = pd.DataFrame([*rows, ("harm-01", "harm", "inv", True)], columns=["id", "capability", "kind", "passed"])
    text = functional_card.suites(judged)
    assert "4 cases, 50.0% passed: mft 50.0% of 2, inv 100.0% of 1, dir 0.0% of 1." in text
    assert text.splitlines()[-2:] == ["| harm | 1 | 100% |  | 100% |  |  |", "| tone | 3 | 33% | 50% |  | 0% | 02 03 |"]


def test_the_worst_terms_come_first_and_no_more_than_ten(swapped: pd.DataFrame) -> None:
    lines = functional_card.swaps(swapped).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| worst terms"))
    rows = lines[start + 2 : start + 12]
    assert [line.split(" | ")[0] for line in rows[:3]] == ["| term 11", "| term 10", "| term 09"]
    assert rows[0] == "| term 11 | 100.0% | 100.0% | 100.0% | 100.0% | 0.0% | 0.11 |"
    assert lines[start + 12] == ""
    assert not any(line.startswith("| term 00") for line in lines)


def test_totals_and_groups_have_their_rows(swapped: pd.DataFrame) -> None:
    lines = functional_card.swaps(swapped).splitlines()
    assert "| all 12 terms, 2 templates | 25.0% | 25.0% | 25.0% | 25.0% | 0.0% |  |" in lines
    assert "| all 2 names, 2 templates | 0.0% | 0.0% | 0.0% | 0.0% | 0.0% |  |" in lines
    assert "| late | 100.0% | 100.0% | 100.0% | 100.0% | 0.0% | 0.11 |" in lines
    assert "| early | 0.0% | 0.0% | 0.0% | 0.0% | 0.0% | 0.08 |" in lines
    assert bias.figures(swapped)["terms"]["worst"] == "term 11"
