"""The three base-size models that Hikari began with against the one int8 pass that it serves, on the same cores and texts, in turns.

    python -m tests.benchmarks.stack --output tests/benchmarks/results/stack.json
    python -m tests.benchmarks.stack --size tiny --messages 8 --turns 1          # does everything fit together?

`hikari` is the bundle `data/models/text` (all four tasks), `torch` the three classifiers in fp32 PyTorch in sequence with every core
inside a pass, `torch_side_by_side` the same with a core for each of several passes at once, `onnx` the same exported by
`training.export_stack` and served by Hikari. Weights are random, the architectures those of the three hub models: BERT base with 105,879
words, DistilRoBERTa base, BERT base. The hub's tokenizers are out of reach, so both BERTs read with MiniLM's, which is toxic-bert's
vocabulary and shorter than the multilingual one would be, and DistilRoBERTa with byte pairs learned from the corpus. Each side lives in a
process of its own, whose resident memory is taken after the work. Ratios are the result; absolute figures belong to the machine.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hikari import atomic
from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import EMOTION, TOXICITY
from tests.benchmarks.live.texts import LENGTH
from tests.benchmarks.stack_worker import SIDES
from tests.benchmarks.workers import ROOT, Worker
from training import corpus, export_stack
from training.entry import composed
from training.export_stack import ExportStackConfig

STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
WARM_UP = 5
AIM = 30.0
"""How many times as many single messages a second as the better of the two PyTorch sides (issue: at least 30, aim 60)."""
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "base": {
        "bert": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
        "roberta": {"hidden_size": 768, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 3072},
    },
    "tiny": {
        "bert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
        "roberta": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64},
    },
}
WORDS = {"sentiment": 105_879, "emotion": 50_265, "toxicity": 30_522}


def make_checkpoints(folder: Path, size: str, tokenizer: Path) -> Path:
    """The three classifiers with random weights, each in a folder as the hub would give it."""
    import torch
    import transformers

    made = {
        "sentiment": transformers.BertConfig(**SIZES[size]["bert"], vocab_size=WORDS["sentiment"], **_labels(STARS)),
        "emotion": transformers.RobertaConfig(
            **SIZES[size]["roberta"],
            vocab_size=WORDS["emotion"],
            max_position_embeddings=514,
            type_vocab_size=1,
            **_labels(EMOTION),
        ),
        "toxicity": transformers.BertConfig(**SIZES[size]["bert"], vocab_size=WORDS["toxicity"], **_labels(TOXICITY)),
    }
    torch.manual_seed(0)
    for task, config in made.items():
        transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(folder / task)
        if task == "emotion":
            _byte_pairs().save(str(folder / task / "tokenizer.json"))
        else:
            shutil.copyfile(tokenizer, folder / task / "tokenizer.json")
    return folder


def _labels(labels: Sequence[str]) -> dict[str, Any]:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: number for number, label in enumerate(labels)}}


def _byte_pairs() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=8_000, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([row.text for row in corpus.read_split("train", ROOT / corpus.FOLDER)], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


def material(count: int) -> list[str]:
    """So many short messages of the corpus, spread over it, in the words that the models read."""
    texts = [row.text for split in corpus.SPLITS for row in corpus.read_split(split, ROOT / corpus.FOLDER)]
    short = [text for text in texts if len(text) <= LENGTH]
    return [chat_text.read(short[number * len(short) // count]).words for number in range(count)]


def measure(options: argparse.Namespace, say: Console) -> dict[str, Any]:
    """All sides in turns."""
    count = options.messages
    with tempfile.TemporaryDirectory(prefix="hikari-stack-") as scratch, contextlib.ExitStack() as ending:
        folder = Path(scratch)
        say.print(f"three models of size {options.size} with random weights, and the bundle of them ...")
        checkpoints = make_checkpoints(folder / "checkpoints", options.size, options.bundle / "tokenizer.json")
        sources = [
            f"{task}.checkpoint.{rest}"
            for task in WORDS
            for rest in ("source=folder", f"location={checkpoints / task}", "sha256=null")
        ]
        export_stack.export(composed("export_stack", ExportStackConfig, [*sources, f"bundle={folder / 'stack'}"]))
        texts = folder / "texts.json"
        texts.write_text(json.dumps(material(WARM_UP + count * options.turns)), encoding="utf-8")
        where = {"hikari": options.bundle, "onnx": folder / "stack"}
        sides = []
        for name in SIDES:
            arguments = [name, str(where.get(name, checkpoints).absolute()), str(texts), str(options.cores)]
            threads = {"OMP_NUM_THREADS": str(options.cores)}
            sides.append(Worker(name, "tests.benchmarks.stack_worker", arguments, folder, threads))
            ending.callback(sides[-1].end)
        for side in sides:
            side.ask(f"latency 0 {WARM_UP}")
            side.ask(f"singles 0 {WARM_UP}")
        found: dict[str, dict[str, list[float]]] = {side.name: {"latency": [], "singles": [], "batched": []} for side in sides}
        load = [os.getloadavg()[0]]
        for turn in track(range(options.turns), "turns", console=say):
            place = f"{WARM_UP + turn * count} {count}"
            for side in sides[turn % len(sides) :] + sides[: turn % len(sides)]:
                found[side.name]["latency"] += side.ask(f"latency {place}")
                for way in ("singles", "batched"):
                    found[side.name][way].append(count / side.ask(f"{way} {place}"))
        load.append(os.getloadavg()[0])
        reports = {side.name: {**_figures(found[side.name]), **side.ask("memory")} for side in sides}
    return {
        "size": options.size, "cores": options.cores, "messages": count * options.turns, "turns": options.turns, "load": load,
        "sides": reports, "ratios": ratios(reports), "aim": {"singles_per_s": AIM},
    }  # fmt: skip


def _figures(found: dict[str, list[float]]) -> dict[str, float]:
    latency = np.array(found["latency"])
    return {
        "p50_ms": float(np.percentile(latency, 50)),
        "p99_ms": float(np.percentile(latency, 99)),
        "singles_per_s": float(np.median(found["singles"])),
        "batched_per_s": float(np.median(found["batched"])),
    }


def ratios(reports: dict[str, dict[str, float]]) -> dict[str, float]:
    """How many times better Hikari's one pass is: than the better of the two PyTorch sides, and than the stack in ONNX.

    Above 1 is better in each: throughput divided by theirs, latency and memory of theirs divided by ours.
    """
    ours = reports["hikari"]
    torch = [reports[name] for name in ("torch", "torch_side_by_side")]
    found = {f"torch_{way}": ours[way] / max(report[way] for report in torch) for way in ("singles_per_s", "batched_per_s")}
    found |= {f"torch_{name}": min(report[name] for report in torch) / ours[name] for name in ("p50_ms", "p99_ms", "rss_mb")}
    found |= {f"onnx_{way}": ours[way] / reports["onnx"][way] for way in ("singles_per_s", "batched_per_s")}
    found |= {f"onnx_{name}": reports["onnx"][name] / ours[name] for name in ("p50_ms", "p99_ms", "rss_mb")}
    return found


def table(result: dict[str, Any]) -> Table:
    """A row a side, and the ratios below."""
    columns = ("p50_ms", "p99_ms", "singles_per_s", "batched_per_s", "rss_mb", "peak_rss_mb")
    shown = Table(
        "",
        *(column.replace("_", " ") for column in columns),
        title=f"three {result['size']} models against one pass, {result['cores']} cores",
    )
    for name, report in result["sides"].items():
        shown.add_row(name, *(f"{report[column]:.1f}" for column in columns))
    for peer in ("torch", "onnx"):
        shown.add_row(f"times {peer}", *(f"{result['ratios'][f'{peer}_{column}']:.1f} x" for column in columns[:-1]), "")
    return shown


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="base")
    parser.add_argument("--messages", type=int, default=48, help="of each side in one turn")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bundle", type=Path, default=ROOT / "data/models/text")
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    return parser.parse_args(arguments)


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
