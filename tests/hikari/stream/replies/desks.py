"""A desk with a clock that stands until it is moved, and how tests talk to it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.desk import ReplyDesk
from tests.hikari.stream.replies.chat import NAMES, START, event

Result = TypeVar("Result")


class Desk:
    """A `ReplyDesk` and its clock."""

    def __init__(self, *, knowledge: Any = None, count_tokens: Any = None, **config: Any) -> None:
        self.now = START
        more = {} if count_tokens is None else {"count_tokens": count_tokens}
        self.desk = ReplyDesk(knowledge, ReplyConfig(**{"names": NAMES, **config}), clock=lambda: self.now, **more)
        self._count = 0

    def hear(self, text: str, username: str = "kai", **more: Any) -> str | None:
        """One message now; why it is kept out."""
        self._count += 1
        return self.desk.notice(event(text, username, **{"id": f"m{self._count}", "timestamp": self.now, **more}))

    def next(self, **asked: Any) -> dict[str, Any]:
        """The answer to a question for replies."""
        return run(self.desk.next_reply(**asked))

    def texts(self, **asked: Any) -> list[str]:
        """The texts of the messages to answer."""
        return [reply["text"] for reply in self.next(**asked)["replies"]]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine with a bound on its time, so that a hang fails."""
    return asyncio.run(asyncio.wait_for(work, 60))
