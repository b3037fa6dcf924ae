"""How far a sweep is: a bar on a terminal, and a line per trial everywhere."""

import sys
from types import TracebackType
from typing import Any, Self


class Progress:
    """Writes to standard error; the result alone goes to standard output."""

    def __init__(self, total: int, metric: str) -> None:
        self._total, self._metric = total, metric
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                progress.TextColumn("trials"), progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeElapsedColumn(),
                progress.TextColumn("{task.description}"), console=Console(stderr=True),
            )  # fmt: skip
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def line(self, number: int, state: str, value: float | None, failure: str = "") -> None:
        """One trial's end."""
        figure = "" if value is None else f", {self._metric} {value:.4f}"
        text = f"trial {number} {state}{figure}{': ' if failure else ''}{failure}"
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{text}\n")

    def show(self, done: int, best: float | None, failures: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            text = "" if best is None else f"best {best:.4f}"
            self._bar.update(self._task, completed=done, description=text + (f", {failures} failed" if failures else ""))
