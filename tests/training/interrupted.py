"""Runs that break off, and a count of the steps that were taken."""

from typing import Any

import pytest

from training import module as module_file


def stop_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training step raises once it has been called so often."""
    step, calls = module_file.TextModule.training_step, [0]

    def counted(self: Any, batch: Any, number: int) -> Any:
        calls[0] += 1
        if calls[0] > steps:
            raise RuntimeError("the power went out")
        return step(self, batch, number)

    monkeypatch.setattr(module_file.TextModule, "training_step", counted)


def count_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    step, calls = module_file.TextModule.training_step, [0]

    def counted(self: Any, batch: Any, number: int) -> Any:
        calls[0] += 1
        return step(self, batch, number)

    monkeypatch.setattr(module_file.TextModule, "training_step", counted)
    return calls
