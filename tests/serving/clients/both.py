"""One test for both clients: the asynchronous one, made to look like the other."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, cast

import pytest

from hikari_client import AsyncHikari, Hikari

BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


class Blocking:
    """Runs what an asynchronous object's methods return; `async with` and `async for` become `with` and `for`."""

    def __init__(self, inner: Any, runner: asyncio.Runner) -> None:
        self._inner, self._runner = inner, runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def method(*arguments: Any, **named: Any) -> Any:
            result = found(*arguments, **named)
            if inspect.isawaitable(result):
                return self._runner.run(_awaited(result))
            return Blocking(result, self._runner)

        return method

    def __enter__(self) -> Self:
        self._runner.run(self._inner.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.run(self._inner.__aexit__(*error))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            return self._runner.run(_awaited(self._inner.__anext__()))
        except StopAsyncIteration:
            raise StopIteration from None


async def _awaited(work: Any) -> Any:
    return await work


class Waits(list[float]):
    """The waits that a client wanted, none of which it made."""

    def note(self, seconds: float) -> None:
        self.append(seconds)

    async def note_async(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def client(kind: str, url: str, waits: Waits | None = None, **options: Any) -> Iterator[Hikari]:
    """A client of this kind; with `waits`, one that does not wait between attempts."""
    if kind == "sync":
        with Hikari(url, **options, **({} if waits is None else {"pause": waits.note})) as engine:
            yield engine
        return
    with asyncio.Runner() as runner:
        made = AsyncHikari(url, **options, **({} if waits is None else {"pause": waits.note_async}))
        with Blocking(made, runner) as engine:
            yield cast("Hikari", engine)
