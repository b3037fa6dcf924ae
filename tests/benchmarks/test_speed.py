"""Speed, as ratios within one run: what the engine adds to the bare model runtime.

`make bench` prints the table. Absolute times depend on the machine and are asserted nowhere.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hikari import AdvancedSentimentAnalyzer
from hikari.bundle import open_bundle
from hikari.scoring import score_file
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.emote_evidence import LearningConfig
from hikari.sentiment.emote_learning import EmoteLearner
from hikari.sentiment.language import detect
from hikari.sentiment.scores import Scorer
from hikari.sentiment.symbols import lexicon
from training import corpus

pytestmark = pytest.mark.slow
N_MESSAGES = 20_000


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """20,000 short messages: the corpus, over and over, as a busy channel repeats itself."""
    texts = [row.text for split in corpus.SPLITS for row in corpus.read_split(split)]
    texts = [text for text in texts if len(text) <= 60]
    return [texts[number % len(texts)] for number in range(N_MESSAGES)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_scoring_a_file_reaches_seven_tenths_of_the_bare_runtime(
    shipped_bundle: Path, messages: list[str], tmp_path: Path
) -> None:
    threads = os.cpu_count() or 1
    bundle = open_bundle(shipped_bundle)
    bare = TextClassifier(bundle, threads=threads)
    encoded = bare.prepare([chat_text.read(text).words for text in messages])
    names = {given.name for given in bare._session.get_inputs()}
    inputs = [
        {name: np.array([row.ids]) if name == "input_ids" else np.ones((1, len(row.ids)), dtype=np.int64) for name in names}
        for row in encoded
    ]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(messages)), encoding="utf-8")
    scorer = Scorer(TextClassifier(bundle, threads=1))

    def loop() -> None:
        # A graph that takes texts of one length uses one thread a pass: then the passes go side by side.
        with ThreadPoolExecutor(1 if bare._padded else threads) as pool:
            list(pool.map(lambda feed: bare._session.run(None, feed), inputs))

    bare_s = _seconds(loop)
    score_s = _seconds(lambda: score_file(source, tmp_path / "out.jsonl", scorer, threads))
    ratio = bare_s / score_s
    print(
        f"\nhikari score {N_MESSAGES / score_s:.0f} messages/s, bare onnxruntime {N_MESSAGES / bare_s:.0f} messages/s, {threads} threads "
        f"each, ratio {ratio:.2f}"
    )
    assert ratio >= 0.7


def test_telling_the_language_costs_little_beside_a_forward_pass(shipped_bundle: Path, messages: list[str]) -> None:
    classifier = TextClassifier(open_bundle(shipped_bundle), threads=1)
    readings = [chat_text.read(text) for text in messages[:400]]
    encoded = classifier.prepare([reading.words for reading in readings])
    detect(readings[0])
    classifier.forward(encoded[:1])
    told_s = min(_seconds(lambda: [detect(reading) for reading in readings]) for _ in range(3))
    forward_s = min(_seconds(lambda: [classifier.forward([row]) for row in encoded]) for _ in range(3))
    print(
        f"\nlanguage {told_s / 400 * 1e6:.0f} us, forward pass {forward_s / 400 * 1e6:.0f} us a message, ratio {told_s / forward_s:.3f}"
    )
    assert told_s <= 0.1 * forward_s


def test_one_message_costs_little_more_than_its_forward_pass(shipped_bundle: Path, messages: list[str]) -> None:
    bundle = open_bundle(shipped_bundle)
    classifier = TextClassifier(bundle)
    sample = messages[:400]
    encoded = classifier.prepare([chat_text.read(text).words for text in sample])

    async def analyse() -> list[float]:
        times = []
        async with AdvancedSentimentAnalyzer(shipped_bundle) as analyzer:
            for text in sample:
                started = time.perf_counter()
                await analyzer.analyze_message(text, "viewer")
                times.append(time.perf_counter() - started)
        return times

    forward = [_seconds(lambda row=row: classifier.forward([row])) for row in encoded]
    whole = asyncio.run(analyse())
    ratio = float(np.median(whole) / np.median(forward))
    print(
        f"\nanalyze_message p50 {np.median(whole) * 1e3:.2f} ms, forward pass p50 {np.median(forward) * 1e3:.2f} ms, ratio {ratio:.2f}"
    )
    assert ratio <= 2.5


def test_side_by_side_passes_beat_one_wide_pass(shipped_bundle: Path, messages: list[str]) -> None:
    bundle = open_bundle(shipped_bundle)
    threads = os.cpu_count() or 1
    if threads < 2:
        pytest.skip("one processor: nothing can run side by side")
    narrow, wide = TextClassifier(bundle, threads=1), TextClassifier(bundle, threads=threads)
    encoded = narrow.prepare([chat_text.read(text).words for text in messages[:1500]])

    def side_by_side() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda row: narrow.forward([row]), encoded))

    ratio = _seconds(lambda: [wide.forward([row]) for row in encoded]) / _seconds(side_by_side)
    print(f"\n{threads} passes of one thread side by side: {ratio:.2f} x one pass of {threads} threads after the other")
    assert ratio >= 0.9


def test_looking_for_emotes_costs_little_beside_reading_a_message(messages: list[str]) -> None:
    """Most messages hold none: they pay for one look. The others pay for what is believed of their emotes, about as much as for reading."""
    learner, known = EmoteLearner(LearningConfig(keep=False), lambda *_: False), lexicon()
    emotes = [f"{text} mika{chr(65 + number % 20)}ove" for number, text in enumerate(messages[:4_000])]
    for number, text in enumerate(emotes):
        _, lesson = learner.read("c", f"viewer{number % 97}", text, number, known)
        if lesson is not None:
            learner.learn(lesson, 0.5, "joy")

    def look(texts: list[str]) -> float:
        return best(lambda: [learner.read("c", "ann", text, 4_000.0, known) for text in texts]) / len(texts)

    def best(work: Callable[[], object]) -> float:
        """Of five: a microsecond a message is little beside one collection of what the tests before left behind."""
        return min(_seconds(work) for _ in range(5))

    reading = best(lambda: [chat_text.read(text) for text in messages]) / len(messages)
    without, with_one = look(messages), look(emotes)
    print(
        f"\nreading a message {reading * 1e6:.1f} us, looking for emotes {without * 1e6:.2f} us without one, {with_one * 1e6:.1f} us with"
    )
    assert without <= 0.2 * reading
    assert with_one <= 2 * reading
