"""Keepers for tests: stores that are full on demand, chat, and everything that can be asked of a keeper."""

import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hikari.analytics import answers
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.events import ChatEvent
from hikari.analytics.keeper import Keeper
from hikari.analytics.store import AnalyticsStore, Change
from hikari.errors import NotFound, NotReady, StoreFull

START = 1_700_000_040.0
WORDS = tuple("hello nice boss fight KEKW what is this game so good again please haha run jump LUL \ud800".split())  # noqa: SIM905


class FussyStore(AnalyticsStore):
    """A store that is full while `full`, and calls `meanwhile` (once) before it writes."""

    full = False
    meanwhile: Callable[[], object] | None = None

    def write(self, changes: Iterable[Change]) -> None:
        listed = list(changes)
        then, self.meanwhile = self.meanwhile, None
        if then is not None:
            then()
        if self.full:
            raise StoreFull("the disk of this test is full")
        super().write(listed)


def keeper(folder: Path, **config: Any) -> Keeper:
    """A keeper in which nothing happens by itself."""
    return Keeper(FussyStore(folder), AnalyticsConfig(**{"background": False, **config}), lambda: START)


def store_of(one: Keeper) -> FussyStore:
    """Its store."""
    assert isinstance(one.store, FussyStore)
    return one.store


def crashed(one: Keeper, folder: Path, **config: Any) -> Keeper:
    """Another keeper over what is on disk now, as after a crash."""
    shutil.copytree(one.store.folder, folder)
    return keeper(folder, **config)


def chat(count: int, seed: int = 1, viewers: int = 20, start: float = START, step: float = 2.0) -> list[ChatEvent]:
    """Messages in order, one every `step` seconds."""
    dice = random.Random(seed)
    return [
        ChatEvent(
            start + step * number,
            f"viewer{dice.randrange(viewers)}",
            " ".join(dice.choices(WORDS, k=dice.randint(1, 4))),
            sentiment=dice.choice([None, 0.5, -0.25]),
        )
        for number in range(count)
    ]


def seen(one: Keeper, channel: str = "default", viewers: int = 20) -> Any:
    """All that is known of a channel and its viewers; None where nothing is."""
    try:
        return (
            answers.stream(one, channel),
            answers.anomalies(one, channel, None, None),
            [known(one, f"viewer{number}", channel) for number in range(viewers)],
        )
    except (NotFound, NotReady):
        return None


def known(one: Keeper, viewer: str, channel: str = "default") -> dict[str, Any] | None:
    """The insights of a viewer."""
    try:
        return answers.viewer(one, channel, viewer, START + 1e5)
    except NotFound:
        return None
