"""What the shipped model must answer sensibly, and the figures that it must reach; needs `make pipeline`, so these are slow
tests."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hikari import AdvancedSentimentAnalyzer
from tests.conftest import ROOT
from tests.e2e.process import served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analyse(shipped_bundle: Path) -> Iterator[Any]:
    analyzer = AdvancedSentimentAnalyzer(shipped_bundle)
    yield lambda text: asyncio.run(_fresh(analyzer, text))


async def _fresh(analyzer: AdvancedSentimentAnalyzer, text: str) -> dict[str, Any]:
    try:
        return await analyzer.analyze_message(text, "viewer")
    finally:
        await analyzer.close()


def test_strong_praise(analyse: Any) -> None:
    answer = analyse("This stream is absolutely amazing! 🔥")
    assert answer["sentiment"]["aggregate"]["label"] == "very_positive"
    assert answer["emotion"]["primary"] == "joy"
    assert answer["response_recommendation"]["tone"] == "enthusiastic"


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("PogChamp PogChamp", "positive"),
        ("KEKW that was so good", "positive"),
        ("I love this game... NOT!", "negative"),
        ("great, another ad break", "negative"),
        ("this is not fun at all", "negative"),
        ("Sadge", "negative"),
        ("can you play undertale next?", "neutral"),
    ],
)
def test_sentiment(analyse: Any, text: str, side: str) -> None:
    assert analyse(text)["sentiment"]["aggregate"]["label"].removeprefix("very_") == side


def test_sadge_is_sad(analyse: Any) -> None:
    assert analyse("Sadge")["emotion"]["primary"] == "sadness"


@pytest.mark.parametrize("text", ["kys", "k y s", "go die you worthless idiot"])
def test_abuse(analyse: Any, text: str) -> None:
    answer = analyse(text)
    assert answer["toxicity"]["is_toxic"]
    assert {"threat", "insult", "severe_toxic"} & set(answer["toxicity"]["labels"])
    assert answer["response_recommendation"]["respond"] is False


@pytest.mark.parametrize(
    "text", ["hello everyone", "kill the boss quick he's one hp", "holy shit that was clean", "gg well played"]
)
def test_harmless(analyse: Any, text: str) -> None:
    assert not analyse(text)["toxicity"]["is_toxic"]


def test_a_question_wants_an_answer(analyse: Any) -> None:
    answer = analyse("can you play undertale next?")
    assert answer["context"]["question"]["asks"]
    assert answer["response_recommendation"]["respond"]


def test_the_figures_reach_their_limits_and_beat_the_bag_of_words() -> None:
    figures = json.loads((ROOT / "data/evaluation/metrics.json").read_text())
    # The weights are chosen by the public sets and forget little of them, which costs these figures two to four points
    # (data/models/text_pretrained.md); with 182 toxic rows that of toxicity has a standard error of 0.02.
    for task, figure, limit in (("sentiment", "macro_f1", 0.72), ("emotion", "macro_f1", 0.60), ("toxicity", "f1", 0.74)):
        assert figures[task][figure] >= limit, task
        assert figures[task][figure] > figures["baseline"][task][figure], task
    assert figures["ensemble_served"]["macro_f1"] >= 0.71


def test_the_committed_figures_are_those_of_this_machine_within_a_tolerance(shipped_bundle: Path) -> None:
    import subprocess

    done = subprocess.run(
        ["git", "show", "HEAD:data/evaluation/metrics.json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    committed, here = json.loads(done.stdout), json.loads((ROOT / "data/evaluation/metrics.json").read_text())
    for task, figure in (("sentiment", "macro_f1"), ("emotion", "macro_f1"), ("toxicity", "f1"), ("question", "f1")):
        assert abs(committed[task][figure] - here[task][figure]) <= 0.04, task
        assert committed["baseline"][task][figure] == pytest.approx(here["baseline"][task][figure], abs=0.01)


def test_the_packaged_bento_serves_the_shipped_model(shipped_bundle: Path, tmp_path: Path) -> None:
    bento = ROOT / "data/models/bento"
    manifest = json.loads((shipped_bundle / "manifest.json").read_text())
    with served(str(bento), tmp_path, cwd=tmp_path, HIKARI_HOME=str(tmp_path / "home")) as running:
        answer = httpx.post(f"{running.url}/analyze_message", json={"text": "this is amazing", "username": "mika"}).json()
    assert manifest["fingerprint"].startswith(answer["model"]["fingerprint"])
    assert answer["sentiment"]["aggregate"]["label"] in ("positive", "very_positive")
