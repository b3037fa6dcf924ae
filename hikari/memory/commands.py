"""`hikari memory`: what an operator does with a store from the shell.

Reading commands open the store read-only: they work while a server holds it, and a look at a memory does not count as its use.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hikari.errors import BadInput, StoreBusy
from hikari.memory import command_reports as reports

if TYPE_CHECKING:
    from hikari.memory.system import NeuralMemorySystem

DECLINED = 1
"""Exit code when the question was not answered with yes."""
FORMATS = ("auto", "jsonl", "locomo")
ROWS_TOGETHER = 500
MAX_ERRORS = 20
Progress = Callable[[int, int | None], None]
Report = dict[str, Any]


def add_commands(commands: Any) -> None:
    """Add `memory` and its commands to the sub-parsers of `hikari`."""
    memory = commands.add_parser("memory", help="work with stored memories", description="Work with stored memories.")
    actions = memory.add_subparsers(dest="action", required=True, metavar="ACTION")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--store", type=Path, default=None, metavar="PATH", help="the store's folder (default: HIKARI_HOME/memory)"
    )
    shared.add_argument("--channel", default=None, help="one channel only (default: all; search: `default`)")
    shared.add_argument("--json", action="store_true", help="print JSON only")

    def add(name: str, about: str, run: Callable[[argparse.Namespace], int]) -> Any:
        parser = actions.add_parser(name, parents=[shared], help=about, description=f"{about[0].upper()}{about[1:]}.")
        parser.set_defaults(run=run)
        return parser

    importing = add("import", "store the memories of a file; doing it twice stores nothing twice", _import)
    importing.add_argument("source", metavar="FILE", type=Path)
    importing.add_argument(
        "--format", choices=FORMATS, default="auto", help="JSON lines as exported, or LoCoMo's conversations, each as a channel"
    )
    add("export", "write all memories as JSON lines", _export).add_argument("target", metavar="FILE", type=Path)
    _search_options(add("search", "find memories", _search))
    add("audit", "report what should not be in the store: ids, never texts", _audit)
    add("stats", "print counts and sizes", _stats)
    forgetting = add("forget-user", "remove a viewer from store, indices, graph, summaries and caches, for good", _forget_user)
    forgetting.add_argument("user", metavar="NAME")
    forgetting.add_argument("--yes", action="store_true", help="do not ask")
    add("rebuild", "build the indices anew from the store", _rebuild)


def _search_options(parser: Any) -> None:
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("-k", type=int, default=5, metavar="N", help="how many (default: 5)")
    parser.add_argument(
        "--type", action="append", dest="memory_types", metavar="TYPE", help="only this type or tier; may be repeated"
    )
    parser.add_argument("--user", default=None, help="only what this viewer said")
    for name, about in (("since", "only from TIME on"), ("until", "only before TIME"), ("as-of", "answer as at TIME")):
        parser.add_argument(f"--{name}", type=_moment, default=None, metavar="TIME", help=f"{about}; ISO 8601 or epoch seconds")
    parser.add_argument(
        "--filter", default=None, metavar="JSON", help='conditions on the metadata, such as {"bits": {"gte": 100}}'
    )
    parser.add_argument("--explain", action="store_true", help="show the parts of each score")


def _import(options: argparse.Namespace) -> int:
    source = cast("Path", options.source)
    if not source.is_file():
        raise BadInput(f"no file {source}", field="FILE")
    kind = cast("str", options.format)

    async def run(memory: "NeuralMemorySystem", progress: Progress) -> Report:
        if kind == "locomo" or (kind == "auto" and _is_locomo(source)):
            return await _import_conversations(memory, source, options.channel, progress)
        total = _count_lines(source)
        return await memory.import_memories(source, channel=options.channel, progress=lambda done: progress(done, total))

    outcome = _run(options, run, "importing")
    _print(options, outcome, reports.imported(outcome))
    return 2 if outcome["failed"] and not outcome["stored"] else 0


def _export(options: argparse.Namespace) -> int:
    target = cast("Path", options.target)
    if target.is_dir():
        raise BadInput(f"{target} is a folder, FILE must be a file", field="FILE")

    async def run(memory: "NeuralMemorySystem", progress: Progress) -> Report:
        total = int((await memory.stats(options.channel))["memories"])
        written = await memory.export_memories(target, channel=options.channel, progress=lambda done: progress(done, total))
        return {"memories": written, "output": str(target)}

    outcome = _run(options, run, "exporting", read_only=True, extract=False)
    _print(options, outcome, f"{outcome['memories']} memories written to {target}\n")
    return 0


def _search(options: argparse.Namespace) -> int:
    filters = _filters(options.filter)
    channel = "default" if options.channel is None else options.channel

    async def run(memory: "NeuralMemorySystem", _: Progress) -> list[Report]:
        return await memory.retrieve_memories(
            options.query,
            options.k,
            options.memory_types,
            channel=channel,
            user=options.user,
            since=options.since,
            until=options.until,
            as_of=options.as_of,
            filters=filters,
            explain=options.explain,
        )

    found = _run(options, run, read_only=True)
    _print(options, found, reports.found(found))
    return 0


def _audit(options: argparse.Namespace) -> int:
    async def run(memory: "NeuralMemorySystem", _: Progress) -> Report:
        return await memory.audit(options.channel)

    report = _run(options, run, read_only=True, extract=False)
    _print(options, report, reports.audit(report))
    return 0


def _stats(options: argparse.Namespace) -> int:
    async def run(memory: "NeuralMemorySystem", _: Progress) -> Report:
        return await memory.stats(options.channel)

    facts = _run(options, run, read_only=True, extract=False)
    _print(options, facts, reports.stats(facts))
    return 0


def _forget_user(options: argparse.Namespace) -> int:
    where = "all channels" if options.channel is None else f"channel {options.channel}"
    if not (options.yes or options.json) and not _agreed(
        f"Remove everything about {options.user} from {where}, for good? [y/N] "
    ):
        sys.stderr.write("nothing was removed\n")
        return DECLINED

    async def run(memory: "NeuralMemorySystem", _: Progress) -> Report:
        return await memory.forget_user(options.user, channel=options.channel)

    report = _run(options, run)
    _print(options, report, reports.forgotten(report))
    return 0


def _rebuild(options: argparse.Namespace) -> int:
    async def run(memory: "NeuralMemorySystem", progress: Progress) -> Report:
        return await memory.rebuild(options.channel, progress=progress)

    counts = _run(options, run, "rebuilding")
    _print(options, counts, f"the indices of {counts['channels']} channels were built anew from {counts['memories']} memories\n")
    return 0


def _run(
    options: argparse.Namespace,
    work: Callable[["NeuralMemorySystem", Progress], Awaitable[Any]],
    task: str = "",
    *,
    read_only: bool = False,
    extract: bool = True,
) -> Any:
    """Open the store, do the work under a progress bar, close the store; without `extract`, the entity pipeline is not loaded."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    from hikari.memory.config import MemoryConfig
    from hikari.memory.system import NeuralMemorySystem
    from hikari.threads import one_blas_thread

    one_blas_thread()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    async def run(progress: Progress) -> Any:
        # A command is short: what a maintainer does would only delay it.
        config = MemoryConfig(maintenance=False, extract=extract)
        memory = NeuralMemorySystem(options.store, config=config, read_only=read_only)
        try:
            await memory.open()
            return await work(memory, progress)
        except StoreBusy as error:
            raise StoreBusy(f"{error.message}; a running server does the same over HTTP", field=error.field) from error
        finally:
            await memory.close()

    with Bars(*columns, console=console, disable=options.json or not task or not console.is_terminal) as bars:
        row = bars.add_task(task, total=None)
        return asyncio.run(run(lambda done, total: bars.update(row, completed=done, total=total)))


async def _import_conversations(memory: "NeuralMemorySystem", source: Path, channel: str | None, progress: Progress) -> Report:
    """Store every turn of a LoCoMo file. A turn's id is made of its place in the file, so that doing it twice stores nothing twice."""
    from hikari.memory import locomo

    conversations = await asyncio.to_thread(locomo.read, source, channel=channel)
    total = sum(len(conversation.rows) for conversation in conversations)
    report: Report = {"stored": 0, "failed": 0, "channels": [], "errors": []}
    for conversation in conversations:
        rows = [{**row, "id": f"{conversation.name}/{row['metadata']['source_id']}"} for row in conversation.rows]
        before = report["stored"] + report["failed"]
        for start in range(0, len(rows), ROWS_TOGETHER):
            answers = await memory.store_memories(rows[start : start + ROWS_TOGETHER])
            refused = [answer for answer in answers if isinstance(answer, dict)]
            report["stored"] += len(answers) - len(refused)
            report["failed"] += len(refused)
            report["errors"] += refused[: MAX_ERRORS - len(report["errors"])]
            progress(before + start + len(answers), total)
        report["channels"].append(channel or conversation.name)
    return report


def _is_locomo(source: Path) -> bool:
    """Whether a file is one JSON value over several conversations rather than one object a line."""
    with source.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return True  # a value that goes on over more lines
    return isinstance(row, list) or (isinstance(row, dict) and "conversation" in row)


def _filters(text: str | None) -> Report | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("--filter must be a JSON object", field="filters") from error
    if not isinstance(value, dict):
        raise BadInput("--filter must be a JSON object", field="filters")
    return cast("Report", value)


def _moment(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _agreed(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _count_lines(source: Path) -> int:
    with source.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _print(options: argparse.Namespace, answer: Any, readable: str) -> None:
    if options.json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(readable)
