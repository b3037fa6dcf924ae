"""What is timed answers like the served model; the sample is the same everywhere."""

from pathlib import Path

import numpy as np

from hikari.bundle import open_bundle
from hikari.sentiment.classifier import TextClassifier
from training import latency


def test_the_sample_follows_from_the_seed_alone() -> None:
    texts = latency.sample(40, 7)
    assert len(texts) == 40
    assert texts == latency.sample(40, 7) != latency.sample(40, 8)
    assert texts[:10] == latency.sample(10, 7)
    assert len(set(texts)) > 30


def test_the_bare_runtime_computes_what_the_classifier_does(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    classifier = TextClassifier(bundle, threads=1, device="cpu")
    texts = latency.sample(5, 7)
    bare, served = latency.floor(bundle, classifier, texts), latency.served(classifier)
    for words in texts:
        logits = classifier.logits([words])
        for task, values in zip(classifier.tasks, bare(words), strict=True):  # type: ignore[call-overload]
            np.testing.assert_allclose(values, logits[task.name], rtol=1e-5, atol=1e-6)
        assert np.asarray(served(words)["sentiment"]).shape == (1, 3)  # type: ignore[index]


def test_all_are_timed_in_turns() -> None:
    order: list[str] = []
    timed = {name: lambda words, name=name: order.append(f"{name} {words}") for name in ("a", "b")}
    taken = latency.measure(timed, ["x", "y"], rounds=2)
    warm_up, rest = order[:4], order[4:]
    assert warm_up == ["a x", "b x", "a y", "b y"]
    assert rest == ["a x", "b x", "b y", "a y", "b x", "a x", "a y", "b y"]
    assert all(0 <= one.p50_ms <= one.p95_ms for one in taken.values())
    assert set(taken) == {"a", "b"}
