"""What was learned of unknown emotes through restarts, damage, forgotten viewers and floods of invented words."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari import AdvancedSentimentAnalyzer
from hikari.errors import BadInput, NotReady
from hikari.sentiment.emote_evidence import LearningConfig
from hikari.sentiment.emote_learning import EmoteLearner
from hikari.sentiment.symbols import lexicon
from tests.hikari.sentiment.teaching import NOW, analyzer, learned_folder, run, symbols, teach


def test_a_restart_remembers_and_a_damaged_file_costs_only_what_was_learned(tiny_bundle: Path) -> None:
    async def first() -> list[dict[str, Any]]:
        async with analyzer(tiny_bundle) as one:
            await teach(one)
            return await one.learned_emotes()

    async def second() -> list[dict[str, Any]]:
        async with analyzer(tiny_bundle) as one:
            found = await one.learned_emotes()
            assert await symbols(one) == (["mikaLove"] if found else [])
            await one.close()
            assert await one.learned_emotes() == found, "opened again it goes on with what it has"
            return found

    learned = run(first())
    assert learned == run(second())
    (path,) = learned_folder().glob("*.json")
    content = path.read_text()
    assert "viewer1" not in content
    assert "love this" not in content
    assert learned_folder().stat().st_mode & 0o777 == 0o700
    path.write_text(content[:100])
    assert run(second()) == []
    assert [each.name for each in learned_folder().glob("*.json*")] == [f"{path.name}.bad"]


def test_a_forgotten_viewer_is_out_of_what_was_learned_and_out_of_the_file(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one, viewers=5)
            await teach(one, viewers=5, channel="b")
            await one.close()
            assert {name: len(emotes[0]["shares"]) for name, emotes in stored().items()} == {"default": 5, "b": 5}
            assert one.forget_user("default", "VIEWER3")
            assert (await one.learned_emotes())[0]["viewers"] == 4
            assert (await one.learned_emotes("b"))[0]["viewers"] == 5
            assert {name: len(emotes[0]["shares"]) for name, emotes in stored().items()} == {"default": 4, "b": 5}
            assert one.forget_user(None, "viewer4")
            assert {name: len(emotes[0]["shares"]) for name, emotes in stored().items()} == {"default": 3, "b": 4}
            for number in range(3):
                one.forget_user(None, f"viewer{number}")
            assert await one.learned_emotes() == []
            assert "default" not in stored()
            assert not one.forget_user(None, "nobody")

    def stored() -> dict[str, list[dict[str, Any]]]:
        files = [json.loads(path.read_bytes()) for path in learned_folder().glob("*.json")]
        return {file["channel"]: file["emotes"] for file in files}

    run(work())


def test_a_viewer_is_forgotten_on_disk_before_anything_was_opened(tiny_bundle: Path) -> None:
    async def learn() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one, viewers=5)

    run(learn())
    assert analyzer(tiny_bundle).forget_user(None, "viewer1")
    (path,) = learned_folder().glob("*.json")
    assert len(json.loads(path.read_bytes())["emotes"][0]["shares"]) == 4


def test_it_can_be_switched_off(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(one: AdvancedSentimentAnalyzer) -> None:
        async with one:
            await teach(one)
            assert await symbols(one) == []
            assert await one.learned_emotes() == []
            assert await one.reset_learned_emotes() == 0
            assert one.forget_user(None, "viewer1"), "the trend"

    run(work(analyzer(tiny_bundle, learning=None)))
    monkeypatch.setenv("HIKARI_LEARN_EMOTES", "off")
    run(work(analyzer(tiny_bundle)))
    monkeypatch.setenv("HIKARI_LEARN_EMOTES", "perhaps")
    with pytest.raises(BadInput, match="on or off"):
        run(work(analyzer(tiny_bundle)))
    monkeypatch.delenv("HIKARI_LEARN_EMOTES")
    assert not learned_folder().exists()


def test_without_keeping_nothing_is_written(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle, learning=LearningConfig(keep=False)) as one:
            await teach(one)
            assert await symbols(one) == ["mikaLove"]

    run(work())
    assert not learned_folder().exists()


def test_without_a_model_nothing_is_answered(tmp_path: Path) -> None:
    with pytest.raises(NotReady):
        run(analyzer(tmp_path / "none").learned_emotes())
    with pytest.raises(NotReady):
        run(analyzer(tmp_path / "none").reset_learned_emotes())


WORDS = st.integers(0, 400).map(lambda number: f"mika{chr(65 + number % 26)}{number}")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30), WORDS), min_size=1, max_size=120))
def test_memory_is_bounded_whatever_comes(rows: list[tuple[int, int, str]]) -> None:
    config = LearningConfig(candidates=5, viewers=3, channels=4, shares=40, keep=False)
    learner = EmoteLearner(config, lambda *_: False)
    for number, (channel, viewer, word) in enumerate(rows):
        _, lesson = learner.read(f"c{channel}", f"v{viewer}", f"good {word}", NOW + number, lexicon())
        if lesson is not None:
            learner.learn(lesson, 0.5, "joy")
        kept = learner._channels
        assert len(kept) <= config.channels
        for one in kept.values():
            assert len(one.shared) <= config.candidates
            assert len(one.single) <= config.candidates
            candidates = [*one.shared.values(), *one.single.values()]
            assert one.size == sum(len(each.shares) for each in candidates)
            assert all(len(each.shares) <= config.viewers for each in candidates)
            assert len(one._standings) <= len(candidates)
            assert all(len(each.shares) > 1 for each in one.shared.values())
        assert sum(one.size for one in kept.values()) <= max(config.shares, config.candidates * (config.viewers + 1))


def test_who_invents_words_pushes_no_learned_emote_out() -> None:
    learner = EmoteLearner(LearningConfig(candidates=10, keep=False), lambda *_: False)

    def say(username: str, text: str) -> bool:
        lexicon_, lesson = learner.read("c", username, text, NOW, lexicon())
        if lesson is not None:
            learner.learn(lesson, 0.9, "joy")
        return lexicon_.emote("mikaLove") is not None

    for number in range(12):
        say(f"viewer{number}", "so good mikaLove")
    for number in range(500):
        say("troll", f"so good mikaX{number}")
    assert say("ann", "so good mikaLove")


def test_hashes_of_viewers_are_keyed_and_of_one_channel(tmp_path: Path) -> None:
    def hashed(folder: Path, channel: str) -> int:
        learner = EmoteLearner(LearningConfig(), lambda *_: False)
        learner.open(folder)
        _, lesson = learner.read(channel, "Ann", "good mikaLove", NOW, lexicon())
        assert lesson is not None
        return lesson.viewer

    one = hashed(tmp_path / "a", "x")
    assert one == hashed(tmp_path / "a", "x")
    assert one != hashed(tmp_path / "a", "y")
    assert one != hashed(tmp_path / "b", "x")
