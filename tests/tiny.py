"""Small real artefacts for tests: an encoder of two layers with random weights, data, a trained checkpoint, a bundle.

The real code makes all of them; nothing is downloaded, and a whole set takes seconds.
"""

import json
from pathlib import Path
from typing import Any

from hikari.sentiment import text as chat_text
from training import export as export_stage
from training import export_embedder as embedder_stage
from training import train as train_stage
from training.entry import composed
from training.export_embedder import ExportEmbedderConfig
from training.prepare import to_frame
from training.schema import ExportConfig, TrainConfig

WORDS = [
    "good",
    "great",
    "love",
    "stream",
    "game",
    "bad",
    "hate",
    "sad",
    "scared",
    "gross",
    "what",
    "why",
    "you",
    "i",
    "this",
    "is",
    "not",
    "the",
    "a",
    "kys",
    "idiot",
    "play",
    "can",
]
TEXTS: tuple[tuple[str, str, str, list[str], bool], ...] = (
    ("this stream is great PogChamp", "positive", "joy", [], False),
    ("i love this game 🔥", "positive", "joy", [], False),
    ("i hate this", "negative", "anger", [], False),
    ("sad game Sadge", "negative", "sadness", [], False),
    ("i am scared monkaS", "negative", "fear", [], False),
    ("that is gross", "negative", "disgust", [], False),
    ("what the what", "neutral", "surprise", [], False),
    ("can you play this game", "neutral", "neutral", [], True),
    ("you idiot", "negative", "anger", ["toxic", "insult"], False),
    ("kys", "negative", "anger", ["toxic", "severe_toxic", "threat"], False),
)


def make_encoder(folder: Path) -> Path:
    """A BERT of two layers and 32 dimensions with its WordPiece tokenizer, saved as a hub would serve it."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # type: ignore[call-arg]  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)  # type: ignore[assignment]
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    texts = [chat_text.read(row[0]).words for row in TEXTS] + WORDS
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))],
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def rows(repeat: int = 6) -> list[dict[str, Any]]:
    """Labelled rows for the tables; repeated, so that every split and label has several."""
    keys = ("text", "sentiment", "emotion", "toxicity", "question")
    return [
        {"id": f"{number}-{copy}", **dict(zip(keys, row, strict=True))}
        for copy in range(repeat)
        for number, row in enumerate(TEXTS)
    ]


def make_processed(folder: Path) -> Path:
    """The parquet files that `training.prepare` would write."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "dev", "test"):
        to_frame(rows()).to_parquet(folder / f"{split}.parquet", index=False)
    counts = {split: {"rows": len(rows())} for split in ("train", "dev", "test")}
    (folder / "counts.json").write_text(json.dumps(counts))
    return folder


def train_config(encoder: Path, processed: Path, output: Path, *overrides: str) -> TrainConfig:
    """A training configuration for the tiny encoder."""
    return composed(
        "train",
        TrainConfig,
        [
            "model.encoder.source=folder", f"model.encoder.location={encoder}", "model.encoder.sha256=null", "tracking=off",
            f"data.processed={processed}", f"output={output}", "data.batch_size=8", "data.max_tokens=32", "trainer.max_epochs=2",
            "optim.lr=0.003", "optim.head_lr=0.02", "model.freeze_embeddings=false", "model.freeze_layers=0", "model.start=null",
            "model.keep=0.0", "trainer.progress=false", *overrides,
        ],
    )  # fmt: skip


def make_checkpoint(encoder: Path, processed: Path, output: Path) -> Path:
    """A checkpoint that the real training wrote."""
    train_stage.train(train_config(encoder, processed, output, "trainer.max_epochs=20", "resume=never"))
    return output


def export_config(checkpoint: Path, processed: Path, bundle: Path, *overrides: str) -> ExportConfig:
    """An export configuration for the tiny checkpoint."""
    return composed(
        "export",
        ExportConfig,
        [
            f"checkpoint={checkpoint}",
            f"processed={processed}",
            f"bundle={bundle}",
            "tracking=off",
            "minimum_positives=2",
            "calibration=dev",
            *overrides,
        ],
    )


def make_bundle(checkpoint: Path, processed: Path, bundle: Path) -> Path:
    """A bundle that the real export wrote."""
    export_stage.export(export_config(checkpoint, processed, bundle))
    return bundle


def embedder_config(encoder: Path, folder: Path, *overrides: str) -> ExportEmbedderConfig:
    """An embedder's configuration for the tiny encoder; `folder` gets the texts and is where the bundle will lie.

    Random weights put all texts close together, so that neighbours change places more easily than a real encoder's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.jsonl").write_text(
        "".join(json.dumps({"text": row[0]}) + "\n" for row in TEXTS) + json.dumps({"content": "a"})
    )
    (folder / "queries.jsonl").write_text("".join(json.dumps({"query": word}) + "\n" for word in WORDS))
    return composed(
        "export_embedder",
        ExportEmbedderConfig,
        [
            "model.encoder.source=folder", f"model.encoder.location={encoder}", "model.encoder.sha256=null",
            f"bundle={folder / 'embedder'}", f"texts=[{folder / 'texts.jsonl'}]", f"queries={folder / 'queries.jsonl'}",
            "max_tokens=32", *overrides,
        ],
    )  # fmt: skip


def make_embedder(encoder: Path, folder: Path) -> Path:
    """An embedder bundle that the real stage wrote."""
    embedder_stage.export(embedder_config(encoder, folder))
    return folder / "embedder"
