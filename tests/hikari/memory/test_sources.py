"""Provenance, bots and commands."""

from typing import Any

import pytest

from hikari.memory.records import SOURCES, source_of
from hikari.memory.sources import BOTS, TRUSTED, is_bot, is_command


@pytest.mark.parametrize("source", SOURCES)
def test_known_sources_are_kept(source: str) -> None:
    assert source_of({"source": source}) == source


@pytest.mark.parametrize("metadata", [{}, {"source": "twitch"}, {"source": None}, {"source": 3}, {"source": "VTUBER"}])
def test_all_else_came_from_a_viewer(metadata: dict[str, Any]) -> None:
    assert source_of(metadata) == "viewer"


def test_only_what_the_engine_writes_under_is_trusted() -> None:
    assert set(SOURCES) - TRUSTED == {"viewer", "moderator", "import"}
    assert set(SOURCES) > TRUSTED


@pytest.mark.parametrize("user", ["nightbot", "StreamElements", "@Fossabot", " moobot ", *sorted(BOTS)[:3]])
def test_known_bots(user: str) -> None:
    assert is_bot(user, {})


@pytest.mark.parametrize("metadata", [{"role": "bot"}, {"roles": ["subscriber", "Bot"]}, {"roles": "bot"}, {"is_bot": True}])
def test_bots_by_role(metadata: dict[str, Any]) -> None:
    assert is_bot("mika", metadata)
    assert is_bot(None, metadata)


@pytest.mark.parametrize("user", ["mika", "robot", "talbot", "nightbot2", None])
@pytest.mark.parametrize("metadata", [{}, {"role": "moderator"}, {"roles": ["vip", 3]}, {"roles": {"bot": 1}}, {"is_bot": "no"}])
def test_people(user: str | None, metadata: dict[str, Any]) -> None:
    assert not is_bot(user, metadata)


def test_bot_names_are_in_the_spelling_that_is_looked_up() -> None:
    assert all(name == name.casefold().strip().lstrip("@") and len(name) > 3 for name in BOTS)


@pytest.mark.parametrize("text", ["!discord", "  !so mika", "!é"])
def test_commands(text: str) -> None:
    assert is_command(text)


@pytest.mark.parametrize("text", ["!", "! hi", "!!1", "a !b", ""])
def test_no_commands(text: str) -> None:
    assert not is_command(text)
