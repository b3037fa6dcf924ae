"""The bag of words learns what it should, from training rows alone, and repeats itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hikari.sentiment.labels import TASKS
from tests import tiny
from training.baseline import BagOfWords
from training.prepare import target_columns, to_frame

SENTIMENT, EMOTION, TOXICITY, QUESTION = TASKS


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return to_frame(tiny.rows(4))


@pytest.mark.parametrize("task", [SENTIMENT, EMOTION], ids=lambda task: task.name)
def test_it_learns_small_data_by_heart(frame: pd.DataFrame, task: object) -> None:
    probabilities, thresholds = BagOfWords(frame, 7).predict(task, frame, frame)  # type: ignore[arg-type]
    truth = frame[target_columns(task)].to_numpy().argmax(axis=1)  # type: ignore[arg-type]
    assert (probabilities.argmax(axis=1) == truth).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert thresholds == {}


def test_sigmoid_tasks_get_thresholds_from_dev() -> None:
    rows = [
        {**row, "toxicity": [*row["toxicity"], *(["obscene", "identity_hate"] if row["toxicity"] else [])]}
        for row in tiny.rows(4)
    ]
    frame = to_frame(rows)
    probabilities, thresholds = BagOfWords(frame, 7).predict(TOXICITY, frame, frame)
    assert set(thresholds) == set(TOXICITY.labels)
    limits = np.array([thresholds[label] for label in TOXICITY.labels])
    assert ((probabilities >= limits) == (frame[target_columns(TOXICITY)].to_numpy() > 0.5)).all()


def test_equal_seeds_give_equal_probabilities(frame: pd.DataFrame) -> None:
    first, second = (BagOfWords(frame, 7).predict(QUESTION, frame, frame)[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_features_come_from_training_rows_alone(frame: pd.DataFrame) -> None:
    bag = BagOfWords(frame, 7)
    unseen = to_frame([{"text": "ξψω ξψω"}])
    assert bag.features(unseen).shape[1] == bag.features(frame).shape[1]
    assert bag.features(unseen)[:, :-4].nnz == 0


def test_the_test_rows_do_not_influence_each_other(frame: pd.DataFrame) -> None:
    bag = BagOfWords(frame, 7)
    whole, _ = bag.predict(EMOTION, frame, frame)
    some, _ = bag.predict(EMOTION, frame, frame.iloc[:3])
    np.testing.assert_allclose(some, whole[:3])


def test_unlabelled_rows_are_not_learned_from(frame: pd.DataFrame) -> None:
    more = pd.concat([frame, frame.iloc[:10].assign(**dict.fromkeys(target_columns(EMOTION), np.nan))])
    with_open, _ = BagOfWords(more, 7).predict(EMOTION, frame, frame)
    assert (with_open.argmax(axis=1) == frame[target_columns(EMOTION)].to_numpy().argmax(axis=1)).all()


def test_labels_absent_from_training_have_no_probability() -> None:
    few = to_frame([row for row in tiny.rows(3) if row["emotion"] in ("joy", "anger")])
    probabilities, _ = BagOfWords(few, 7).predict(EMOTION, few, few)
    absent = [number for number, label in enumerate(EMOTION.labels) if label not in ("joy", "anger")]
    assert (probabilities[:, absent] == 0).all()


def test_vaders_opinion_is_a_feature(frame: pd.DataFrame) -> None:
    bag = BagOfWords(frame, 7)
    columns = bag.features(to_frame([{"text": "i love this"}, {"text": "i hate this"}]))[:, -4:].toarray()
    assert columns[0, 0] > 0 > columns[1, 0]
    assert columns[0, 1] == columns[0, 0]
    assert columns[1, 2] == -columns[1, 0]
    assert columns[0, 2] == columns[1, 1] == columns[0, 3] == columns[1, 3] == 0


def test_the_real_corpus_has_features_for_every_row() -> None:
    folder = Path(__file__).parent.parent.parent / "data" / "corpus"
    from training import corpus

    rows = [vars(row) for row in corpus.read_split("dev", folder)][:100]
    frame = to_frame(rows)
    features = BagOfWords(frame, 7).features(frame)
    assert features.shape[0] == 100
    assert (np.diff(features.indptr) > 0).all()
