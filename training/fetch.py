"""Entry point: the public sets, downloaded into a folder that `HIKARI_DATA_MIRROR` can name.

    python -m training.fetch                                    # all sets, into data/raw/public
    python -m training.fetch sets=[wnut17,tweeteval] into=FOLDER

What is there and right is skipped, what `HIKARI_DATA_MIRROR` holds is copied, the rest comes from the address that the set's
configuration pins (`conf/data/public_*.yaml`). An interrupted download continues with the next call. Ends with exit code 1 when any
file failed, and names all of them.
"""

import shutil
import sys
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from hikari import atomic
from hikari.settings import Settings
from training import entry
from training.download import DownloadError, NetworkConfig, Progress, Unreachable, download
from training.public_data import (
    UNREADABLE,
    PublicExcerptConfig,
    PublicFileConfig,
    PublicSetConfig,
    content_sha256,
    in_mirror,
)
from training.schema import Name, closed

Outcome = Literal["there", "copied", "downloaded"]


@closed
@dataclass(frozen=True)
class FetchConfig:
    """Which sets, whereto, and how patient."""

    public: dict[str, PublicSetConfig]
    """Every set that is known, by name."""
    sets: tuple[Name, ...] | None
    """Names among them; null: all, without complaint about files that nobody serves."""
    into: Name
    network: NetworkConfig

    def __post_init__(self) -> None:
        unknown = sorted(set(self.sets or ()) - set(self.public))
        if unknown:
            raise ValueError(f"sets: there is no set {', '.join(unknown)}; there are {', '.join(sorted(self.public))}")

    @property
    def chosen(self) -> list[PublicSetConfig]:
        return [self.public[name] for name in (sorted(self.public) if self.sets is None else dict.fromkeys(self.sets))]


@dataclass
class Report:
    """What became of every file: counts by set, and one sentence for each that is missing."""

    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def fetch(config: FetchConfig, console: Console, settings: Settings | None = None) -> Report:
    """Bring the chosen sets into `config.into`; failures are collected, not raised. Raises `DownloadError` when the folder cannot
    be written or another process fills it."""
    into = Path(config.into)
    mirror = (settings or Settings.read()).data_mirror
    if mirror is not None and mirror.resolve() == into.resolve():
        mirror = None
    report, dead = Report(), dict[str, str]()
    with _alone(into), _bars(console) as bars:
        for public in config.chosen:
            console.print(terms(public), highlight=False, markup=False, soft_wrap=True)
            counts = report.counts.setdefault(public.name, Counter())
            for part, file in public.files.items():
                name = f"{public.name}/{part}"
                try:
                    with _bar(bars, name) as progress:
                        counts[_bring(file, into, mirror, config.network, dead, progress)] += 1
                except NotServed as error:
                    (report.left_out if config.sets is None else report.failures).append(f"{name}: {error}")
                except DownloadError as error:
                    report.failures.append(f"{name}: {error}")
    return report


class NotServed(DownloadError):
    """No address serves the file as it is; it can only be copied from a mirror."""


def terms(public: PublicSetConfig) -> str:
    """What one should know before a set is downloaded: where it comes from, under which licence, whom to cite."""
    lines = [f"{public.name}  {public.url}", f"  licence: {public.licence}", f"  cite: {public.citation}"]
    excerpts = [part for part, file in public.files.items() if isinstance(file, PublicExcerptConfig)]
    if excerpts:
        lines.append(f"  {', '.join(excerpts)}: the address serves the whole; released weights learned from an excerpt alone")
    return "\n".join(lines)


def _bring(
    file: PublicFileConfig, into: Path, mirror: Path | None, network: NetworkConfig, dead: dict[str, str], progress: Progress
) -> Outcome:
    """One file, from the nearest place that has it. `dead`: hosts that did not answer before, filled here."""
    if _right(file, into) is not None:
        return "there"
    copy = None if mirror is None else _right(file, mirror)
    if copy is not None:
        _copy(copy, (into / file.path).with_name(copy.name))
        return "copied"
    if file.served is None:
        raise NotServed(f"{file.url} is no file to download: take {file.path} from a folder that has it, by HIKARI_DATA_MIRROR")
    host = urllib.parse.urlsplit(file.url).hostname or ""
    if host in dead:
        raise DownloadError(f"{file.url} was not tried: {dead[host]}")
    try:
        download(file.url, into / file.path, file.served, network, progress=progress)
    except Unreachable as error:
        dead[host] = str(error)
        raise
    return "downloaded"


def _right(file: PublicFileConfig, folder: Path) -> Path | None:
    """The copy that a folder holds, if its content is the one that was meant."""
    path = in_mirror(file, folder)
    try:
        return path if path is not None and content_sha256(path, file) in file.hashes else None
    except UNREADABLE:
        return None


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as content, atomic.open_file(target) as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise DownloadError(f"{source} cannot be copied to {target}: {error}") from error


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    try:
        into.mkdir(parents=True, exist_ok=True)
        lock = FileLock(into / ".fetch.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise DownloadError(f"another process is filling {into}; wait until it is done") from None
    except OSError as error:
        raise DownloadError(f"into={into} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _bars(console: Console) -> Bars:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Bars(*columns, console=console, disable=not console.is_terminal)


@contextmanager
def _bar(bars: Bars, name: str) -> Iterator[Progress]:
    """A bar that appears with the first byte and goes when the file is there."""
    shown: list[TaskID] = []

    def progress(done: int, total: int | None) -> None:
        if not shown:
            shown.append(bars.add_task(name, total=total))
        bars.update(shown[0], completed=done, total=total)

    try:
        yield progress
    finally:
        for task in shown:
            bars.remove_task(task)


def summary(report: Report, into: str) -> str:
    """What was done, one line a set; what is missing; and how to use the folder."""
    lines = [
        f"{name}: " + (", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing")
        for name, counts in report.counts.items()
    ]
    lines += [f"left out: {line}" for line in report.left_out]
    return "\n".join([*lines, f"HIKARI_DATA_MIRROR={into}"])


def run(config: FetchConfig) -> None:
    """Fetch, say what was done, and end the process with 1 when a file is missing (130: interrupted)."""
    try:
        report = fetch(config, Console(stderr=True))
    except DownloadError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; call again to continue\n")
        raise SystemExit(130) from None
    print(summary(report, config.into))
    if report.failures:
        count = f"{len(report.failures)} file{'s' if len(report.failures) > 1 else ''} failed"
        sys.stderr.write("\n".join([f"{count}:", *(f"  {line}" for line in report.failures)]) + "\n")
        raise SystemExit(1)


def main() -> None:
    """`python -m training.fetch`"""
    entry.run("fetch", FetchConfig, run)


if __name__ == "__main__":
    main()
