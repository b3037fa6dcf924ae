"""The engine without a service, and the model's runtime without an engine: reads orders as JSON lines, answers each with one.

    {"way": "engine" | "onnx_loop" | "onnx_side_by_side", "texts": [..]}  ->  {"seconds": ..}
    {"way": "stats"}                                                      ->  {"cache_hit_rate": ..}

The engine is made of the parts that the service has. The runtime takes one text after another in passes of all threads, or one on every
thread; its token ids are made before the time counts.
"""

import asyncio
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from hikari.bundle import find_bundle, open_bundle
from hikari.engine import Engine
from hikari.memory.system import NeuralMemorySystem
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import TextClassifier
from hikari.settings import Settings
from hikari.threads import one_blas_thread
from serving import shipped
from tests.benchmarks.live.bulk import CHANNEL, FRAME
from tests.benchmarks.live.texts import rows


class Runtime:
    """The int8 graph in onnxruntime with its defaults, and in as many sessions as threads."""

    def __init__(self) -> None:
        import onnxruntime

        self._threads = Settings.read().threads or os.cpu_count() or 1
        self._tokens = TextClassifier(open_bundle(find_bundle("text")))
        file = str(self._tokens.bundle.path / ("model.int8.onnx" if self._tokens.precision == "int8" else "model.onnx"))

        def session(threads: int) -> Any:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            return onnxruntime.InferenceSession(file, sess_options=options, providers=["CPUExecutionProvider"])

        self._session = session
        self._pool = ThreadPoolExecutor(self._threads)

    def feeds(self, texts: list[str]) -> list[dict[str, Any]]:
        encoded = self._tokens.prepare([chat_text.read(text).words for text in texts])
        found = [{"input_ids": np.array([row.ids])} for row in encoded]
        wants_mask = "attention_mask" in {given.name for given in self._session(1).get_inputs()}
        return [{**feed, "attention_mask": np.ones_like(feed["input_ids"])} for feed in found] if wants_mask else found

    def loop(self, texts: list[str]) -> float:
        """Seconds of one text after another."""
        feeds, session = self.feeds(texts), self._session(self._threads)
        session.run(None, feeds[0])
        started = time.perf_counter()
        for feed in feeds:
            session.run(None, feed)
        return time.perf_counter() - started

    def side_by_side(self, texts: list[str]) -> float:
        """Seconds with a text on every thread."""
        feeds, session = self.feeds(texts), self._session(1)
        session.run(None, feeds[0])
        started = time.perf_counter()
        list(self._pool.map(lambda feed: session.run(None, feed), feeds))
        return time.perf_counter() - started


async def main() -> None:
    runtime = Runtime()
    encoder = shipped.encoder()
    one_blas_thread()
    memory: NeuralMemorySystem = shipped.memory(encoder)
    async with Engine(memory=memory, analytics=shipped.analytics(encoder)) as engine:
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            print(json.dumps(await _obey(order, engine, runtime)), flush=True)


async def _obey(order: dict[str, Any], engine: Engine, runtime: Runtime) -> dict[str, Any]:
    way = order["way"]
    if way == "stats":
        return {"cache_hit_rate": engine.stats()["cache"]["rate"]}
    if way == "onnx_loop":
        return {"seconds": await asyncio.to_thread(runtime.loop, order["texts"])}
    if way == "onnx_side_by_side":
        return {"seconds": await asyncio.to_thread(runtime.side_by_side, order["texts"])}
    pieces = [rows(order["texts"][start : start + FRAME], CHANNEL) for start in range(0, len(order["texts"]), FRAME)]
    room = asyncio.Semaphore(2)  # as many as the service takes from one socket

    async def one(piece: list[dict[str, Any]]) -> None:
        async with room:
            wrong = [event for event in await engine.process(piece) if event["type"] != "analysis"]
            if wrong:
                raise RuntimeError(f"{len(wrong)} messages were not analysed, such as {wrong[0]['error']}")

    started = time.perf_counter()
    await asyncio.gather(*map(one, pieces))
    seconds = time.perf_counter() - started
    await engine.pipeline.written()
    return {"seconds": seconds, "written_s": time.perf_counter() - started}


if __name__ == "__main__":
    asyncio.run(main())
