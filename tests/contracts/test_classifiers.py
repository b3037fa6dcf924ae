"""What the analyser relies on, for every classifier; and a broken one for each promise, so that the suite itself is proven."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.sentiment.labels import TASKS
from hikari.sentiment.opening import Classifier, open_classifier

WORDS = ["i love this game", "sad", "", "good " * 500, "🔥 unheard of", "i love this game", "what is this", "."]
CLASSIFIERS = ("text_fp32", "text_int8", "stack")
LABELS = {task.name: task.labels for task in TASKS}


@pytest.fixture(scope="module")
def classifiers(tiny_bundle: Path, tiny_stack: Path) -> dict[str, Classifier]:
    return {
        "text_fp32": open_classifier(tiny_bundle, threads=2, precision="fp32"),
        "text_int8": open_classifier(tiny_bundle, threads=2, device="cpu"),
        "stack": open_classifier(tiny_stack, threads=2),
    }


def knows_the_tasks_that_every_answer_needs(classifier: Classifier) -> None:
    names = [task.name for task in classifier.tasks]
    assert {"sentiment", "emotion", "toxicity"} <= set(names)
    assert len(names) == len(set(names))
    assert all(task.labels == LABELS[task.name] for task in classifier.tasks)


def gives_a_row_of_probabilities_for_each_text(classifier: Classifier) -> None:
    for words in (WORDS, WORDS[:1], []):
        found = classifier.probabilities(words)
        assert set(found) == {task.name for task in classifier.tasks}
        for task in classifier.tasks:
            values = found[task.name]
            assert values.shape == (len(words), len(task.labels))
            assert values.dtype == np.float64
            assert ((values >= 0) & (values <= 1)).all()
            if task.activation == "softmax":
                np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-9)


def ignores_neighbours_order_and_batch(classifier: Classifier) -> None:
    together = classifier.probabilities(WORDS, batch_size=3)
    back = classifier.probabilities(WORDS[::-1], batch_size=16)
    for name, values in together.items():
        np.testing.assert_allclose(back[name][::-1], values, atol=1e-5)
        for row, text in enumerate(WORDS):
            np.testing.assert_allclose(classifier.probabilities([text])[name][0], values[row], atol=1e-5)


def tells_texts_apart(classifier: Classifier) -> None:
    assert max(float(np.ptp(values, axis=0).max()) for values in classifier.probabilities(WORDS).values()) > 1e-3


def comes_to_the_same_in_three_phases(classifier: Classifier) -> None:
    rows = classifier.prepare(WORDS)
    assert len(rows) == len(WORDS)
    assert len(rows[3]) > len(rows[0]) > 0
    found = classifier.finish(classifier.forward(rows))
    for name, values in classifier.probabilities(WORDS).items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)


def answers_several_threads_at_once(classifier: Classifier) -> None:
    expected = classifier.probabilities(WORDS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: classifier.probabilities(WORDS), range(8)):
            for name, values in expected.items():
                np.testing.assert_allclose(found[name], values, atol=1e-5)


def answers_after_closing(classifier: Classifier) -> None:
    expected = classifier.probabilities(WORDS)
    classifier.close()
    classifier.close()
    assert all(np.allclose(classifier.probabilities(WORDS)[name], values, atol=1e-5) for name, values in expected.items())


def says_what_it_is(classifier: Classifier) -> None:
    assert len(classifier.bundle.fingerprint) == 64
    assert classifier.precision in ("fp32", "int8")
    assert classifier.device in ("cpu", "cuda")
    assert classifier.calibration.default_ensemble in classifier.calibration.ensembles


CHECKS: tuple[Callable[[Classifier], None], ...] = (
    knows_the_tasks_that_every_answer_needs,
    gives_a_row_of_probabilities_for_each_text,
    ignores_neighbours_order_and_batch,
    tells_texts_apart,
    comes_to_the_same_in_three_phases,
    answers_several_threads_at_once,
    answers_after_closing,
    says_what_it_is,
)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_classifier_keeps_the_contract(
    name: str, check: Callable[[Classifier], None], classifiers: dict[str, Classifier]
) -> None:
    check(classifiers[name])


class Broken:
    """A classifier in front of a real one."""

    def __init__(self, inner: Classifier) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class ForgetsToxicity(Broken):
    @property
    def tasks(self) -> Any:
        return tuple(task for task in self._inner.tasks if task.name != "toxicity")


class GivesLogits(Broken):
    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> Any:
        return {name: np.log(values + 1e-9) for name, values in self._inner.probabilities(words, batch_size).items()}


class SeesItsNeighbours(Broken):
    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> Any:
        return {name: (v + v.mean(axis=0)) / 2 for name, v in self._inner.probabilities(words, batch_size).items()}


class SaysAlwaysTheSame(Broken):
    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> Any:
        return self._inner.probabilities(["good"] * len(words), batch_size)


class PreparesOtherwise(Broken):
    def prepare(self, words: Sequence[str]) -> Any:
        return self._inner.prepare([word.upper() + " not" for word in words])


class CountsItsCalls(Broken):
    calls = 0

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> Any:
        self.calls += 1
        return {name: values / self.calls for name, values in self._inner.probabilities(words, batch_size).items()}


class EndsWithClosing(Broken):
    closed = False

    def close(self) -> None:
        self.closed = True

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> Any:
        assert not self.closed
        return self._inner.probabilities(words, batch_size)


class HidesItsPrecision(Broken):
    precision = ""


@pytest.mark.parametrize(
    ("check", "broken"),
    list(
        zip(
            CHECKS,
            (
                ForgetsToxicity, GivesLogits, SeesItsNeighbours, SaysAlwaysTheSame, PreparesOtherwise, CountsItsCalls, EndsWithClosing,
                HidesItsPrecision,
            ),
            strict=True,
        )
    ),
)  # fmt: skip
def test_each_check_can_fail(
    check: Callable[[Any], None], broken: Callable[[Classifier], Any], classifiers: dict[str, Classifier]
) -> None:
    with pytest.raises(AssertionError):
        check(broken(classifiers["stack"]))
