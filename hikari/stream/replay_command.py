"""`hikari replay`: a recorded stream through the whole engine, or through two models to see what changes."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def add_replay_command(subparsers: Any) -> None:
    """Add `replay` to the sub-parsers of `hikari`."""
    parser = subparsers.add_parser(
        "replay",
        help="run a recorded stream through the whole engine",
        description="Run STREAM.jsonl (rows with timestamp, username and message) through the whole engine on a virtual clock and write "
        "events, memories, insights, metrics and a summary. Two replays give equal files.",
    )
    parser.add_argument("source", metavar="STREAM", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument(
        "--speed", type=float, default=None, metavar="X", help="X times as fast as it was (default: as fast as it goes)"
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        default=None,
        metavar=("A", "B"),
        help="replay with two text bundles and report what changes",
    )
    parser.add_argument(
        "--bundle", type=Path, default=None, help="text bundle (default: HIKARI_BUNDLE, or what `make pipeline` built)"
    )
    parser.add_argument("--embedder", type=Path, default=None, help="embedder bundle (default: what `make pipeline` built)")
    parser.add_argument("--ensemble", default=None, help="seed or tuned (default: what measured better on development data)")
    parser.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="what the VTuber is called; may be given several times"
    )
    parser.add_argument("--no-memory", action="store_true", help="remember nothing")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from hikari.heap import one_heap
    from hikari.memory.embedder import OnnxEmbedder
    from hikari.stream.compare import compare
    from hikari.stream.config import PipelineConfig
    from hikari.stream.recordings import read_recording
    from hikari.stream.replay import ReplayOptions, replay
    from hikari.threads import one_blas_thread

    one_heap()
    one_blas_thread()
    chosen = ReplayOptions(
        bundle=options.bundle,
        ensemble=options.ensemble,
        embedder=None if options.embedder is None else OnnxEmbedder.open(options.embedder),
        speed=options.speed,
        pipeline=PipelineConfig(names=tuple(options.name), remember=not options.no_memory),
    )
    total = sum(1 for _ in read_recording(options.source))
    with _progress(total, shown=not options.json) as show:
        if options.compare is not None:
            bundles: tuple[Path, Path] = (options.compare[0], options.compare[1])
            report = asyncio.run(compare(options.source, bundles, options.out, chosen, show))
            outcome = {name: report[name] for name in ("models", "messages", "changed_messages", "mean_score_distance")}
            outcome["changes"] = {name: change["count"] for name, change in report["changes"].items()}
            said = f"{report['changed_messages']} of {report['messages']} messages change: see {options.out / 'report.md'}"
        else:
            outcome = asyncio.run(replay(options.source, options.out, chosen, lambda done: show("replaying", done)))
            events = outcome["events"]
            said = (
                f"{events['analysis']} messages, {events['alert']} alerts, {outcome['memory']['kept']} memories, {events['error']} errors "
                f"written to {options.out}"
            )
    sys.stdout.write((json.dumps({**outcome, "output": str(options.out)}, ensure_ascii=False) if options.json else said) + "\n")
    return 0


@contextmanager
def _progress(total: int, *, shown: bool) -> Generator[Callable[[str, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name if len(name) > 1 else f"with model {name.upper()}", total=total)
            bar.update(tasks[name], completed=done)

        yield show
