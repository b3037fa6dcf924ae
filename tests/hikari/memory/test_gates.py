"""The write gates of all channels: what is kept out, what only repeats, and that a restart changes nothing."""

from pathlib import Path

import pytest

from hikari.errors import HikariError, Refused
from hikari.memory import keys
from hikari.memory.gates import STATE
from tests.hikari.memory.systems import START, Clock, core, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")
SAID = "Welcome to the lantern garden my friends"
PASTE = "this lantern is the brightest lantern that chat has ever seen today"


def test_bots_commands_and_the_vtubers_own_words_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.said(SAID)
            for content, more in (
                ("a message of a bot", {"user": "Nightbot"}),
                ("a message of a bot", {"user": "somebody", "metadata": {"roles": ["bot"]}}),
                ("!discord", {"user": "kai"}),
                (SAID.lower(), {"user": "kai"}),
            ):
                with pytest.raises(Refused) as caught:
                    await memory.store_memory(content, **more)
                assert caught.value.field == "content"
                assert content not in caught.value.message
            assert await memory.store_memory(SAID, metadata={"source": "vtuber"})
            assert await memory.store_memory(SAID, channel="tower", user="kai")
            assert await memory.store_memory(SAID, user="kai", timestamp=START - 10)

    run(work())


def test_a_recalled_memory_that_comes_back_is_a_use_and_no_second_one(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            first = await memory.store_memory("my cat is called mochi", user="kai", id="first")
            await memory.retrieve_memories("cat mochi")
            assert await memory.store_memory("My cat is called Mochi!!", user="kai", metadata={"message": "other"}) == first
            assert await memory.store_memory("my cat is called mochi", user="kai", id="second") == first
            assert await memory.store_memory("my cat is called mochi", user="kai", id="second") == "second"
            assert (await memory.stats())["memories"] == 1
            assert (await memory.get_memory("second"))["id"] == first
            # The same words of somebody else are another fact.
            assert await memory.store_memory("my cat is called mochi", user="mika") != first
            core = parts(memory).core
            core.flush_uses()
            with core.store.read() as view:
                assert view.access(1)[0] == 3

    run(work())


@pytest.mark.parametrize("with_ids", [False, True])
def test_copypasta_does_not_pile_up(tmp_path: Path, with_ids: bool) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            refused = 0
            for number in range(8):
                identifier = f"m{number}" if with_ids else None
                try:
                    await memory.store_memory(PASTE, user=f"viewer{number}", id=identifier, timestamp=START + number)
                except Refused:
                    refused += 1
            assert (await memory.stats())["memories"] == 2
            assert refused == (0 if with_ids else 6)
            if with_ids:
                assert (await memory.get_memory("m7"))["id"] == "m0"
                with pytest.raises(HikariError, match="another memory"):
                    await memory.store_memory(PASTE, user="viewer9", id="m1")

    run(work())


def test_what_was_said_survives_a_restart_and_an_abandoned_gate(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.gates.said("lamp", SAID, START)
    with core(tmp_path, Clock()) as memory:
        answers = memory.store_rows([{"content": SAID, "user": "kai", "channel": "lamp"}])
        assert isinstance(answers[0], Refused)
        memory.store.write(lambda edit: edit.set_value("state", "lamp", STATE, {"format": 99}))
        memory.gates._gates.clear()
        assert isinstance(memory.store_rows([{"content": SAID, "user": "kai", "channel": "lamp"}])[0], str)


def test_hygiene_can_be_switched_off(tmp_path: Path) -> None:
    with core(tmp_path, Clock(), hygiene=False) as memory:
        memory.gates.said("default", SAID, START)
        rows = [{"content": SAID, "user": "nightbot"}, {"content": "!help", "user": "kai"}]
        assert all(isinstance(answer, str) for answer in memory.store_rows(rows))


def test_a_gate_holds_no_text(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.gates.said("default", SAID, START)
        memory.store_rows([{"content": PASTE, "user": "kai"}])
        memory.gates.save()
        with memory.store.read() as view:
            state = keys.pack(view.value("state", "default", STATE))
        assert b"lantern" not in state.lower()
        assert b"kai" not in state


def test_repeating_a_memory_that_was_deleted_is_refused_once_and_harms_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            first = await memory.store_memory("my cat is called mochi", user="kai")
            await memory.retrieve_memories("cat mochi")
            await memory.delete_memory(first)
            again = await memory.store_memory("my cat is called mochi", user="kai")
            assert ids(await memory.retrieve_memories("cat mochi")) == [again]

    run(work())
