"""Messages a second in training: our trainer against the stock Hugging Face Trainer, same network, losses, data and batch, in turns.

    python -m tests.benchmarks.trainer --accelerate .venv/peers/accelerate --output tests/benchmarks/results/trainer.json
    python -m tests.benchmarks.trainer --accelerate .venv/peers/accelerate --trainer gpu      # on a machine with a GPU

Both sides fine-tune the default encoder whole, with all four heads, on the bundled corpus (`make pipeline` prepares it); ours in batches of
like lengths, theirs with `DataCollatorWithPadding` and the rest of its defaults. bf16 where the processor computes it, on both sides.
Each is a process that starts from the same weights in every turn; the first turn of each is not counted. `transformers.Trainer` asks for
accelerate, which nothing else here needs: `make bench-trainer` installs it, and it alone, into a folder that only that side sees, so that
both run the same torch and transformers. Ratios are the result; absolute figures belong to the machine.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hikari import atomic
from tests.benchmarks.trainer_worker import SIDES
from tests.benchmarks.workers import ROOT, Worker

AIM = 1.3
"""What is asked of it: messages a second against the stock trainer."""


def measure(options: argparse.Namespace, say: Console) -> dict[str, Any]:
    """Both sides in turns."""
    overrides = [
        f"trainer={options.trainer}", f"trainer.max_epochs={options.epochs}", f"trainer.patience={options.epochs}",
        "trainer.progress=false", "tracking=off", "resume=never", f"data.batch_size={options.batch_size}",
        f"data.max_rows={options.rows or 'null'}", "model.freeze_embeddings=false", "model.freeze_layers=0", *options.override,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="hikari-trainer-") as scratch, contextlib.ExitStack() as ending:
        sides = []
        for name in SIDES:
            path = os.pathsep.join([str(ROOT), *([str(options.accelerate.absolute())] if name == "transformers" else [])])
            settings = {"PYTHONPATH": path}
            sides.append(Worker(name, "tests.benchmarks.trainer_worker", [name, *overrides], Path(scratch), settings))
            ending.callback(sides[-1].end)
        used = sides[0].ask("facts")
        found: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
        load = [os.getloadavg()[0]]
        for turn in track(range(options.turns + 1), "turns", console=say):
            for side in sides if turn % 2 else sides[::-1]:
                found[side.name].append(side.ask("turn"))
        load.append(os.getloadavg()[0])
    reports = {name: figures(turns[1:]) for name, turns in found.items()}
    ratio = reports["hikari"]["messages_per_s"] / reports["transformers"]["messages_per_s"]
    return {
        **used, "trainer": options.trainer, "turns": options.turns, "cores": os.cpu_count(), "load": load, "sides": reports,
        "ratio": ratio, "aim": AIM,
    }  # fmt: skip


def figures(turns: list[dict[str, float]]) -> dict[str, float]:
    """Medians over turns."""
    return {
        "messages_per_s": float(np.median([turn["messages"] / turn["seconds"] for turn in turns])),
        "tokens_per_s": float(np.median([turn["tokens"] / turn["seconds"] for turn in turns])),
        "padding": float(np.median([turn["padding"] for turn in turns])),
        "messages": turns[0]["messages"],
        "steps": turns[0]["steps"],
    }


def table(result: dict[str, Any]) -> Table:
    """A row a side."""
    title = f"training, {result['trainer']}, {result['precision']}, batches of {result['batch_size']}: {result['ratio']:.2f} x"
    shown = Table("", "messages/s", "tokens/s", "padding", "steps", title=title)
    for name, report in result["sides"].items():
        rates = (f"{report['messages_per_s']:.1f}", f"{report['tokens_per_s']:.0f}")
        shown.add_row(name, *rates, f"{report['padding']:.1%}", f"{report['steps']:.0f}")
    return shown


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accelerate", type=Path, required=True, help="the folder that holds accelerate")
    parser.add_argument("--trainer", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--rows", type=int, help="of the training data (default: all)")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=1, help="of one turn")
    parser.add_argument("--turns", type=int, default=3, help="counted; one more goes before")
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE", help="of conf/train.yaml, for both")
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    if not (options.accelerate / "accelerate").is_dir():
        parser.error(f"no accelerate in {options.accelerate}: `make bench-trainer` installs it")
    return options


def main() -> int:
    options, say = options_of(), Console(stderr=True)
    result = measure(options, say)
    say.print(table(result))
    print(json.dumps(result))
    if options.output is not None:
        atomic.write_file(options.output, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
