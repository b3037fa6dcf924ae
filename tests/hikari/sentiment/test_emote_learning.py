"""Unknown emotes in the analyser: learned from the words around them, shown, used, forgotten, kept; and never from themselves."""

from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput
from hikari.sentiment.emote_evidence import rounded
from hikari.sentiment.emote_learning import EmoteLearner, LearnedLexicon, Lesson
from hikari.sentiment.symbols import Symbol, lexicon
from hikari.stream.cache import ContentCache
from tests.hikari.sentiment.teaching import CONFIG, DAY, GOOD, NOW, PROBE, analyzer, learned_folder, run, shown, symbols, teach


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
    assert not any(b"myPassword1" in path.read_bytes() for path in learned_folder().glob("*"))


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
