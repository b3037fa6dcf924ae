"""The classifier on the tiny model: padding, order, length, precision, versions and threads."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hikari.bundle import open_bundle
from hikari.errors import BadBundle, NotReady
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import Encoded, TextClassifier
from hikari.sentiment.labels import TASKS
from tests import tiny

WORDS = [row[0] for row in tiny.TEXTS] + ["", "a", "this is " * 12, "great stream", "why"]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def test_tasks_of_the_bundle_are_the_contracts(classifier: TextClassifier) -> None:
    assert classifier.tasks == TASKS


def test_padding_does_not_change_logits(classifier: TextClassifier) -> None:
    encoded = classifier.prepare(WORDS)
    assert len({len(row.ids) for row in encoded}) > 3
    together = classifier.forward(encoded)
    for number, row in enumerate(encoded):
        for name, values in classifier.forward([row]).items():
            np.testing.assert_allclose(together[name][number], values[0], **CLOSE)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_order_is_kept_in_batches_of_any_size(classifier: TextClassifier, batch_size: int) -> None:
    logits = classifier.logits(WORDS, batch_size)
    backwards = classifier.logits(WORDS[::-1], batch_size)
    for task in TASKS:
        assert logits[task.name].shape == (len(WORDS), len(task.labels))
        np.testing.assert_allclose(logits[task.name], backwards[task.name][::-1], **CLOSE)


def test_different_texts_differ(classifier: TextClassifier) -> None:
    rows = classifier.logits(["i love this game", "you idiot"])["sentiment"]
    assert np.abs(rows[0] - rows[1]).max() > 0.01


def test_no_texts_give_no_rows(classifier: TextClassifier) -> None:
    probabilities = classifier.probabilities([])
    assert {name: rows.shape for name, rows in probabilities.items()} == {task.name: (0, len(task.labels)) for task in TASKS}


def test_too_long_message_keeps_its_head_and_tail(classifier: TextClassifier) -> None:
    limit = classifier.max_tokens
    text = "good " * limit + "bad hate " * limit
    whole = tuple(classifier._tokenizer.encode(text).ids)
    assert len(whole) > limit
    (row,) = classifier.prepare([text])
    assert len(row.ids) == limit
    assert row.ids[: limit - limit // 4] == whole[: limit - limit // 4]
    assert row.ids[-(limit // 4) :] == whole[-(limit // 4) :]


def test_message_of_exactly_the_limit_is_whole(classifier: TextClassifier) -> None:
    limit = classifier.max_tokens
    (exact,) = classifier.prepare([" ".join(["good"] * (limit - 2))])
    assert len(exact.ids) == limit
    assert len(set(exact.ids[1:-1])) == 1


def test_tokens_lie_between_start_and_end(classifier: TextClassifier) -> None:
    start, end = (classifier._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    assert classifier.prepare([""]) == [Encoded((start, end))]
    for row in classifier.prepare(WORDS):
        assert (row.ids[0], row.ids[-1]) == (start, end)


def test_probabilities_are_probabilities(classifier: TextClassifier) -> None:
    probabilities = classifier.probabilities(WORDS)
    for task in TASKS:
        rows = probabilities[task.name]
        assert np.isfinite(rows).all()
        assert ((rows >= 0) & (rows <= 1)).all()
        if task.activation == "softmax":
            np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-9)


def test_trained_texts_are_learnt(classifier: TextClassifier) -> None:
    texts = [chat_text.read(row[0]).words for row in tiny.TEXTS]
    picked = classifier.probabilities(texts)["sentiment"].argmax(axis=1)
    wanted = [TASKS[0].labels.index(row[1]) for row in tiny.TEXTS]
    assert (picked == np.array(wanted)).mean() >= 0.6


def test_finish_calibrates_what_forward_gave(classifier: TextClassifier) -> None:
    logits = classifier.forward(classifier.prepare(["good", "bad"]))
    finished = classifier.finish(logits)
    for task in TASKS:
        expected = classifier.calibration.probabilities(task, logits[task.name])
        np.testing.assert_array_equal(finished[task.name], expected)


def test_concurrent_calls_equal_sequential_ones(classifier: TextClassifier) -> None:
    jobs = [WORDS[number % len(WORDS) :][:4] for number in range(40)]
    expected = [classifier.probabilities(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(classifier.probabilities, jobs))
    for left, right in zip(results, expected, strict=True):
        for name in left:
            np.testing.assert_allclose(left[name], right[name], **CLOSE)


def test_int8_is_chosen_on_the_cpu_and_decides_alike(tiny_bundle: Path, classifier: TextClassifier) -> None:
    quantised = TextClassifier(open_bundle(tiny_bundle), threads=1, device="cpu")
    assert (quantised.precision, quantised.device) == ("int8", "cpu")
    assert classifier.precision == "fp32"
    texts = [chat_text.read(row[0]).words for row in tiny.TEXTS]
    left, right = quantised.probabilities(texts)["sentiment"], classifier.probabilities(texts)["sentiment"]
    assert (left.argmax(axis=1) == right.argmax(axis=1)).mean() >= 0.9


def test_bundle_without_int8_is_served_in_fp32(rebuilt: Callable[..., Path]) -> None:
    bundle = open_bundle(rebuilt(without=("model.int8.onnx",)))
    assert TextClassifier(bundle, threads=1, device="cpu").precision == "fp32"
    with pytest.raises(NotReady, match="no int8 model; fp32 is allowed"):
        TextClassifier(bundle, precision="int8")


def test_other_preprocessing_version_is_refused(rebuilt: Callable[..., Path]) -> None:
    bundle = open_bundle(rebuilt(preprocessing=chat_text.VERSION + 1))
    with pytest.raises(BadBundle, match=f"preprocessing {chat_text.VERSION + 1}, this version has") as caught:
        TextClassifier(bundle)
    assert "make pipeline" in caught.value.message


def test_missing_preprocessing_version_is_refused(rebuilt: Callable[..., Path]) -> None:
    with pytest.raises(BadBundle, match="preprocessing None"):
        TextClassifier(open_bundle(rebuilt(preprocessing=None)))


def test_task_without_an_output_is_named(rebuilt: Callable[..., Path], tiny_bundle: Path) -> None:
    labels = json.loads((tiny_bundle / "labels.json").read_text())
    labels["tasks"].append({"name": "sarcasm", "labels": ["sarcasm"], "activation": "sigmoid"})
    bundle = open_bundle(rebuilt(replaced={"labels.json": json.dumps(labels).encode()}))
    with pytest.raises(BadBundle, match="no output for sarcasm"):
        TextClassifier(bundle)


def test_cuda_without_cuda_says_what_is_there(tiny_bundle: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(NotReady, match="CPUExecutionProvider"):
        TextClassifier(open_bundle(tiny_bundle), device="cuda")
