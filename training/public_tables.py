"""The tables of all public sets together, made once, and again when sets, corpus, preprocessing or the code that makes them change."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hikari import atomic, fingerprint
from hikari.sentiment import text as chat_text
from training import public_corpus
from training.public_data import PublicSetConfig

_CODE = ("public_text.py", "public_corpus.py", "swaps.py")


def tables(
    sets: Mapping[str, PublicSetConfig], corpus: Path, cache: Path
) -> tuple[dict[str, pd.DataFrame], dict[str, dict[str, int]]]:
    """Train and dev tables and their rows per set. Raises `PublicDataError`."""
    name = fingerprint.of_value(
        {
            "sets": {name: dataclasses.asdict(public) for name, public in sets.items()},
            "corpus": [fingerprint.of_file(path) for path in sorted(corpus.glob("*.json*"))],
            "preprocessing": chat_text.VERSION,
            "code": [fingerprint.of_file(Path(__file__).with_name(file)) for file in _CODE],
        }
    )[:16]
    folder = cache / name
    if not folder.is_dir():
        frames = public_corpus.build(list(sets.values()), corpus)
        with atomic.new_folder(folder) as fresh:
            for part, frame in frames.items():
                frame.to_parquet(fresh / f"{part}.parquet", index=False)
    frames = {part: pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "dev")}
    return frames, public_corpus.counts(frames)
