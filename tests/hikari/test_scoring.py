"""Scoring files: order, error rows, resuming after an interruption, and an output that is never half written."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hikari import scoring
from hikari.bundle import open_bundle
from hikari.errors import BadInput
from hikari.fields import MAX_TEXT
from hikari.scoring import Outcome, score_file, score_rows
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.scores import Scorer
from hikari.sentiment.symbols import lexicon
from tests import tiny

ROWS = [{"id": f"m{number}", "text": tiny.TEXTS[number % len(tiny.TEXTS)][0]} for number in range(10)]


class InterruptedHere(Exception):
    """What a test raises in the place of Ctrl-C or a crash."""


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "BLOCK", 4)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "in.jsonl", ROWS)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ids of all rows that were scored, in order."""
    seen: list[Any] = []

    def counting(rows: list[dict[str, Any]], scorer: Scorer, pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
        seen.extend(row["id"] for row in rows)
        return score_rows(rows, scorer, pool)

    monkeypatch.setattr(scoring, "score_rows", counting)
    return seen


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def interrupt(source: Path, target: Path, scorer: Scorer, after: int = 4) -> None:
    def progress(done: int) -> None:
        if done >= after:
            raise InterruptedHere

    with pytest.raises(InterruptedHere):
        score_file(source, target, scorer, 2, progress)


def left_behind(target: Path) -> set[str]:
    return {entry.name for entry in target.parent.iterdir() if entry.name.startswith(target.name)}


def test_rows_keep_their_order_and_shape(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    outcome = score_file(source, tmp_path / "out.jsonl", scorer, 2)
    rows = read(tmp_path / "out.jsonl")
    assert outcome == Outcome(rows=10, failed=0, resumed=0)
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert all(set(row) == {"id", "sentiment", "emotion", "toxicity"} for row in rows)
    assert left_behind(tmp_path / "out.jsonl") == {"out.jsonl"}


def test_scores_are_those_of_the_scorer(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    score_file(source, tmp_path / "out.jsonl", scorer, 2)
    for row, given in zip(read(tmp_path / "out.jsonl"), ROWS, strict=True):
        expected = scorer.score([(given["text"], lexicon())])[0].as_dict()
        aggregate = expected["sentiment"]["aggregate"]
        assert row["sentiment"]["aggregate"]["score"] == pytest.approx(aggregate["score"], abs=2e-4)
        assert row["emotion"]["primary"] == expected["emotion"]["primary"]


@pytest.mark.parametrize("workers", [1, 3])
def test_number_of_workers_does_not_change_the_result(source: Path, tmp_path: Path, scorer: Scorer, workers: int) -> None:
    score_file(source, tmp_path / "one.jsonl", scorer, 1)
    score_file(source, tmp_path / "many.jsonl", scorer, workers)
    assert (tmp_path / "many.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


def test_progress_counts_rows(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    seen: list[int] = []
    score_file(source, tmp_path / "out.jsonl", scorer, 1, seen.append)
    assert seen == [4, 8, 10]


@pytest.mark.parametrize(
    ("line", "identifier", "code", "field"),
    [
        ("{bad", None, "bad_input", None),
        ("[]", None, "bad_input", None),
        ("null", None, "bad_input", None),
        ("[" * 100_000, None, "bad_input", None),
        ('{"text": "hi"}', None, "bad_input", "id"),
        ('{"id": true, "text": "hi"}', None, "bad_input", "id"),
        ('{"id": 1.5, "text": "hi"}', None, "bad_input", "id"),
        ('{"id": 7}', 7, "bad_input", "text"),
        ('{"id": "a", "text": ""}', "a", "bad_input", "text"),
        ('{"id": "a", "text": null}', "a", "bad_input", "text"),
        (json.dumps({"id": "a", "text": "x" * (MAX_TEXT + 1)}), "a", "too_large", "text"),
    ],
)
def test_bad_row_becomes_an_error_row(
    tmp_path: Path, scorer: Scorer, line: str, identifier: Any, code: str, field: str | None
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "text": "good"}\n' + line + '\n{"id": 3, "text": "bad"}\n')
    outcome = score_file(source, tmp_path / "out.jsonl", scorer, 1)
    first, middle, last = read(tmp_path / "out.jsonl")
    assert outcome == Outcome(rows=3, failed=1, resumed=0)
    assert (first["id"], last["id"]) == (1, 3)
    assert "error" not in first
    assert "error" not in last
    assert set(middle) == {"id", "error"}
    assert (middle["id"], middle["error"]["code"], middle["error"].get("field")) == (identifier, code, field)


def test_bytes_that_are_no_utf8_become_an_error_row(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"id": 1, "text": "\xff"}\n{"id": 2, "text": "hi"}\n')
    score_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl", scorer, 1)
    first, second = read(tmp_path / "out.jsonl")
    assert "line 1 is not valid JSON in UTF-8" in first["error"]["message"]
    assert second["id"] == 2


def test_file_of_bad_rows_alone(tmp_path: Path, scorer: Scorer) -> None:
    outcome = score_file(written(tmp_path / "in", [1, 2, 3, 4, 5]), tmp_path / "out", scorer, 1)
    assert outcome == Outcome(rows=5, failed=5, resumed=0)


def test_empty_file_gives_an_empty_file(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "in").write_text("\n \n")
    assert score_file(tmp_path / "in", tmp_path / "out", scorer, 1) == Outcome(0, 0, 0)
    assert (tmp_path / "out").read_bytes() == b""


def test_blank_lines_and_a_missing_last_line_end_do_not_matter(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "in").write_text('\n{"id": 1, "text": "hi"}\r\n\n{"id": 2, "text": "you"}')
    score_file(tmp_path / "in", tmp_path / "out", scorer, 1)
    assert [row["id"] for row in read(tmp_path / "out")] == [1, 2]


def test_lone_surrogates_do_not_stop_the_run(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "in").write_text('{"id": "\\ud800", "text": "a\\udfff"}\n')
    score_file(tmp_path / "in", tmp_path / "out", scorer, 1)
    assert len(read(tmp_path / "out")) == 1


def test_interrupted_run_continues_to_the_same_bytes(source: Path, tmp_path: Path, scorer: Scorer, scored: list[Any]) -> None:
    score_file(source, tmp_path / "whole.jsonl", scorer, 2)
    scored.clear()
    target = tmp_path / "out.jsonl"
    interrupt(source, target, scorer)
    assert not target.exists()
    assert scored == ["m0", "m1", "m2", "m3"]
    scored.clear()
    outcome = score_file(source, target, scorer, 2)
    assert (outcome.rows, outcome.resumed) == (10, 4)
    assert scored == ["m4", "m5", "m6", "m7", "m8", "m9"]
    assert target.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert left_behind(target) == {"out.jsonl"}


def test_run_interrupted_at_the_very_end_scores_nothing_again(
    source: Path, tmp_path: Path, scorer: Scorer, scored: list[Any]
) -> None:
    interrupt(source, tmp_path / "out", scorer, after=10)
    scored.clear()
    assert score_file(source, tmp_path / "out", scorer, 1).resumed == 10
    assert scored == []
    assert len(read(tmp_path / "out")) == 10


@pytest.mark.parametrize("torn", [b"{", b'{"id": "m4", "sentiment": {"aggr', b"\xf0\x9f"])
def test_torn_last_line_is_dropped(source: Path, tmp_path: Path, scorer: Scorer, torn: bytes) -> None:
    score_file(source, tmp_path / "whole.jsonl", scorer, 2)
    target = tmp_path / "out.jsonl"
    interrupt(source, target, scorer)
    with (tmp_path / "out.jsonl.partial").open("ab") as file:
        file.write(torn)
    assert score_file(source, target, scorer, 2).resumed == 4
    assert target.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_run_that_stopped_inside_a_block_scores_the_rest(source: Path, tmp_path: Path, scorer: Scorer, scored: list[Any]) -> None:
    interrupt(source, tmp_path / "out", scorer)
    partial = tmp_path / "out.partial"
    partial.write_bytes(b"".join(partial.read_bytes().splitlines(keepends=True)[:3]))
    scored.clear()
    assert score_file(source, tmp_path / "out", scorer, 1).resumed == 3
    assert scored[0] == "m3"
    assert [row["id"] for row in read(tmp_path / "out")] == [row["id"] for row in ROWS]


def test_changed_input_starts_anew(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    interrupt(source, tmp_path / "out", scorer)
    written(source, [{"id": "new", "text": "good"}, *ROWS])
    assert score_file(source, tmp_path / "out", scorer, 1) == Outcome(11, 0, 0)
    assert read(tmp_path / "out")[0]["id"] == "new"


def test_other_ensemble_starts_anew(source: Path, tmp_path: Path, classifier: TextClassifier, scorer: Scorer) -> None:
    interrupt(source, tmp_path / "out", scorer)
    assert score_file(source, tmp_path / "out", Scorer(classifier, "tuned"), 1).resumed == 0


def test_other_precision_starts_anew(source: Path, tmp_path: Path, scorer: Scorer, tiny_bundle: Path) -> None:
    interrupt(source, tmp_path / "out", scorer)
    quantised = TextClassifier(open_bundle(tiny_bundle), threads=1, precision="int8")
    assert score_file(source, tmp_path / "out", Scorer(quantised), 1).resumed == 0


def test_other_model_starts_anew(source: Path, tmp_path: Path, scorer: Scorer, rebuilt: Callable[..., Path]) -> None:
    interrupt(source, tmp_path / "out", scorer)
    other = open_bundle(rebuilt(without=("model.int8.onnx",)))
    assert other.fingerprint != scorer.classifier.bundle.fingerprint
    outcome = score_file(source, tmp_path / "out", Scorer(TextClassifier(other, threads=1, precision="fp32")), 1)
    assert outcome.resumed == 0


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b"\xff"])
def test_broken_state_starts_anew(source: Path, tmp_path: Path, scorer: Scorer, state: bytes) -> None:
    interrupt(source, tmp_path / "out", scorer)
    (tmp_path / "out.partial.json").write_bytes(state)
    assert score_file(source, tmp_path / "out", scorer, 1) == Outcome(10, 0, 0)


def test_old_output_stays_until_the_new_one_is_whole(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    interrupt(source, target, scorer)
    assert target.read_text() == "old"
    score_file(source, target, scorer, 1)
    assert len(read(target)) == 10


def test_output_is_absent_until_it_is_whole(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    target = tmp_path / "out"
    present: list[bool] = []
    score_file(source, target, scorer, 1, lambda _: present.append(target.exists()))
    assert present == [False, False, False]
    assert target.exists()


def test_output_folder_is_made(source: Path, tmp_path: Path, scorer: Scorer) -> None:
    score_file(source, tmp_path / "new" / "folder" / "out", scorer, 1)
    assert len(read(tmp_path / "new" / "folder" / "out")) == 10


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_input_is_never_the_output(source: Path, tmp_path: Path, scorer: Scorer, link: str) -> None:
    before, target = source.read_bytes(), tmp_path / "out"
    if link == "same":
        target = tmp_path / "." / "in.jsonl"
    elif link == "symbolic":
        target.symlink_to(source)
    else:
        target.hardlink_to(source)
    with pytest.raises(BadInput, match="other files than IN") as caught:
        score_file(source, target, scorer, 1)
    assert caught.value.field == "OUT"
    assert source.read_bytes() == before


def test_missing_input_is_named(tmp_path: Path, scorer: Scorer) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.jsonl") as caught:
        score_file(tmp_path / "nowhere.jsonl", tmp_path / "out", scorer, 1)
    assert caught.value.field == "IN"
    assert list(tmp_path.iterdir()) == []
