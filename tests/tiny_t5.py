"""A T5 of two layers with random weights and its own small vocabulary, saved as a hub would serve it, and dialogues to learn."""

import json
from pathlib import Path

PAIRS = (
    ("Kai: I like green tea.\nMia: I like black coffee.", "Kai likes tea and Mia likes coffee."),
    ("Kai: Did you watch the race?\nMia: Yes, it was great.", "Mia watched the race."),
    ("Mia: My new keyboard is here.\nKai: Is it loud?", "Mia has a new keyboard."),
    ("Mia: I am going to bed.\nKai: Good night!", "Mia goes to bed."),
)


def make_t5(folder: Path) -> Path:
    """Config, weights and tokenizer; the vocabulary is the words of `PAIRS`, </s> closes every text."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))  # type: ignore[call-arg]  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()  # type: ignore[assignment]
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    trainer = trainers.WordLevelTrainer(special_tokens=["<pad>", "</s>", "<unk>"])
    tokenizer.train_from_iterator([text for pair in PAIRS for text in pair] + ["summarize:"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])  # type: ignore[assignment]
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def write_dialogues(file: Path, repeat: int = 1) -> Path:
    """`PAIRS` in the format of training."""
    rows = [{"id": f"{n}-{copy}", "dialogue": d, "summary": s} for copy in range(repeat) for n, (d, s) in enumerate(PAIRS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
