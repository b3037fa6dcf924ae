"""Unknown emotes in the analyser: learned from the words around them, shown, used, forgotten, kept; and never from themselves."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari import AdvancedSentimentAnalyzer
from hikari.errors import BadInput, NotReady
from hikari.sentiment.emote_evidence import LearningConfig, rounded
from hikari.sentiment.emote_learning import EmoteLearner, LearnedLexicon, Lesson
from hikari.sentiment.symbols import Symbol, lexicon
from hikari.stream.cache import ContentCache

Result = TypeVar("Result")
NOW = 1_700_000_000.0
DAY = 86_400.0
GOOD = "i love this great game"
PROBE = "@ann mikaLove"
"""Says nothing beside the emote, so it teaches nothing."""
CONFIG = LearningConfig(save_every_s=0.0)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(work, 120))


def analyzer(bundle: Path, **options: Any) -> AdvancedSentimentAnalyzer:
    return AdvancedSentimentAnalyzer(bundle, threads=1, **{"clock": lambda: NOW, "learning": CONFIG, **options})


async def teach(
    one: AdvancedSentimentAnalyzer,
    name: str = "mikaLove",
    *,
    viewers: int = 8,
    channel: str = "default",
    text: str = GOOD,
    at: float = NOW,
) -> None:
    """Two messages of each viewer with the emote."""
    rows = [{"text": f"{text} {name}", "username": f"viewer{n}", "timestamp": at} for n in range(viewers) for _ in range(2)]
    await one.analyze_batch(rows, channel=channel)


async def symbols(one: AdvancedSentimentAnalyzer, text: str = PROBE, channel: str = "default") -> list[str]:
    emoji = (await one.analyze_message(text, "somebody", channel=channel))["sentiment"]["emoji"]
    return [] if emoji is None else [symbol["name"] for symbol in emoji["symbols"]]


def shown(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_an_emote_takes_on_the_mood_of_the_words_around_it(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            alone = (await one.analyze_message(GOOD, "ann"))["sentiment"]["aggregate"]["score"]
            assert await symbols(one) == []
            await teach(one)
            (row,) = await one.learned_emotes()
            assert row == {
                "name": "mikaLove", "polarity": rounded(16 * alone / (16 + CONFIG.prior)), "emotion": row["emotion"], "support": 16.0,
                "viewers": 8, "last_seen": NOW, "used": True,
            }  # fmt: skip
            answer = await one.analyze_message("the table mikaLove", "bo")
            emoji = answer["sentiment"]["emoji"]
            assert emoji["score"] == row["polarity"] > 0
            assert emoji["symbols"] == [{"name": "mikaLove", "polarity": row["polarity"], "emotion": row["emotion"]}]

    run(work())


def test_bad_moods_make_bad_emotes(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one, "mikaNo", text="i hate this awful game")
            (row,) = await one.learned_emotes()
            assert row["used"]
            assert row["polarity"] < 0

    run(work())


@pytest.mark.parametrize(
    "rows",
    [
        [(f"{GOOD} mikaLove", "viewer1")] * 60,
        [(f"{GOOD} mikaLove", name) for name in ("Ann", "ANN", "ann", "aNN") for _ in range(20)],
        [(f"{GOOD} mikaLove", f"viewer{n % 2}") for n in range(60)],
        [("mikaLove", f"viewer{n}") for n in range(60)],
        [("mikaLove mikaHype @ann", f"viewer{n}") for n in range(60)],
        [("mikaLove is the table", f"viewer{n}") for n in range(2)],
    ],
    ids=["one viewer", "one viewer in capitals", "two viewers", "no words", "emotes and mentions", "too few"],
)
def test_too_little_evidence_teaches_nothing(tiny_bundle: Path, rows: list[tuple[str, str]]) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await one.analyze_batch([{"text": text, "username": name} for text, name in rows])
            assert not any(row["used"] for row in await one.learned_emotes())
            assert await symbols(one) == []

    run(work())


def test_words_of_one_viewer_are_not_shown(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await one.analyze_batch([{"text": f"{GOOD} myPassword1", "username": "ann"}] * 9)
            assert await one.learned_emotes() == []

    run(work())
    assert not any(b"myPassword1" in path.read_bytes() for path in Path(learned_folder()).glob("*"))


def learned_folder() -> Path:
    from hikari.settings import Settings

    return Settings.read().home / "emotes_learned"


def test_what_was_learned_is_no_evidence_for_itself(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lessons: list[tuple[str, float, str]] = []
    learn = EmoteLearner.learn

    def noted(self: EmoteLearner, lesson: Lesson, score: float, emotion: str) -> None:
        lessons.append((lesson.rest, score, emotion))
        learn(self, lesson, score, emotion)

    monkeypatch.setattr(EmoteLearner, "learn", noted)
    texts = ["the table mikaLove", "mikaHype the table mikaLove", "mikaLove mikaHype", "what the game mikaHype"]

    async def work() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        async with analyzer(tiny_bundle) as one, analyzer(tiny_bundle, learning=None) as plain:
            await teach(one)
            await teach(one, "mikaHype")
            assert {name for name, row in shown(await one.learned_emotes()).items() if row["used"]} == {"mikaLove", "mikaHype"}
            lessons.clear()
            influenced = [await one.analyze_message(text, f"new{n}") for n, text in enumerate(texts)]
            return influenced, [await plain.analyze_message(text, "x") for text in ("the table", "what the game")]

    influenced, plain = run(work())
    table, game = ((each["sentiment"]["aggregate"]["score"], each["emotion"]["primary"]) for each in plain)
    assert [rest for rest, *_ in lessons] == ["the table", "the table", "what the game"]
    assert [(round(score, 4), emotion) for _, score, emotion in lessons] == [table, table, game]
    assert influenced[0]["sentiment"]["aggregate"]["score"] != table[0], "what is answered does use them"


def test_an_operators_word_wins(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one)
            one.add_emotes("default", {"mikaLove": {"polarity": -1, "emotion": "anger"}})
            emoji = (await one.analyze_message("the table mikaLove", "ann"))["sentiment"]["emoji"]
            assert emoji["score"] == -1
            (row,) = await one.learned_emotes()
            assert not row["used"]
            support = row["support"]
            await teach(one, viewers=20)
            assert (await one.learned_emotes())[0]["support"] == support, "nothing more is learned"

    run(work())


def test_the_bundled_lexicon_is_never_overruled() -> None:
    known = lexicon()
    over = LearnedLexicon(
        known, (Symbol("KEKW", "learned", -1.0, "anger", "no"), Symbol("mikaLove", "learned", 0.5, "joy", "joy"))
    )
    assert over.emote("KEKW") == known.emote("KEKW")
    assert over.emote("poggers") == known.emote("poggers")
    assert over.replace("so mikaLove KEKW")[0] == f"so (joy) ({known.emote('KEKW').meaning})"  # type: ignore[union-attr]
    assert over.fingerprint != known.fingerprint
    assert known.emote("mikaLove") is None
    assert len(over) == len(known)


def test_a_name_of_a_viewer_is_no_emote(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await one.analyze_message("hello", "darklord")
            await teach(one, "darkLord")
            assert await one.learned_emotes() == []
            await teach(one)
            assert await symbols(one) == ["mikaLove"]
            await one.analyze_message("hello", "mikaLove")
            assert await symbols(one) == []
            assert not (await one.learned_emotes())[0]["used"]
            one.forget_user(None, "mikaLove")
            assert await symbols(one) == ["mikaLove"]

    run(work())


def test_channels_learn_apart(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one, channel="a")
            assert await symbols(one, channel="a") == ["mikaLove"]
            assert await symbols(one, channel="b") == []
            assert await one.learned_emotes("b") == []

    run(work())


def test_a_cache_serves_nothing_stale(tiny_bundle: Path) -> None:
    def bare(answer: dict[str, Any]) -> dict[str, Any]:
        return {name: answer[name] for name in ("sentiment", "emotion", "toxicity")}

    async def work() -> None:
        cache = ContentCache()
        async with analyzer(tiny_bundle, cache=cache) as one:
            before = bare(await one.analyze_message(PROBE, "ann"))
            other = bare(await one.analyze_message("the table", "ann"))
            assert before["sentiment"]["emoji"] is None
            await teach(one)
            learned = bare(await one.analyze_message(PROBE, "ann"))
            assert learned["sentiment"]["emoji"]["symbols"][0]["name"] == "mikaLove"
            misses = cache.stats()["misses"]
            assert bare(await one.analyze_message("the table", "ann")) == other
            assert bare(await one.analyze_message(PROBE, "ann")) == learned
            assert cache.stats()["misses"] == misses, "texts without it, and with it as it was, stay known"
            assert await one.reset_learned_emotes("default", "mikaLove") == 1
            assert bare(await one.analyze_message(PROBE, "ann")) == before

    run(work())


def test_what_was_learned_fades_with_event_time_and_the_future_does_no_harm(tiny_bundle: Path) -> None:
    now = [NOW]

    async def work() -> None:
        async with analyzer(tiny_bundle, clock=lambda: now[0]) as one:
            await teach(one)
            await one.analyze_message(f"{GOOD} mikaLove", "late", timestamp=NOW - 10_000 * DAY)
            await one.analyze_message(f"{GOOD} mikaLove", "early", timestamp=NOW + 10_000 * DAY)
            (row,) = await one.learned_emotes()
            assert row["support"] == pytest.approx(17.0, abs=0.01)
            assert row["last_seen"] <= NOW + 60
            now[0] = NOW + 90 * DAY
            assert await symbols(one) == []
            (row,) = await one.learned_emotes()
            assert row["support"] == pytest.approx(17 / 8, abs=0.01), "three half-lives"

    run(work())


def test_resetting_forgets_one_or_all(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with analyzer(tiny_bundle) as one:
            await teach(one)
            await teach(one, "mikaHype")
            await teach(one, "mikaHype", channel="b")
            assert await one.reset_learned_emotes("default", "mikaNo") == 0
            assert await one.reset_learned_emotes("default", "mikaLove") == 1
            assert list(shown(await one.learned_emotes())) == ["mikaHype"]
            assert await one.reset_learned_emotes() == 1
            assert await one.learned_emotes() == []
            assert len(await one.learned_emotes("b")) == 1
            await teach(one)
            assert await symbols(one) == ["mikaLove"], "it is learned anew"
            for channel, name, field in (("", None, "channel"), ("default", "", "name"), ("default", 7, "name")):
                with pytest.raises(BadInput) as caught:
                    await one.reset_learned_emotes(channel, name)  # type: ignore[arg-type]
                assert caught.value.field == field
            with pytest.raises(BadInput):
                await one.learned_emotes("")

    run(work())
    assert len(list(learned_folder().glob("*.json"))) == 2


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


def test_most_messages_take_no_second_pass(tiny_bundle: Path) -> None:
    async def work() -> None:
        cache = ContentCache()
        async with analyzer(tiny_bundle, cache=cache) as one:
            for text in (GOOD, "KEKW", "mikaLove", "mikaLove mikaHype", "what the what"):
                await one.analyze_message(text, "ann")
            assert cache.stats()["misses"] == 5
            await one.analyze_message(f"{GOOD} mikaLove", "ann")
            assert cache.stats()["misses"] == 6, "the words without the emote were read before"

    run(work())


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
