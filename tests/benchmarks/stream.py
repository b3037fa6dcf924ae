"""The live engine under load: the service in a process of its own, shipped models, sentiment, memory, analytics, a dashboard that watches.

    python -m tests.benchmarks.stream [--seconds 600] [--rate 200] [--only stream,saturation,bulk,infinity] [--output FILE]

`stream`: a simulated stream at `--rate`, Poisson arrivals over one socket: latency from arrival to event, drops, memory of the service.
`saturation`: the rate goes up by a quarter until something is dropped; then half as much again, to see what is dropped and how late the
rest is. `bulk`: ways to bring in many messages, none with a text that came before, in turns. `infinity`: the same weights behind
infinity-emb's classify endpoint (`--infinity VENV`, see `peers/requirements-infinity.txt`). The load generator takes part of the same
processors. Ratios are the result; absolute figures belong to the machine and what else it does (`load`).
"""

import argparse
import asyncio
import contextlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import yaml
from rich.console import Console
from rich.table import Table

from hikari import atomic
from tests.benchmarks.live import bulk, infinity, texts
from tests.benchmarks.live.client import Dashboard, send_stream
from tests.e2e.process import ROOT, Served, served

PARTS = ("stream", "saturation", "bulk", "infinity")
CHANNEL = "live"
WARM_UP_S = 5
GROWTH = 1.25
OVERLOAD = 1.5
MOST_STEPS = 14
STEP = ("rate", "answered_per_s", "dropped", "settled_p99_ms", "sender_late_p99_ms", "cache_hit_rate")
"""What is told of each step."""
TARGETS: tuple[tuple[str, str, float, str], ...] = (
    ("stream", "p50_ms", 25.0, "<="),
    ("stream", "p99_ms", 100.0, "<="),
    ("stream", "dropped", 0.0, "<="),
    ("stream", "rss_growth", 1.1, "<="),
    ("saturation", "settled_p99_ms", 250.0, "<="),
    ("saturation", "dropped_against_the_policy", 0.0, "<="),
    ("bulk", "websocket_to_engine", 0.6, ">="),
    ("bulk", "batch_request_to_engine", 0.6, ">="),
    ("bulk", "engine_to_onnx_loop", 0.7, ">="),
    ("bulk", "websocket_to_one_client", 5.0, ">="),
    ("bulk", "batch_request_to_one_client", 5.0, ">="),
    ("bulk", "websocket_to_one_a_request", 5.0, ">="),
    ("bulk", "batch_request_to_one_a_request", 5.0, ">="),
    ("infinity", "analyze_to_infinity", 5.0, ">="),
    ("infinity", "analyze_p99_to_infinity", 1.0, "<="),
    ("infinity", "sockets_to_infinity", 5.0, ">="),
    ("infinity", "sockets_p99_to_infinity", 1.0, "<="),
)
"""What is asked of it, on two idle cores."""


class Bench:
    """One service and one dashboard, and what is measured on them."""

    def __init__(self, server: Served, dashboard: Dashboard, options: argparse.Namespace, scratch: Path) -> None:
        self._server, self._dashboard, self._options, self._scratch = server, dashboard, options, scratch
        self._messages: Iterator[dict[str, Any]] = texts.stream(options.rate, options.seed)

    async def stream(self) -> dict[str, Any]:
        """The steady stream."""
        rate, seconds = self._options.rate, self._options.seconds
        await self._send(rate, WARM_UP_S)
        sizes: list[tuple[float, float, float]] = []
        found = await self._send(rate, seconds, lambda at: sizes.append((at, *resident_mb(self._server.process.pid))))
        early = next(size for size in sizes if size[0] >= 0.1 * seconds)
        return {
            **found,
            "rss_at_10_percent_mb": early[1],
            "rss_at_100_percent_mb": sizes[-1][1],
            "rss_growth": sizes[-1][1] / early[1],
            "rss_anonymous_at_10_percent_mb": early[2],
            "rss_anonymous_at_100_percent_mb": sizes[-1][2],
            "dashboard_frames": self._dashboard.frames,
            "dashboard_missed": self._dashboard.missed,
        }

    async def saturation(self) -> dict[str, Any]:
        """Up until something is dropped, and beyond."""
        rate, steps = float(self._options.rate), []
        for _ in range(MOST_STEPS):
            step = await self._send(rate, self._options.step_seconds)
            steps.append({name: step[name] for name in STEP})
            if step["dropped"]:
                break
            rate *= GROWTH
        kept = [step["rate"] for step in steps if not step["dropped"]]
        beyond = await self._send(OVERLOAD * rate, 2 * self._options.step_seconds)
        return {"highest_rate_without_drops": max(kept, default=None), "steps": steps, "overload_rate": OVERLOAD * rate, **beyond}

    async def bulk(self) -> dict[str, Any]:
        """See `bulk.py`."""
        with bulk.bare(self._scratch / "bare", environment()) as process:
            return await bulk.measure(
                self._server.url, process, self._dashboard, self._options.turns, self._options.size, self._options.seed + 1
            )

    async def infinity(self) -> dict[str, Any]:
        """See `infinity.py`."""
        model = self._scratch / "sequence_classifier"
        infinity.export(ROOT / "data/models/text", self._options.encoder, model)
        with infinity.infinity(self._options.infinity, model, self._scratch) as peer:
            return await infinity.compare(
                self._server.url, peer, self._dashboard, self._options.turns, self._options.size, self._options.seed + 2
            )

    async def _send(self, rate: float, seconds: float, each_s: Any = None) -> dict[str, Any]:
        """A stretch of the stream, once the service has nothing left to do, and what the service counted in it."""
        before = (await self._dashboard.settled())["cache"]
        sent = await send_stream(
            self._server.url, CHANNEL, list(islice(self._messages, round(rate * seconds))), rate, self._options.seed, each_s
        )
        after = (await self._dashboard.settled())["cache"]
        hits, misses = after["hits"] - before["hits"], after["misses"] - before["misses"]
        return {"rate": rate, **sent.figures(), "cache_hit_rate": hits / (hits + misses) if hits + misses else None}


def resident_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a process and its children in MiB, and the part of it that is not pages of files (LMDB's map); Linux only."""
    total = anonymous = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(psutil.Error, OSError):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            lines = dict(line.split(":", 1) for line in status.splitlines())
            total += int(lines["VmRSS"].split()[0]) / 1024
            anonymous += int(lines["RssAnon"].split()[0]) / 1024
    return total, anonymous


def environment() -> dict[str, str]:
    """Ours, without anybody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HIKARI_") or name == "HIKARI_THREADS"}
    return {**kept, "PYTHONPATH": str(ROOT)}


async def measure(options: argparse.Namespace, say: Console) -> dict[str, Any]:
    """All parts that were asked for."""
    result: dict[str, Any] = {"seconds": options.seconds, "cores": os.cpu_count(), "load": {"before": os.getloadavg()[0]}}
    with tempfile.TemporaryDirectory(prefix="hikari-stream-") as scratch:
        folder = Path(scratch)
        settings = {**environment(), "HIKARI_HOME": str(folder / "home"), **dict(options.set)}
        with served("serving.service:Hikari", folder, **settings) as server:
            async with Dashboard(server.url, CHANNEL) as dashboard:
                bench = Bench(server, dashboard, options, folder)
                for part in options.only:
                    say.print(f"{part} ...")
                    result[part] = await getattr(bench, part)()
                    result["load"][f"after_{part}"] = os.getloadavg()[0]
    return result


def verdicts(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every target of a part that was measured, and whether it was met."""
    found = []
    for part, name, limit, sign in TARGETS:
        value = result.get(part, {}).get(name)
        if value is not None:
            met = value <= limit if sign == "<=" else value >= limit
            found.append({"part": part, "figure": name, "value": value, "target": f"{sign} {limit:g}", "met": met})
    return found


def table(result: Mapping[str, Any]) -> Table:
    """All figures, one a line, with the targets."""
    targets = {(row["part"], row["figure"]): row for row in verdicts(result)}
    shown = Table("", "figure", "value", "target", title="the live engine under load")
    for part in PARTS:
        for name, value in _flat(result.get(part, {})):
            target = targets.get((part, name))
            mark = "" if target is None else f"{target['target']} {'met' if target['met'] else 'MISSED'}"
            shown.add_row(part, name, f"{value:.3f}" if isinstance(value, float) else str(value), mark)
    for name, value in result["load"].items():
        shown.add_row("load", name, f"{value:.2f}", "")
    return shown


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for row in value:
                text = ", ".join(
                    f"{key} {shown:.1f}" if isinstance(shown, float) else f"{key} {shown}" for key, shown in row.items()
                )
                yield f"{prefix}{name}", text
        else:
            yield f"{prefix}{name}", value


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the steady stream (the full run: 600)")
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second")
    parser.add_argument("--step-seconds", type=float, default=8.0, help="of each step of the saturation")
    parser.add_argument("--turns", type=int, default=3, help="of the ways that work in turns")
    parser.add_argument(
        "--size", type=int, default=1_000, help="messages of a way in one turn (of one message a request a quarter)"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--infinity", type=Path, help="an environment with infinity-emb; without it that part is left out")
    parser.add_argument(
        "--encoder", type=Path, help="a folder with the encoder's config and tokenizer (default: the one trained from)"
    )
    parser.add_argument("--set", type=lambda text: text.split("=", 1), action="append", default=[], metavar="NAME=VALUE",
                        help="an environment variable of the service")  # fmt: skip
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    if options.only is None:
        options.only = [part for part in PARTS if part != "infinity" or options.infinity is not None]
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if "infinity" in options.only and options.infinity is None:
        parser.error("--infinity names the environment of the peer")
    if options.encoder is None and "infinity" in options.only:
        options.encoder = _encoder()
    return options


def _encoder() -> Path:
    """The folder of the encoder that the text model was trained from."""
    package = yaml.safe_load((ROOT / "conf/model/encoder/minilm.yaml").read_text(encoding="utf-8"))["location"]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit("--encoder names a folder with the encoder's config.json and tokenizer")
    return Path(found.origin).parent / "model"


def main() -> int:
    options, say = options_of(), Console(stderr=True)
    result = asyncio.run(measure(options, say))
    result["targets"] = verdicts(result)
    say.print(table(result))
    print(json.dumps(result))
    if options.output is not None:
        atomic.write_file(options.output, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
