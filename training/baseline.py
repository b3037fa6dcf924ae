"""What any serious model must beat: bag of words plus VADER in a logistic regression, per task."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from hikari.sentiment.labels import Task
from training import calibrate
from training.export import other_members
from training.prepare import target_columns

Array = np.ndarray


class BagOfWords:
    """TF-IDF of word 1-2-grams and character 2-4-grams, and VADER's score; features are fitted on the training rows alone."""

    def __init__(self, train: pd.DataFrame, seed: int) -> None:
        self._seed = seed
        self._vectorizers = [
            TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"[^\s]+"),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2),
        ]
        for vectorizer in self._vectorizers:
            vectorizer.fit(train["text"])
        self._train = train
        self._made: dict[int, Any] = {}
        self._features = self.features(train)

    def features(self, frame: pd.DataFrame) -> Any:
        """The sparse feature matrix of some rows."""
        vader = np.nan_to_num(other_members(frame["text"].tolist())[0])
        columns = np.stack([vader, np.maximum(vader, 0), np.maximum(-vader, 0), np.abs(vader) < 0.05], axis=1)
        return hstack([*(v.transform(frame["text"]) for v in self._vectorizers), csr_matrix(columns)], format="csr")

    def _once(self, frame: pd.DataFrame) -> Any:
        if id(frame) not in self._made:
            self._made[id(frame)] = self.features(frame)
        return self._made[id(frame)]

    def predict(self, task: Task, dev: pd.DataFrame, test: pd.DataFrame) -> tuple[Array, dict[str, float]]:
        """Probabilities of shape (test rows, labels), and thresholds fitted on dev as for the model."""
        targets = self._train[target_columns(task)].to_numpy()
        known = ~np.isnan(targets).any(axis=1)
        features, truth = self._features[np.flatnonzero(known)], targets[known]
        dev_features, test_features = (self._once(frame) for frame in (dev, test))
        if task.activation == "softmax":
            model = LogisticRegression(C=4.0, max_iter=2000, class_weight="balanced", random_state=self._seed)
            model.fit(features, truth.argmax(axis=1))
            probabilities = np.zeros((len(test), len(task.labels)))
            probabilities[:, model.classes_] = model.predict_proba(test_features)
            return probabilities, {}
        columns, dev_columns = [], []
        for number in range(len(task.labels)):
            model = LogisticRegression(C=4.0, max_iter=2000, class_weight="balanced", random_state=self._seed)
            model.fit(features, truth[:, number] > 0.5)
            columns.append(model.predict_proba(test_features)[:, 1])
            dev_columns.append(model.predict_proba(dev_features)[:, 1])
        dev_targets = dev[target_columns(task)].to_numpy()
        thresholds = calibrate.fit_thresholds(task, np.stack(dev_columns, axis=1), dev_targets, minimum_positives=1)
        return np.stack(columns, axis=1), thresholds
