"""The corpus becomes a table with one target column per label, NaN where nothing is labelled."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import EMOTION, QUESTION, SENTIMENT, TASKS, TOXICITY
from training import corpus
from training.prepare import prepare, target_columns, to_frame
from training.schema import PrepareConfig

ROOT = Path(__file__).parent.parent.parent
CORPUS = ROOT / "data" / "corpus"
ALL = [column for task in TASKS for column in target_columns(task)]


def test_columns_are_in_the_order_of_the_logits() -> None:
    names = {"sentiment": SENTIMENT, "emotion": EMOTION, "toxicity": TOXICITY, "question": QUESTION}
    expected = [f"{task}/{label}" for task, labels in names.items() for label in labels]
    assert expected == ALL
    assert list(to_frame([{"text": "hi"}]).columns) == ["id", "text", "words", *ALL]


def test_labels_become_ones_at_their_place_and_zeros_elsewhere() -> None:
    row = {
        "id": "7", "text": "you idiot 🔥", "sentiment": "negative", "emotion": "anger",
        "toxicity": ["toxic", "insult"], "question": True,
    }  # fmt: skip
    (record,) = to_frame([row]).to_dict("records")
    ones = {column for column in ALL if record[column] == 1.0}
    assert ones == {
        "sentiment/negative",
        "emotion/anger",
        "toxicity/toxic",
        "toxicity/insult",
        "question/question",
    }
    assert all(record[column] == 0.0 for column in set(ALL) - ones)
    assert record["id"] == "7"
    assert record["words"] == chat_text.read("you idiot 🔥").words


def test_an_empty_toxicity_list_is_a_label_and_none_is_not() -> None:
    frame = to_frame([{"text": "a", "toxicity": []}, {"text": "b", "toxicity": None}, {"text": "c"}])
    toxicity = frame[[f"toxicity/{label}" for label in TOXICITY]].to_numpy()
    assert (toxicity[0] == 0.0).all()
    assert np.isnan(toxicity[1:]).all()


def test_false_is_a_label_of_question() -> None:
    values = to_frame([{"text": "a", "question": False}, {"text": "b", "question": True}, {"text": "c"}])
    first, second, third = values["question/question"]
    assert (first, second) == (0.0, 1.0)
    assert math.isnan(third)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_row_that_labels_one_task_leaves_the_others_open(task: object) -> None:
    labels = {"sentiment": "neutral", "emotion": "joy", "toxicity": ["toxic"], "question": True}
    name = task.name  # type: ignore[attr-defined]
    frame = to_frame([{"text": "a", name: labels[name]}])
    for column in ALL:
        assert np.isnan(frame[column][0]) == (not column.startswith(f"{name}/"))


def test_the_stage_writes_every_row_of_every_split(tmp_path: Path) -> None:
    target = tmp_path / "processed"
    counts = prepare(PrepareConfig(corpus=str(CORPUS), processed=str(target), swaps=0))
    assert {file.name for file in target.iterdir()} == {
        "train.parquet",
        "dev.parquet",
        "test.parquet",
        "challenge.parquet",
        "counts.json",
    }
    assert json.loads((target / "counts.json").read_text()) == corpus.summary(CORPUS)
    for split in (*corpus.SPLITS, corpus.CHALLENGE):
        rows = corpus.read_split(split, CORPUS)
        frame = pd.read_parquet(target / f"{split}.parquet")
        assert counts[split] == len(frame) == len(rows)
        assert frame["id"].tolist() == [row.id for row in rows]
        assert frame["text"].tolist() == [row.text for row in rows]
        assert not frame[ALL].isna().to_numpy().any()
        for task in (TASKS[0], TASKS[1]):
            picked = frame[target_columns(task)].to_numpy()
            assert (picked.sum(axis=1) == 1).all()
            assert [task.labels[k] for k in picked.argmax(axis=1)] == [getattr(row, task.name) for row in rows]
        assert (frame["question/question"] > 0.5).tolist() == [row.question for row in rows]
        assert (frame["toxicity/insult"] > 0.5).tolist() == ["insult" in row.toxicity for row in rows]


def test_the_stage_gives_the_same_bytes_again(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    rows = [
        {
            "text": text,
            "sentiment": "neutral",
            "emotion": "neutral",
            "toxicity": [],
            "question": True,
            "hard": None,
        }
        for text in ("how are you", "what game", "who is that", "when next")
    ]
    corpus.add("t", rows, folder)
    corpus.write_split(corpus.CHALLENGE, corpus.read_split("train", folder)[:1], folder)
    for name in ("one", "two"):
        prepare(PrepareConfig(corpus=str(folder), processed=str(tmp_path / name), swaps=0))
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_bad_corpus_leaves_the_old_table(tmp_path: Path) -> None:
    corpus_folder, target = tmp_path / "corpus", tmp_path / "processed"
    corpus_folder.mkdir()
    target.mkdir()
    (target / "old.txt").write_text("old")
    (corpus_folder / "train.jsonl").write_text('{"text": "x"}\n')
    with pytest.raises((ValueError, TypeError)):
        prepare(PrepareConfig(corpus=str(corpus_folder), processed=str(target), swaps=0))
    assert [file.name for file in target.iterdir()] == ["old.txt"]
    assert {file.name for file in tmp_path.iterdir()} == {"corpus", "processed"}
