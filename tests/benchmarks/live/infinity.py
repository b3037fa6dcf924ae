"""infinity-emb's classify endpoint as a peer: the same weights, in an environment and a process of its own.

infinity serves one head a model, so it gets the sentiment head on the same encoder; Hikari computes all four heads, VADER, emotes,
trends, analytics and memories. A Hugging Face sequence classifier reads the first token and not the mean over all: the work is the
same, the labels need not be.
"""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from websockets.asyncio.client import connect

from tests.benchmarks.live import texts
from tests.benchmarks.live.bulk import CHANNEL, CLIENTS
from tests.benchmarks.live.client import Dashboard, percentiles
from tests.e2e.process import free_port, wait_ready

BULK = 32
"""Texts of one request or frame where they are sent in bulk."""
WAYS = ("infinity", "hikari_analyze", "hikari_sockets", "infinity_bulk", "hikari_analyze_bulk", "hikari_sockets_bulk")
"""`analyze`: the text model alone, by request, which is what a classify endpoint does; `sockets`: everything on."""


def export(bundle: Path, encoder: Path, folder: Path) -> None:
    """The bundle's encoder with the sentiment head, as a folder that transformers loads. `encoder` holds config and tokenizer."""
    import safetensors.torch
    from transformers import AutoConfig, AutoTokenizer

    labels = json.loads((bundle / "labels.json").read_text(encoding="utf-8"))["tasks"][0]["labels"]
    config = AutoConfig.from_pretrained(encoder)
    config.architectures = ["BertForSequenceClassification"]
    config.id2label, config.label2id = dict(enumerate(labels)), {label: n for n, label in enumerate(labels)}
    config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    weights = safetensors.torch.load_file(bundle / "weights.safetensors")
    named = {f"bert.{name.removeprefix('encoder.')}": value for name, value in weights.items() if name.startswith("encoder.")}
    named |= {f"classifier.{part}": weights[f"heads.sentiment.{part}"] for part in ("weight", "bias")}
    safetensors.torch.save_file(named, folder / "model.safetensors", metadata={"format": "pt"})
    # What this version of transformers writes, the older one of the peer does not read.
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    (folder / "tokenizer_config.json").write_text(
        json.dumps({name: value for name, value in settings.items() if name not in ("extra_special_tokens", "backend")})
    )


@contextmanager
def infinity(venv: Path, model: Path, folder: Path) -> Iterator[str]:
    """A running infinity server with its own defaults, but on the CPU; its address."""
    port, log = free_port(), folder / "infinity.log"
    command = [str(venv.absolute() / "bin/infinity_emb"), "v2", "--model-id", str(model), "--served-model-name", "peer"]
    command += ["--device", "cpu", "--engine", "torch", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables = {
        **clean,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder),
        "INFINITY_ANONYMOUS_USAGE_STATS": "0",
        "DO_NOT_TRACK": "1",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=variables)
    try:
        wait_ready(f"http://127.0.0.1:{port}", process, log, path="/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def compare(hikari: str, peer: str, dashboard: Dashboard, turns: int, size: int, seed: int) -> dict[str, Any]:
    """Messages a second and latencies of each way, in turns, with new texts, `CLIENTS` clients of which each waits for its answer."""
    new = texts.distinct(seed)
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    seconds, done = dict.fromkeys(WAYS, 0.0), dict.fromkeys(WAYS, 0)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(120)) as session:
        work: dict[str, Callable[[list[list[str]]], Coroutine[Any, Any, list[float]]]] = {
            "infinity": lambda pieces: _ask(session, f"{peer}/classify", _classify, pieces),
            "hikari_analyze": lambda pieces: _ask(session, f"{hikari}/analyze_message", _message, pieces),
            "hikari_sockets": lambda pieces: _sockets(hikari, pieces),
            "infinity_bulk": lambda pieces: _ask(session, f"{peer}/classify", _classify, pieces),
            "hikari_analyze_bulk": lambda pieces: _ask(session, f"{hikari}/analyze_batch", _messages, pieces),
            "hikari_sockets_bulk": lambda pieces: _sockets(hikari, pieces),
        }
        for turn in range(turns + 1):
            # Nobody is always the first after a pause.
            for way in WAYS[turn % len(WAYS) :] + WAYS[: turn % len(WAYS)]:
                width = BULK if way.endswith("bulk") else 1
                count = size if way.startswith("hikari") or width > 1 else size // 2
                count = CLIENTS if turn == 0 else count  # to warm up
                pieces = [list(islice(new, width)) for _ in range(max(CLIENTS, count // width))]
                started = time.perf_counter()
                found = await work[way](pieces)
                took = time.perf_counter() - started
                await dashboard.settled()
                if turn:
                    seconds[way] += took
                    done[way] += sum(map(len, pieces))
                    times[way] += found
    figures = {
        way: {"messages_per_s": done[way] / seconds[way], **percentiles("", np.array(times[way]) * 1e3), "messages": done[way]}
        for way in WAYS
    }
    rate = {way: figures[way]["messages_per_s"] for way in WAYS}
    return {
        **figures,
        "clients": CLIENTS,
        "bulk": BULK,
        "analyze_to_infinity": rate["hikari_analyze"] / rate["infinity"],
        "sockets_to_infinity": rate["hikari_sockets"] / rate["infinity"],
        "analyze_p99_to_infinity": figures["hikari_analyze"]["p99_ms"] / figures["infinity"]["p99_ms"],
        "sockets_p99_to_infinity": figures["hikari_sockets"]["p99_ms"] / figures["infinity"]["p99_ms"],
        "analyze_bulk_to_infinity_bulk": rate["hikari_analyze_bulk"] / rate["infinity_bulk"],
        "sockets_bulk_to_infinity_bulk": rate["hikari_sockets_bulk"] / rate["infinity_bulk"],
    }


def _classify(piece: list[str]) -> dict[str, Any]:
    return {"model": "peer", "input": piece}


def _message(piece: list[str]) -> dict[str, Any]:
    return {"username": "viewer", "text": piece[0], "channel": CHANNEL}


def _messages(piece: list[str]) -> dict[str, Any]:
    return {"messages": texts.rows(piece, CHANNEL)}


async def _ask(
    session: aiohttp.ClientSession, url: str, body: Callable[[list[str]], dict[str, Any]], pieces: list[list[str]]
) -> list[float]:
    left = iter(pieces)

    async def client() -> list[float]:
        took: list[float] = []
        for piece in left:
            started = time.perf_counter()
            async with session.post(url, json=body(piece)) as answer:
                answer.raise_for_status()
                await answer.read()
            took.append(time.perf_counter() - started)
        return took

    return [took for found in await asyncio.gather(*(client() for _ in range(CLIENTS))) for took in found]


async def _sockets(url: str, pieces: list[list[str]]) -> list[float]:
    """Each client has a socket, sends a message or a bulk frame, and waits for all its events."""
    left = iter(pieces)

    async def client() -> list[float]:
        took: list[float] = []
        async with connect(f"{url.replace('http', 'ws')}/ws/chat", max_size=None, proxy=None) as socket:
            await socket.recv()
            for piece in left:
                rows = texts.rows(piece, CHANNEL)
                frame = {"type": "message", **rows[0]} if len(rows) == 1 else {"type": "messages", "messages": rows}
                started = time.perf_counter()
                await socket.send(texts.as_json(frame))
                for _ in piece:
                    answer = await socket.recv()
                    if '"type":"analysis"' not in str(answer)[:60]:
                        raise RuntimeError(f"a message was not analysed: {str(answer)[:200]}")
                took.append(time.perf_counter() - started)
        return took

    return [took for found in await asyncio.gather(*(client() for _ in range(CLIENTS))) for took in found]
