"""Entry point and stage: the frozen encoder becomes the memory's embedder.

    python -m training.export_embedder

Mean over tokens and unit length are part of the graph. Nothing is written when ONNX and PyTorch disagree. The bundle holds the int8
graph alone where that finds the same neighbours as fp32 and a text's embedding does not depend on its batch, else fp32 alone.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import nn

from hikari import fingerprint
from hikari.bundle import Bundle, write_bundle
from hikari.memory import embedder as memory_embedder
from hikari.memory.embedder import OnnxEmbedder, Vectors
from training import encoder, entry, repro
from training.onnx_rowwise import quantise_rows
from training.schema import STRICT, EncoderConfig, Fraction, Name, Seed

NEIGHBOURS = 10
SINGLES = 200
"""Texts that are also embedded one at a time, spread over all: enough to see a difference, and the slow part of the stage."""


class EmbedderError(RuntimeError):
    """The exported encoder does not answer like the original; nothing was written."""


@dataclass(frozen=True)
class EmbedderModelConfig:
    __pydantic_config__ = STRICT
    encoder: EncoderConfig


@dataclass(frozen=True)
class EmbedderGateConfig:
    """What int8 must reach against fp32 to be shipped."""

    __pydantic_config__ = STRICT
    mean_cosine: Fraction
    """Mean cosine of a text's two embeddings."""
    top10_overlap: Fraction
    """Mean share of a query's ten nearest texts that are the same."""
    alone_cosine: Fraction
    """Smallest cosine of a text's embedding alone and among others."""


@dataclass(frozen=True)
class ExportEmbedderConfig:
    __pydantic_config__ = STRICT
    seed: Seed
    bundle: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    model: EmbedderModelConfig
    max_tokens: Annotated[int, Field(ge=8, le=512)]
    texts: tuple[Name, ...]
    """JSONL files with `content` or `text`: what is searched when int8 is compared with fp32."""
    queries: Name
    """JSONL with `query`."""
    fp32_tolerance: Annotated[float, Field(gt=0)]
    gate: EmbedderGateConfig


@dataclass(frozen=True)
class Agreement:
    """How int8 compares with fp32; the fields mean the same as those of `EmbedderGateConfig`."""

    mean_cosine: float
    top10_overlap: float
    alone_cosine: float

    def passes(self, gate: EmbedderGateConfig) -> bool:
        """Whether every figure reaches its limit."""
        return (
            self.mean_cosine >= gate.mean_cosine
            and self.top10_overlap >= gate.top10_overlap
            and self.alone_cosine >= gate.alone_cosine
        )


class SentenceEncoder(nn.Module):
    """Token ids of shape (rows, tokens) to unit vectors of shape (rows, dimension): the mean over tokens, as in
    sentence-transformers (Reimers and Gurevych 2019)."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return pooled / pooled.norm(dim=1, keepdim=True).clamp(min=1e-12)


def export(config: ExportEmbedderConfig) -> dict[str, Any]:
    """Convert, quantise, compare, write; returns the facts that also stand in the manifest. Raises `EmbedderError`."""
    repro.seed_everything(config.seed, deterministic=True)
    folder = encoder.locate(config.model.encoder)
    network = SentenceEncoder(encoder.load(folder, "eager")).eval()
    texts = [text for file in config.texts for text in read_texts(Path(file))]
    queries = read_texts(Path(config.queries))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        export_fp32(network, scratch / "model.onnx")
        # Compared is what will be served: bundles, opened by the class that serves them.
        fp32 = OnnxEmbedder(write(config, scratch / "fp32", folder, scratch / "model.onnx"))
        reference = fp32.embed([*texts, *queries])
        sample = slice(None, None, max(1, len(reference) // SINGLES))
        difference = largest_difference(network, fp32, [*texts, *queries][sample], reference[sample])
        if not difference <= config.fp32_tolerance:  # NaN does not pass either
            raise EmbedderError(f"ONNX and PyTorch differ by {difference:.2e}, at most {config.fp32_tolerance:.0e} is allowed")
        quantise_rows(network.transformer, fp32.tokenise([*texts, *queries][sample]), scratch / "model.int8.onnx")
        int8 = OnnxEmbedder(write(config, scratch / "int8", folder, scratch / "model.int8.onnx"))
        agreement = compare(int8, texts, queries, reference)
        fp32.close()
        int8.close()
        precision = "int8" if agreement.passes(config.gate) else "fp32"
        report = {
            "encoder": config.model.encoder.name,
            "fp32_max_difference": float(f"{difference:.3g}"),
            "int8_mean_cosine": round(agreement.mean_cosine, 4),
            "int8_top10_overlap": round(agreement.top10_overlap, 4),
            "int8_alone_cosine": round(agreement.alone_cosine, 4),
            "precision": precision,
        }
        if precision == "fp32":
            sys.stdout.write("int8 strays too far from fp32: the bundle holds fp32, and fp32 is served\n")
        chosen = scratch / ("model.int8.onnx" if precision == "int8" else "model.onnx")
        bundle = write(config, Path(config.bundle), folder, chosen, **report)
    return {**report, "fingerprint": bundle.fingerprint, "bytes": chosen_bytes(bundle)}


def write(config: ExportEmbedderConfig, target: Path, folder: Path, model: Path, **report: Any) -> Bundle:
    """Write a bundle of kind `embedder` around one graph."""
    facts = {
        "dimension": json.loads((folder / "config.json").read_text())["hidden_size"],
        "max_tokens": config.max_tokens,
        "pooling": "mean",
        "preprocessing": memory_embedder.VERSION,
    }
    files: dict[str, Path | bytes] = {
        "embedding.json": (json.dumps(facts, indent=2) + "\n").encode(),
        "tokenizer.json": folder / "tokenizer.json",
        model.name: model,
    }
    parents = {"encoder": fingerprint.of_file(folder / "model.safetensors")}
    name = memory_embedder.NAME
    return write_bundle(target, files, kind=name, name=name, version=config.version, parents=parents, **report)


def export_fp32(network: nn.Module, file: Path) -> None:
    """Write the network with free batch size and length."""
    example = torch.ones((2, 7), dtype=torch.long)
    free = {0: "rows", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (example, example), str(file), dynamo=False, opset_version=17, input_names=["input_ids", "attention_mask"],
            output_names=["embedding"], dynamic_axes={"input_ids": free, "attention_mask": free, "embedding": {0: "rows"}},
        )  # fmt: skip


def largest_difference(network: nn.Module, fp32: OnnxEmbedder, texts: Sequence[str], found: Vectors) -> float:
    """The largest absolute difference to PyTorch, which reads each text alone."""
    worst = 0.0
    with torch.inference_mode():
        for ids, vector in zip(fp32.tokenise(texts), found, strict=True):
            tokens = torch.tensor([ids])
            worst = np.maximum(worst, np.abs(network(tokens, torch.ones_like(tokens))[0].numpy() - vector).max())
    return float(worst)


def compare(int8: OnnxEmbedder, texts: Sequence[str], queries: Sequence[str], reference: Vectors) -> Agreement:
    """Compare an embedder with the embeddings `reference` of the texts and then the queries."""
    together = int8.embed([*texts, *queries])
    sample = slice(None, None, max(1, len(reference) // SINGLES))
    alone = np.concatenate([int8.embed([text]) for text in [*texts, *queries][sample]])
    split = len(texts)
    pairs = [nearest(vectors[split:], vectors[:split]) for vectors in (reference, together)]
    shared = [len(set(left) & set(right)) / len(left) for left, right in zip(*(pair.tolist() for pair in pairs), strict=True)]
    return Agreement(
        mean_cosine=float((together * reference).sum(axis=1).mean()),
        top10_overlap=float(np.mean(shared)),
        alone_cosine=float((together[sample] * alone).sum(axis=1).min()),
    )


def nearest(queries: Vectors, texts: Vectors) -> np.ndarray:
    """Row numbers of the nearest texts of each query, best first, shape (queries, `NEIGHBOURS`)."""
    return np.argsort(-(queries @ texts.T), axis=1, kind="stable")[:, :NEIGHBOURS]


def read_texts(file: Path) -> list[str]:
    """The `content`, `text` or `query` of each line. Raises `EmbedderError` when a line has none, or the file no line."""
    texts = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(line)
        found = next((row[key] for key in ("content", "text", "query") if isinstance(row.get(key), str)), None)
        if found is None:
            raise EmbedderError(f"{file}: line {number} has no content, text or query")
        texts.append(found)
    if not texts:
        raise EmbedderError(f"{file} holds no line")
    return texts


def chosen_bytes(bundle: Bundle) -> int:
    """Size of the whole bundle."""
    return sum(int(entry["bytes"]) for entry in bundle.manifest["files"].values())


def main() -> None:
    """`python -m training.export_embedder`"""
    entry.run("export_embedder", ExportEmbedderConfig, lambda config: print(json.dumps(export(config))))


if __name__ == "__main__":
    main()
