"""How the analyser reads: emotes of a channel, languages, thresholds and severity of the bundle or of the operator."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari import AdvancedSentimentAnalyzer
from hikari.errors import BadInput, NotReady
from hikari.sentiment.labels import TOXICITY
from tests.hikari.sentiment.analyzers import run, symbols

HEADER = "name\tprovider\tpolarity\temotion\tmeaning\n"
ANGRY = {"polarity": -1, "emotion": "anger", "meaning": "go away"}


def test_added_emotes_belong_to_their_channel(analyzer: AdvancedSentimentAnalyzer) -> None:
    assert analyzer.add_emotes("a", {"mikaWave": ANGRY, "KEKW": ANGRY}) == 2
    there = run(analyzer.analyze_message("mikaWave KEKW", "mika", channel="a"))
    elsewhere = run(analyzer.analyze_message("mikaWave KEKW", "mika", channel="b"))
    assert symbols(there) == ["mikaWave", "KEKW"]
    assert there["sentiment"]["emoji"]["score"] == -1
    assert symbols(elsewhere) == ["KEKW"]
    assert elsewhere["sentiment"]["emoji"]["score"] > 0


def test_emotes_added_later_join_the_earlier_ones(analyzer: AdvancedSentimentAnalyzer) -> None:
    analyzer.add_emotes("a", {"mikaWave": ANGRY})
    analyzer.add_emotes("a", {"mikaHype": {"polarity": 1, "emotion": "joy"}})
    answer = run(analyzer.analyze_message("mikaWave mikaHype", "mika", channel="a"))
    assert symbols(answer) == ["mikaWave", "mikaHype"]


@pytest.mark.parametrize(
    ("channel", "emote", "field"),
    [
        ("", ANGRY, "channel"),
        ("a", {**ANGRY, "polarity": 2}, "polarity"),
        ("a", {**ANGRY, "emotion": "rage"}, "emotion"),
        ("a", {}, "polarity"),
        ("a", 0.5, "polarity"),
    ],
)
def test_bad_emotes_are_refused_and_none_is_added(
    analyzer: AdvancedSentimentAnalyzer, channel: str, emote: Any, field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        analyzer.add_emotes(channel, {"mikaWave": ANGRY, "mikaBad": emote})
    assert caught.value.field == field
    assert symbols(run(analyzer.analyze_message("mikaWave", "mika", channel="a"))) == []


def test_channel_files_in_the_home_are_read(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "emotes"
    folder.mkdir(parents=True)
    (folder / "a.tsv").write_text(HEADER + "mikaWave\tchannel\t-0.5\tanger\tgo away\n", encoding="utf-8")
    (folder / "notes.txt").write_text("no lexicon")
    analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1)
    there = run(analyzer.analyze_message("mikaWave", "mika", channel="a"))
    assert there["sentiment"]["emoji"] == {
        "score": -0.5,
        "symbols": [{"name": "mikaWave", "polarity": -0.5, "emotion": "anger"}],
    }
    assert symbols(run(analyzer.analyze_message("mikaWave", "mika", channel="b"))) == []


def test_broken_channel_file_names_itself_and_its_line(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "emotes"
    folder.mkdir(parents=True)
    (folder / "a.tsv").write_text(HEADER + "mikaWave\tchannel\tmuch\tanger\tgo away\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.tsv, line 2: polarity"):
        run(AdvancedSentimentAnalyzer(tiny_bundle).open())


GERMAN = "das war leider ein wirklich schlechtes Spiel"


def with_languages(tiny_bundle: Path, rebuilt: Callable[..., Path], **changes: Any) -> Path:
    """The tiny bundle whose calibration says something else."""
    content = json.loads((tiny_bundle / "calibration.json").read_text())
    return rebuilt(replaced={"calibration.json": json.dumps({**content, **changes}).encode()})


@pytest.mark.parametrize(
    ("languages", "minimum", "supported"),
    [({"en": 0.7}, 0.5, False), ({"en": 0.7, "de": 0.6}, 0.5, True), ({"de": 0.6}, 0.65, False)],
)
def test_a_language_is_supported_where_the_bundle_says_that_it_holds(
    tiny_bundle: Path, rebuilt: Callable[..., Path], languages: dict[str, float], minimum: float, supported: bool
) -> None:
    path = with_languages(tiny_bundle, rebuilt, languages=languages, language_minimum=minimum)
    analyzer = AdvancedSentimentAnalyzer(path, threads=1)
    model = run(analyzer.analyze_message(GERMAN, "mika"))["model"]
    assert (model["language"], model["language_supported"]) == ("de", supported)
    assert run(analyzer.analyze_message("gg", "mika"))["model"]["language_supported"] is True


def test_a_bundle_that_does_not_say_is_for_english(tiny_bundle: Path, rebuilt: Callable[..., Path]) -> None:
    content = json.loads((tiny_bundle / "calibration.json").read_text())
    for name in ("languages", "language_minimum", "severe_toxic"):
        content.pop(name)
    analyzer = AdvancedSentimentAnalyzer(rebuilt(replaced={"calibration.json": json.dumps(content).encode()}), threads=1)
    rows = run(analyzer.analyze_batch([{"text": text, "username": "u"} for text in (GERMAN, "i love this game so much", "gg")]))
    told = [(row["model"]["language"], row["model"]["language_supported"]) for row in rows]
    assert told == [("de", False), ("en", True), (None, True)]


def test_advice_does_not_lean_on_a_mood_that_is_not_read_well(tiny_bundle: Path, rebuilt: Callable[..., Path]) -> None:
    never = dict.fromkeys(TOXICITY, 1.0)
    thresholds = {"toxicity": never, "question": {"question": 1.0}, "emotion": {}}
    path = with_languages(tiny_bundle, rebuilt, thresholds=thresholds, languages={"en": 0.7})
    analyzer = AdvancedSentimentAnalyzer(path, threads=1)
    plain = run(analyzer.analyze_message(GERMAN, "mika"))
    assert plain["response_recommendation"]["tone"] == "neutral"
    assert "language" in plain["response_recommendation"]["reason"]
    assert plain["context"]["user_trend"] == {"mood": 0.0, "direction": "steady", "messages": 0}
    assert plain["sentiment"]["transformer"]["score"] != 0  # said all the same, and marked
    emote = run(analyzer.analyze_message(f"{GERMAN} BibleThump", "mika"))
    assert emote["model"]["language_supported"] is False
    assert emote["response_recommendation"]["tone"] == "empathetic"
    assert emote["context"]["user_trend"]["messages"] == 1


def test_toxicity_counts_in_any_language(tiny_bundle: Path, rebuilt: Callable[..., Path]) -> None:
    path = with_languages(tiny_bundle, rebuilt, languages={"en": 0.7})
    analyzer = AdvancedSentimentAnalyzer(path, threads=1, toxicity_thresholds={"toxic": 1e-6})
    answer = run(analyzer.analyze_message(GERMAN, "mika"))
    assert answer["toxicity"]["is_toxic"]
    assert answer["response_recommendation"]["respond"] is False


def test_operators_set_thresholds_by_parameter_and_by_environment(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flagged(**more: Any) -> list[str]:
        analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1, **more)
        return run(analyzer.analyze_message("i love this game", "mika"))["toxicity"]["labels"]

    assert flagged() == []
    assert flagged(toxicity_thresholds={"insult": 1e-9}) == ["toxic", "insult"]
    monkeypatch.setenv("HIKARI_TOXICITY_THRESHOLDS", "threat=1e-9")
    assert flagged() == ["toxic", "threat"]
    assert flagged(toxicity_thresholds={}) == []
    monkeypatch.setenv("HIKARI_TOXICITY_THRESHOLDS", "rude=0.5")
    with pytest.raises(BadInput, match="HIKARI_TOXICITY_THRESHOLDS: there is no label 'rude'"):
        flagged()
    with pytest.raises(BadInput, match="toxic must be above 0"):
        AdvancedSentimentAnalyzer(tiny_bundle, toxicity_thresholds={"toxic": 0})


def test_how_messages_are_read_is_told(tiny_bundle: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1, toxicity_thresholds={"toxic": 0.8})
    with pytest.raises(NotReady):
        analyzer.reading()
    run(analyzer.open())
    told = analyzer.reading()
    assert set(told) == {"languages", "language_minimum", "toxicity_thresholds"}
    assert told["toxicity_thresholds"]["toxic"] == 0.8
    assert set(told["toxicity_thresholds"]) == set(TOXICITY)


def test_severity_follows_the_rule_where_the_bundle_says_so(tiny_bundle: Path, rebuilt: Callable[..., Path]) -> None:
    analyzer = AdvancedSentimentAnalyzer(with_languages(tiny_bundle, rebuilt, severe_toxic="rule"), threads=1)
    scores = run(analyzer.analyze_message("kys you idiot", "mika"))["toxicity"]["scores"]
    either = max(scores["threat"], scores["identity_hate"], min(scores["obscene"], scores["insult"]))
    assert scores["severe_toxic"] == min(scores["toxic"], either)
