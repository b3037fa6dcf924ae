"""The public class against a dictionary: any order of calls on two channels."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from hikari.errors import NotFound
from tests.hikari.memory.systems import system

pytestmark = pytest.mark.usefixtures("rules_only")

WORDS = ["amber", "bridge", "copper", "delta", "ember", "falcon", "garnet", "harbor"]


class Model(RuleBasedStateMachine):
    """Two channels against a dict: every stored row is found by its words, a deleted one never."""

    rows = Bundle("rows")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model: dict[str, dict[str, str]] = {"one": {}, "two": {}}
        self.number = 0

    def call(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 30))

    @initialize()
    def open(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.memory = system(Path(self.folder.name), extract=False, episodes=False)

    def fresh(self, words: list[str]) -> str:
        self.number += 1
        return f"row{self.number} {' '.join(words)}"

    @rule(target=rows, channel=st.sampled_from(["one", "two"]), words=st.lists(st.sampled_from(WORDS), max_size=4))
    def store(self, channel: str, words: list[str]) -> tuple[str, str]:
        content = self.fresh(words)
        identifier = self.call(self.memory.store_memory(content, channel=channel))
        self.model[channel][identifier] = content
        return channel, identifier

    @rule(row=rows, words=st.lists(st.sampled_from(WORDS), max_size=4))
    def update(self, row: tuple[str, str], words: list[str]) -> None:
        channel, identifier = row
        content = self.fresh(words)
        if identifier in self.model[channel]:
            self.call(self.memory.update_memory(identifier, channel=channel, content=content))
            self.model[channel][identifier] = content
        else:
            with pytest.raises(NotFound):
                self.call(self.memory.update_memory(identifier, channel=channel, content=content))

    @rule(row=rows)
    def delete(self, row: tuple[str, str]) -> None:
        channel, identifier = row
        if self.model[channel].pop(identifier, None) is not None:
            assert self.call(self.memory.delete_memory(identifier, channel=channel))
        with pytest.raises(NotFound):
            self.call(self.memory.get_memory(identifier, channel=channel))

    @rule()
    def reopen(self) -> None:
        self.call(self.memory.close())
        self.memory = system(Path(self.folder.name), extract=False, episodes=False)

    @rule(row=rows)
    def retrieve(self, row: tuple[str, str]) -> None:
        channel, identifier = row
        content = self.model[channel].get(identifier)
        found = self.call(self.memory.retrieve_memories(content or "row", k=200, channel=channel))
        assert {one["id"]: one["content"] for one in found} == self.model[channel]
        if content is not None:
            assert found[0]["id"] == identifier

    @invariant()
    def counts_agree(self) -> None:
        if hasattr(self, "memory"):
            counted = self.call(self.memory.stats())["channels"]
            assert {name: count for name, count in counted.items() if count} == {
                name: len(rows) for name, rows in self.model.items() if rows
            }

    def teardown(self) -> None:
        if hasattr(self, "memory"):
            self.call(self.memory.close())
            self.folder.cleanup()
        self.loop.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=5, stateful_step_count=20)
