"""The estimate of tokens errs on the long side, and what is clipped fits."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hikari.stream.replies.tokens import CUT, clip, estimate

ROOT = Path(__file__).parents[4]
SHARE = 0.95


def test_it_is_over_wordpiece_for_nearly_all_chat_and_for_all_of_it_together(shipped_bundle: Path) -> None:
    """WordPiece has fewer words than the vocabularies of today, so for words it is the stricter of both."""
    tokenizer = Tokenizer.from_file(str(shipped_bundle / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = [json.loads(line)["text"] for line in (ROOT / "data/corpus/test.jsonl").read_text(encoding="utf-8").splitlines()]
    real = [len(found.ids) for found in tokenizer.encode_batch(texts, add_special_tokens=False)]
    guess = [estimate(text) for text in texts]
    assert sum(a >= b for a, b in zip(guess, real, strict=True)) / len(texts) >= SHARE
    assert sum(real) <= sum(guess) <= 1.6 * sum(real)


@given(st.text(max_size=100), st.text(max_size=100))
def test_parts_take_no_less_than_the_whole(one: str, other: str) -> None:
    assert estimate(f"{one}\n{other}") <= estimate(one) + estimate(other) + 1
    assert 0 <= estimate(one) <= len(one.encode("utf-8", "surrogatepass"))
    assert bool(estimate(one)) >= bool("".join(one.split()))


@given(st.text(max_size=120), st.integers(0, 60))
def test_what_is_clipped_fits_and_is_a_beginning(text: str, most: int) -> None:
    made = clip(text, estimate, most)
    assert estimate(made) <= most
    if made != text and made:
        assert made.endswith(CUT)
        assert text.startswith(made.removesuffix(CUT).rstrip())
    if estimate(text) <= most:
        assert made == text
