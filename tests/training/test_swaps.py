"""Rows made of templates: balanced, repeatable, apart from what judges the model."""

import json
from pathlib import Path

from training import corpus, swaps

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "data/corpus"


def test_rows_are_the_same_every_time_and_follow_the_corpus_schema() -> None:
    rows = swaps.rows(FOLDER, 6)
    assert rows == swaps.rows(FOLDER, 6)
    assert len(rows) == 6 * len((FOLDER / swaps.TEMPLATES).read_text().splitlines())
    assert len({row["text"] for row in rows}) == len(rows)
    for row in rows:
        assert "{" not in row["text"]
        assert corpus.problems({"hard": None, "theme": "swaps", **row}) == [], row
    assert swaps.rows(FOLDER, 2) == [row for number, row in enumerate(rows) if number % 6 < 2]


def test_every_filler_meets_harmless_and_hostile_frames() -> None:
    fillers = json.loads((FOLDER / swaps.FILLERS).read_text())
    rows = swaps.rows(FOLDER, len(fillers["terms"]))
    for term in fillers["terms"]:
        toxic = [bool(row["toxicity"]) for row in rows if term["person"] in row["text"] or term["people"] in row["text"]]
        assert any(toxic), term
        assert not all(toxic), term


def test_no_template_judges_the_model_as_well() -> None:
    def bare(text: str) -> str:
        return text.replace("{person}", "X").replace("{people}", "X").replace("{name}", "X")

    ours = [bare(json.loads(line)["text"]) for line in (FOLDER / swaps.TEMPLATES).read_text().splitlines()]
    judges = [bare(json.loads(line)["text"]) for line in (ROOT / "data/bias/templates.jsonl").read_text().splitlines()]
    near = corpus.similar_pairs([*ours, *judges], corpus.NEAR_DUPLICATE)
    assert [pair for pair in near if pair[0] < len(ours) <= pair[1]] == []


def test_a_folder_without_templates_gives_no_rows(tmp_path: Path) -> None:
    assert swaps.rows(tmp_path, 6) == []
    assert swaps.rows(FOLDER, 0) == []
