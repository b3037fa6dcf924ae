"""Messages a second of the analytics without a text model, on one core.

    python -m tests.benchmarks.analytics_scale [--messages 60000] [--output FILE]

Three kinds of chat: a simulated channel as it is (a few messages a minute, so most of the time goes into closing minutes), the same
simulator at 600 messages a minute, and the stress case of 3,000 messages a minute of which every one comes from somebody new. Processor
time of the whole process, in turns with a reference loop: the machine is never idle, and the loop (`x += 1`, 22 ns where nobody else
works) says how busy it is. `idle_per_s` is what the quotient comes to on such a machine; it knows nothing of shared caches.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hikari import atomic
from hikari.analytics import simulator
from hikari.analytics.simulator_config import SimulationConfig
from tests.soak.analytics import engine

Message = tuple[str, str, float]
IDLE_REFERENCE_S = 22e-9
TURN = 2_000
TURNS_A_SECOND = 10
"""Turns after which the journal is written: a second's worth at 20,000 messages a second."""
STRESS_RATE = 3_000
WORDS = tuple("hello nice boss fight KEKW what is this game so good again please haha run jump LUL clutch arisuHype lol".split())  # noqa: SIM905


def simulated(count: int, rate: float | None = None, seed: int = 7) -> list[Message]:
    """Messages of simulated streams, one after the other; `rate` in messages a minute, by default as fitted."""

    def rows() -> Iterator[Message]:
        for stream in simulator.streams(10_000, seed, SimulationConfig(rate=rate)):
            for row in stream.rows():
                yield row["username"], row["message"], row["timestamp"]

    return list(islice(rows(), count))


def stress(count: int, seed: int = 7) -> list[Message]:
    """Everybody writes once."""
    dice = random.Random(seed)
    return [
        (
            f"newcomer{number:07d}",
            " ".join(dice.choices(WORDS, k=dice.randint(1, 8))),
            1_700_000_040.0 + number * 60 / STRESS_RATE,
        )
        for number in range(count)
    ]


def reference_s(loops: int = 100_000) -> float:
    """Processor seconds of one turn of the reference loop."""
    begun, x = time.process_time(), 0
    for _ in range(loops):
        x += 1  # noqa: SIM113
    return (time.process_time() - begun) / loops


async def messages_per_s(messages: list[Message], *, durable: bool) -> dict[str, float]:
    """Seconds of the process and of the reference loop; `durable`: the journal every second's worth, a snapshot at the end."""
    seconds, reference, turns = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="hikari-speed-") as folder:
        made = engine(Path(folder), background=False)
        async with made:
            await made.process_chat_message(*messages[0])
            process = made.process_chat_message
            for start in range(1, len(messages), TURN):
                piece = messages[start : start + TURN]
                begun = time.process_time()
                for name, text, at in piece:
                    await process(name, text, at)
                if durable and turns % TURNS_A_SECOND == TURNS_A_SECOND - 1:
                    await made.flush()
                seconds += time.process_time() - begun
                reference, turns = reference + reference_s(), turns + 1
            if durable:
                assert made._keeper is not None
                begun = time.process_time()
                made._keeper.snapshot()
                seconds += time.process_time() - begun
    each, loop = seconds / (len(messages) - 1), reference / turns
    return {
        "per_s": 1 / each,
        "reference_ns": loop * 1e9,
        "idle_per_s": loop / each / IDLE_REFERENCE_S,
        "loops_per_message": each / loop,
    }


def load_libraries() -> None:
    """What an engine with a background loads beside the first messages is loaded before them."""
    import numpy as np

    from hikari.analytics.anomaly_forest import grow
    from hikari.analytics.chat_bursts import Usual, surprise

    grow(np.random.default_rng(0).normal(size=(64, 6)), 10, 0)
    surprise(2, Usual(1.0, 1.0))


def cases(count: int) -> dict[str, list[Message]]:
    """The kinds of chat by name."""
    return {"as_simulated": simulated(max(count // 4, 2)), "600_a_minute": simulated(count, 600.0), "stress": stress(count)}


def measure(messages: list[Message]) -> dict[str, Any]:
    """Both figures, and how many minutes the messages take."""
    counting = asyncio.run(messages_per_s(messages, durable=False))
    durable = asyncio.run(messages_per_s(messages, durable=True))
    minutes = len({at // 60 for _, _, at in messages})
    return {"messages": len(messages), "minutes": minutes, "counting": counting, "durable": durable}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    load_libraries()
    result: dict[str, Any] = {name: measure(messages) for name, messages in cases(options.messages).items()}
    result["load"] = os.getloadavg()[0]
    print(json.dumps(result))
    if options.output is not None:
        atomic.write_file(options.output, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
