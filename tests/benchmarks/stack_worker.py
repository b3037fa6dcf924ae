"""One side of `stack.py` in a process of its own: it loads its models, then answers commands, a line of JSON each.

latency START COUNT   milliseconds of each message, one after the other
singles START COUNT   seconds for messages that never share a pass, as many passes side by side as that is faster
batched START COUNT   seconds for the same messages in batches, sorted by length
memory                resident MiB now, and the most so far
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import psutil

from hikari.bundle import STACK_PARTS
from hikari.sentiment.opening import open_classifier

BATCH = 16


class Side(Protocol):
    """What is measured: texts that were put into words, in; probabilities of all its tasks, out."""

    def one(self, words: str) -> Any:
        """A message alone, with all cores."""
        ...

    def singles(self, words: Sequence[str]) -> Any:
        """Many messages, each in a pass of its own."""
        ...

    def batched(self, words: Sequence[str]) -> Any:
        """Many messages, `BATCH` in a pass."""
        ...


class Served:
    """A bundle as Hikari serves it, of either kind."""

    def __init__(self, bundle: Path, cores: int) -> None:
        self._classifier = open_classifier(bundle, threads=cores, device="cpu")

    def one(self, words: str) -> Any:
        """See `Side`."""
        return self._classifier.probabilities([words], 1)

    def singles(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        return self._classifier.probabilities(words, 1)

    def batched(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        return self._classifier.probabilities(words, BATCH)


class Torch:
    """Three classifiers of transformers in fp32, one after the other, each with its tokenizer: how Hikari began.

    Tokenised directly and without gradients, which is less work than `transformers.pipeline` does.
    """

    def __init__(self, checkpoints: Path, cores: int) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForSequenceClassification

        torch.set_num_threads(cores)
        self._torch: Any = torch
        self._parts: list[tuple[Any, Any, bool]] = []
        for task in STACK_PARTS:
            tokenizer: Any = Tokenizer.from_file(str(checkpoints / task / "tokenizer.json"))
            model: Any = AutoModelForSequenceClassification.from_pretrained(checkpoints / task, local_files_only=True)
            self._parts.append((tokenizer, model.eval(), task == "toxicity"))

    def one(self, words: str) -> Any:
        """See `Side`."""
        return self._pass([words])

    def singles(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        return [self._pass([text]) for text in words]

    def batched(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        order = sorted(words, key=len)
        return [self._pass(order[start : start + BATCH]) for start in range(0, len(order), BATCH)]

    def _pass(self, words: Sequence[str]) -> list[Any]:
        torch, out = self._torch, []
        with torch.inference_mode():
            for tokenizer, model, alone in self._parts:
                rows = [row.ids for row in tokenizer.encode_batch(list(words))]
                width, pad = max(map(len, rows)), int(model.config.pad_token_id or 0)
                ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
                mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
                logits = model(input_ids=ids, attention_mask=mask).logits
                out.append((logits.sigmoid() if alone else logits.softmax(-1)).numpy())
        return out


class TorchSideBySide(Torch):
    """The same with one thread a pass and as many passes at once as there are cores."""

    def __init__(self, checkpoints: Path, cores: int) -> None:
        super().__init__(checkpoints, 1)
        self._pool = ThreadPoolExecutor(cores)

    def singles(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        return list(self._pool.map(self.one, words))

    def batched(self, words: Sequence[str]) -> Any:
        """See `Side`."""
        order = sorted(words, key=len)
        return list(self._pool.map(self._pass, [order[start : start + BATCH] for start in range(0, len(order), BATCH)]))


SIDES: dict[str, Callable[[Path, int], Side]] = {
    "hikari": Served, "torch": Torch, "torch_side_by_side": TorchSideBySide, "onnx": Served,
}  # fmt: skip


def main() -> None:
    name, folder, texts, cores = sys.argv[1:]
    words = json.loads(Path(texts).read_text(encoding="utf-8"))
    side = SIDES[name](Path(folder), int(cores))
    for line in sys.stdin:
        command, *numbers = line.split()
        if command == "memory":
            answer: Any = {
                "rss_mb": psutil.Process().memory_info().rss / 2**20,
                "peak_rss_mb": _peak_kb() / 2**10,
            }
        else:
            start, count = map(int, numbers)
            chosen = words[start : start + count]
            if command == "latency":
                answer = [_ms(lambda text=text: side.one(text)) for text in chosen]
            else:
                work = {"singles": side.singles, "batched": side.batched}[command]
                answer = _ms(lambda work=work, chosen=chosen: work(chosen)) / 1e3
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _peak_kb() -> int:
    """Linux only; what getrusage gives counts the parent from before the process became another program."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0])


def _ms(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


if __name__ == "__main__":
    main()
