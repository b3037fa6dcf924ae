"""One process or several: `linked` declares a runner that the entry service asks, `HIKARI_TOPOLOGY` says where it lives.

Distributed, it is what `bentoml.depends` gives: a process of its own, its own replicas. In one process it is a descriptor with the same
protocol that gives one shared instance; BentoML knows nothing of it, so the entry service calls its hooks and asks whether it is ready.
"""

from typing import Any

import bentoml

from hikari.settings import Settings


class Shared:
    """A runner in the process of who asks it: the attribute protocol of `bentoml.depends`, one instance for all."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._made: Any = None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if self._made is None:
            self._made = self._runner()
        return self._made


def linked(runner: Any, settings: Settings | None = None) -> Any:
    """The class attribute through which a service asks another one, both being BentoML services."""
    return bentoml.depends(runner) if (settings or Settings.read()).distributed else Shared(runner)
