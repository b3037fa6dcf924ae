"""Episodes summed up by a T5 that `python -m training.train task=summarizer` fine-tuned on dialogue summaries.

The folder holds `config.json`, `model.safetensors`, `tokenizer.json` and a `manifest.json` with the hash of each, the prefix and the
limits that the model was trained with. torch and transformers are loaded with the model and never before; where they are absent the
caller hears so, and nothing else writes the summary in the model's place.
"""

import importlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from hikari import atomic, fingerprint
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.memory.summaries import MAX_SENTENCES, Summary, Turn, dialogue_text, sentences_of, shortened

FORMAT = 1
FILES = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Generation:
    """How text goes in and comes out: prefix of the input, limits in tokens, beams (1: greedy)."""

    prefix: str = "summarize: "
    max_input_tokens: int = 512
    max_output_tokens: int = 64
    beams: int = 4

    def __post_init__(self) -> None:
        if not (8 <= self.max_input_tokens <= 4096 and 2 <= self.max_output_tokens <= 512 and 1 <= self.beams <= 16):
            raise BadInput("max_input_tokens must be 8 to 4096, max_output_tokens 2 to 512 and beams 1 to 16", field="generation")


class T5Summariser:
    """Writes summaries with a fine-tuned T5; safe to call from several threads, which then take turns.

    Raises `NotReady` when the folder, torch or transformers is absent, `BadBundle` when the folder is damaged or no T5.
    """

    name = "t5"

    def __init__(self, folder: Path | str, *, device: str = "cpu", beams: int | None = None) -> None:
        path = Path(folder)
        atomic.recover(path)
        manifest = read_manifest(path)
        settings = cast("dict[str, Any]", manifest.get("generation", {}))
        if beams is not None:
            settings["beams"] = beams
        try:
            self.generation = Generation(**settings)
        except (TypeError, BadInput) as error:
            raise BadBundle(f"{path / 'manifest.json'}: generation is not what this version reads") from error
        torch, transformers, tokenizers = (_module(name) for name in ("torch", "transformers", "tokenizers"))
        self.fingerprint = fingerprint.of_files({name: fingerprint.of_file(path / name) for name in FILES})
        self._torch, self._device = torch, device
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
        try:
            self._model: Any = transformers.T5ForConditionalGeneration.from_pretrained(
                path, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
        except Exception as error:
            raise BadBundle(f"the T5 at {path} cannot be loaded: {type(error).__name__}") from error
        self._model.eval().to(device)
        self._lock = threading.Lock()

    def summarise(self, turns: Sequence[Turn], *, max_sentences: int | None = None, max_characters: int | None = None) -> Summary:
        """The model's summary, its positions the turns that fitted into the model's input, counted from the first.

        Raises `BadInput` for limits out of range.
        """
        if max_sentences is not None and not 1 <= max_sentences <= MAX_SENTENCES:
            raise BadInput(f"max_sentences must be from 1 to {MAX_SENTENCES}, got {max_sentences}", field="max_sentences")
        if max_characters is not None and max_characters < 20:
            raise BadInput(f"max_characters must be at least 20, got {max_characters}", field="max_characters")
        if not any(turn.text.strip() for turn in turns):
            return Summary("", ())
        ids, read = encode(self._tokenizer, turns, self.generation, int(self._model.config.eos_token_id))
        with self._lock, self._torch.inference_mode():
            out = generate(self._model, self._torch.tensor([ids], device=self._device), self.generation)
        text = " ".join(str(self._tokenizer.decode(out[0].tolist(), skip_special_tokens=True)).split())
        if max_sentences is not None:
            text = " ".join(sentences_of(text)[:max_sentences])
        return Summary(text if max_characters is None else shortened(text, max_characters), tuple(range(read)))


def encode(tokenizer: Any, turns: Sequence[Turn], generation: Generation, end: int) -> tuple[list[int], int]:
    """Token ids of prefix and turns, closed by `end`, and how many turns they hold.

    What does not fit is left out turn by turn from the back; a single turn beyond the limit is cut.
    """
    kept = len(turns)
    while True:
        ids: list[int] = [int(i) for i in tokenizer.encode(generation.prefix + dialogue_text(turns[:kept])).ids]
        ids = ids if ids and ids[-1] == end else [*ids, end]
        if len(ids) <= generation.max_input_tokens:
            return ids, kept
        if kept == 1:
            return [*ids[: generation.max_input_tokens - 1], end], kept
        kept = max(1, min(kept - 1, kept * generation.max_input_tokens // len(ids)))


def generate(model: Any, input_ids: Any, generation: Generation, attention_mask: Any = None) -> Any:
    """Token ids of the best beam for each row; no sampling, so equal inputs give equal outputs on one machine."""
    return model.generate(
        input_ids=input_ids,
        attention_mask=(input_ids != model.config.pad_token_id).long() if attention_mask is None else attention_mask,
        max_new_tokens=generation.max_output_tokens,
        num_beams=generation.beams,
        do_sample=False,
        early_stopping=generation.beams > 1,
    )


def write_manifest(folder: Path, generation: Generation, **facts: Any) -> None:
    """Write `manifest.json` for the model files that lie in `folder`; `facts` are added to it."""
    entries = {name: {"sha256": fingerprint.of_file(folder / name), "bytes": (folder / name).stat().st_size} for name in FILES}
    manifest = {"format": FORMAT, "kind": "summarizer", "generation": asdict(generation), **facts, "files": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a summariser's folder, every file checked against it. Raises `NotReady` or `BadBundle`."""
    if not folder.is_dir():
        raise NotReady(f"no summariser at {folder}; `python -m training.train task=summarizer output={folder}` trains one")
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        entries = content["files"]
        hashes = {name: str(entries[name]["sha256"]) for name in FILES}
        known = content["kind"] == "summarizer" and 1 <= int(content["format"]) <= FORMAT
    except FileNotFoundError as error:
        raise BadBundle(f"{folder / 'manifest.json'} is missing") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBundle(f"{folder / 'manifest.json'} is no summariser's manifest") from error
    if not known:
        raise BadBundle(f"{folder} is no summariser of format {FORMAT} or older")
    for name, expected in hashes.items():
        if not (folder / name).is_file() or fingerprint.of_file(folder / name) != expected:
            raise BadBundle(f"the summariser at {folder} is damaged: {name} does not match its hash")
    return cast("dict[str, Any]", content)


def _module(name: str) -> Any:
    # By name: an import statement would make torch a dependency of everything that knows this file.
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotReady(
            f"the T5 summariser needs the package {name}, which is not installed; install the extra `train`"
        ) from error
