"""The spaCy pipeline that finds entities: word pieces and hashed letters, a few convolutions, transitions (Honnibal 2016)."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language

from hikari.memory.word_vectors import MAX_WORD, REGISTERED, STEP, PieceVectors

_PIECE = re.compile(r"(?:##)?[a-z0-9]+")


def piece_vectors(encoder: Path, dimension: int) -> tuple[list[str], NDArray[np.int8]]:
    """The encoder's own table of word pieces, reduced to `dimension` principal components of equal variance, in int8.

    Only Latin letters and digits: that is what chat in English is made of, and it keeps the table small.
    """
    from safetensors import safe_open

    tokens: dict[str, int] = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    pieces = sorted(token for token in tokens if _PIECE.fullmatch(token) and len(token) <= MAX_WORD)
    with safe_open(str(encoder / "model.safetensors"), "np") as weights:
        name = next(name for name in weights.keys() if name.endswith("word_embeddings.weight"))  # noqa: SIM118
        table = weights.get_tensor(name)[[tokens[piece] for piece in pieces]].astype(np.float64)
    centred = table - table.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    main = directions[:, ::-1][:, : min(dimension, len(pieces), table.shape[1])]
    # The sign of a principal component is arbitrary: fixed here, so that every machine writes the same table.
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    reduced = centred @ main
    reduced /= reduced.std(axis=0) + 1e-12
    return pieces, np.clip(np.rint(reduced / STEP), -127, 127).astype(np.int8)


def build(
    *,
    labels: Sequence[str],
    width: int,
    depth: int,
    rows: Sequence[int],
    hidden: int,
    pieces: Sequence[str],
    table: NDArray[np.int8],
) -> Language:
    """An untrained pipeline with one component, `ner`; `rows` are the hash table's rows for norm, prefix, suffix and shape."""
    vectors = {"vectors": {"@vectors": REGISTERED}} if len(pieces) else {}
    nlp = spacy.blank("en", config={"nlp": vectors})
    if len(pieces):
        nlp.vocab.vectors = PieceVectors(nlp.vocab.strings, pieces, table)
    encoder: dict[str, Any] = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": width,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
            "rows": list(rows),
            "include_static_vectors": bool(len(pieces)),
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": width,
            "depth": depth,
            "window_size": 1,
            "maxout_pieces": 3,
        },
    }
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": hidden,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": encoder,
    }
    ner: Any = nlp.add_pipe("ner", config={"model": model})
    for label in labels:
        ner.add_label(label)
    return nlp
