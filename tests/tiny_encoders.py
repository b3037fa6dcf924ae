"""Small encoders of the architectures on the hub, with random weights and tokenizers trained here, in the hub's layout."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import EMOTION, TOXICITY
from tests import tiny
from training.entry import composed
from training.export_stack import ExportStackConfig
from training.schema import EncoderConfig, TrainConfig

LONGEST = 64
KINDS = ("bert", "roberta", "distilbert", "xlm-roberta", "multilingual-minilm")
ENCODERS = {
    "bert_multilingual": "bert",
    "distilroberta_emotion": "roberta",
    "toxic_bert": "bert",
    "multilingual_minilm": "multilingual-minilm",
}
"""The architecture behind each file of `conf/model/encoder` that names a repository."""
_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def make(kind: str, folder: Path, labels: tuple[str, ...] = (), seed: int = 0) -> Path:
    """An encoder of a kind of `KINDS`; with `labels`, a classifier that has a head for them, as it is shared on the hub.

    BERT comes as older repositories do, with vocab.txt instead of tokenizer.json.
    """
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = {"roberta": _byte_pairs, "xlm-roberta": _pieces, "multilingual-minilm": _pieces}.get(kind, _words)()
    words = {"vocab_size": tokenizer.get_vocab_size(), "id2label": dict(enumerate(labels)) or {0: "LABEL_0", 1: "LABEL_1"}}
    words["label2id"] = {label: number for number, label in words["id2label"].items()}
    # A classifier reads its first token, which little reaches through weights near zero.
    words["initializer_range"] = 0.3 if labels else 0.02
    torch.manual_seed(seed)
    if kind == "distilbert":
        config: Any = transformers.DistilBertConfig(
            dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=LONGEST, **words
        )
    elif kind in ("roberta", "xlm-roberta"):
        made = {"roberta": transformers.RobertaConfig, "xlm-roberta": transformers.XLMRobertaConfig}[kind]
        # Positions begin behind the padding's.
        config = made(
            **_SIZES,
            **words,
            max_position_embeddings=LONGEST + 2,
            type_vocab_size=1,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
        )
    else:
        # The multilingual MiniLM is a BERT with XLM-R's vocabulary, whose configuration calls 0 the padding though it is 1.
        config = transformers.BertConfig(**_SIZES, **words, max_position_embeddings=LONGEST, pad_token_id=0)
    model = transformers.AutoModelForSequenceClassification if labels else transformers.AutoModel
    model.from_config(config).save_pretrained(folder)
    if kind == "bert":
        vocabulary = tokenizer.get_vocab()
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in sorted(vocabulary, key=vocabulary.__getitem__)))
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}))
    else:
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder


STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
CLASSIFIERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sentiment": ("bert", STARS),
    # Not in our order, so that a map that is ignored is seen.
    "emotion": ("roberta", EMOTION[::-1]),
    "toxicity": ("distilbert", (*TOXICITY[3:], *TOXICITY[:3])),
}
"""The architecture and labels of the three checkpoints of the tiny stack."""


def make_classifiers(folder: Path) -> Path:
    """A folder each for the three checkpoints of a stack."""
    for number, (task, (kind, labels)) in enumerate(CLASSIFIERS.items()):
        make(kind, folder / task, labels, seed=number)
    return folder


def stack_config(classifiers: Path, bundle: Path, *overrides: str) -> ExportStackConfig:
    """The configuration of the shipped stack, but for where the checkpoints come from."""
    sources = [
        override
        for task in CLASSIFIERS
        for override in (
            f"{task}.checkpoint.source=folder",
            f"{task}.checkpoint.location={classifiers / task}",
            f"{task}.checkpoint.sha256=null",
        )
    ]
    return composed("export_stack", ExportStackConfig, [*sources, f"bundle={bundle}", *overrides])


def config_of(name: str) -> EncoderConfig:
    """`conf/model/encoder/<name>.yaml`."""
    return composed("train", TrainConfig, [f"model/encoder={name}"]).model.encoder


def snapshot(cache: Path, name: str) -> Path:
    """Where the hub's client keeps the files of `conf/model/encoder/<name>.yaml`."""
    config = config_of(name)
    return cache / f"models--{config.location.replace('/', '--')}" / "snapshots" / str(config.revision)


def _texts() -> list[str]:
    return [chat_text.read(row[0]).words for row in tiny.TEXTS] + tiny.WORDS


@cache
def _words() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer: Any = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # type: ignore[call-arg]  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(_texts(), trainer)
    return _between(tokenizer, "[CLS]", "[SEP]")


def _byte_pairs() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return _between(tokenizer, "<s>", "</s>")


def _pieces() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer: Any = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)  # noqa: S106
    tokenizer.train_from_iterator(_texts(), trainer)
    return _between(tokenizer, "<s>", "</s>")


def _between(tokenizer: Any, start: str, end: str) -> Any:
    from tokenizers import processors

    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(mark, tokenizer.token_to_id(mark)) for mark in (start, end)]
    )
    return tokenizer
