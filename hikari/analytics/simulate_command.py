"""`hikari simulate`: a simulated stream as a file in the replay format, and what really happened in it as another."""

import argparse
import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hikari import atomic
from hikari.analytics.simulator_config import PROFILES, SimulationConfig
from hikari.errors import BadInput

TRUTH_FORMAT = 1
MAX_STREAMS = 10_000
MAX_SEED = 2**32 - 1
_ROWS_TOGETHER = 4096
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: counts, and the epoch seconds between which the rows lie."""

    rows: int
    streams: int
    start: float
    end: float


def add_simulate_command(subparsers: Any) -> None:
    """Add `simulate` to the sub-parsers of `hikari`."""
    parser = subparsers.add_parser(
        "simulate",
        help="write simulated streams for demos, tests and load tests",
        description="Write simulated streams to OUT.jsonl in the replay format. Equal options give equal files on every machine.",
    )
    parser.add_argument("target", metavar="OUT", type=Path)
    parser.add_argument("--hours", type=float, default=None, help="length of a stream (default: the profile's, varying)")
    parser.add_argument(
        "--streams", type=int, default=1, metavar="N", help="streams of one channel by its weekly schedule (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed gives the same file (default: 0)")
    parser.add_argument(
        "--rate", type=float, default=None, metavar="R", help="mean messages a minute (default: the profile's, varying)"
    )
    parser.add_argument("--viewers", type=int, default=None, metavar="N", help="mean viewers (default: as fit the profile)")
    parser.add_argument(
        "--events", type=Path, default=None, metavar="FILE", help="write raids, hype, lulls, trolls ... with times here"
    )
    parser.add_argument("--channel-profile", choices=PROFILES, default="typical", help="kind of channel (default: typical)")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.set_defaults(run=_run)


def write_streams(
    config: SimulationConfig, count: int, seed: int, target: Path, events: Path | None, progress: Progress
) -> Written:
    """Write `count` streams and, unless None, the truth about them; each file appears when it is whole.

    `progress` is called with the share of all simulated time that is done. The truth is
    `{"format", "seed", "config", "streams": [{"start", "end", "followers", "segments", "events"}]}`.
    """
    from hikari.analytics.simulator import streams

    encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode
    truths: list[dict[str, object]] = []
    rows, first, last = 0, config.start, config.start
    with atomic.open_file(target) as file:
        for stream in streams(count, seed, config):
            produced = stream.rows()
            while block := list(islice(produced, _ROWS_TOGETHER)):
                file.write("".join(f"{encode(row)}\n" for row in block).encode())
                rows += len(block)
                progress((stream.number + min((block[-1]["timestamp"] - stream.start) / stream.seconds, 1.0)) / count)
            last = stream.start + stream.seconds
            truths.append(stream.truth())
        if events is not None:
            about = {"format": TRUTH_FORMAT, "seed": seed, "config": asdict(config), "streams": truths}
            atomic.write_file(events, (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode())
    progress(1.0)
    return Written(rows, count, first, last)


def _run(options: argparse.Namespace) -> int:
    config = SimulationConfig(profile=options.channel_profile, hours=options.hours, rate=options.rate, viewers=options.viewers)
    if not 1 <= options.streams <= MAX_STREAMS:
        raise BadInput(f"--streams must be from 1 to {MAX_STREAMS}", field="streams")
    if not 0 <= options.seed <= MAX_SEED:
        raise BadInput(f"--seed must be from 0 to {MAX_SEED}", field="seed")
    files = {"OUT": options.target} | ({} if options.events is None else {"events": options.events})
    if len({path.resolve() for path in files.values()}) < len(files):
        raise BadInput("OUT and --events must be different files", field="events")
    for field, path in files.items():
        _check(path, field, replaceable=options.force)
    with _progress(shown=not options.json) as progress:
        written = write_streams(config, options.streams, options.seed, options.target, options.events, progress)
    outcome = {
        **asdict(written),
        "output": str(options.target),
        "events": None if options.events is None else str(options.events),
    }
    if options.json:
        sys.stdout.write(json.dumps(outcome) + "\n")
    else:
        where = f", what happened in {options.events}" if options.events is not None else ""
        sys.stdout.write(f"{written.rows} messages of {written.streams} streams written to {options.target}{where}\n")
    return 0


def _check(path: Path, field: str, *, replaceable: bool) -> None:
    if path.is_dir():
        raise BadInput(f"{path} is a folder, {field} must be a file", field=field)
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}", field=field)
    if path.exists() and not replaceable:
        raise BadInput(f"{path} exists; --force replaces it", field=field)


@contextmanager
def _progress(*, shown: bool) -> Generator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("simulating", total=1.0)

        def show(done: float) -> None:
            bar.update(task, completed=done)

        yield show
