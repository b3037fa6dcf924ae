# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire: their declared types are what is checked here.
"""The lexicon of each channel: the bundled one with the emotes of its file and those that were added by a call."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hikari.errors import BadInput
from hikari.fields import name_field
from hikari.sentiment import symbols as symbol_lexicon
from hikari.sentiment.symbols import Symbol, SymbolLexicon


class ChannelLexicons:
    """What `add` said wins over the channel's file, and both over the bundled lexicon."""

    def __init__(self) -> None:
        self._files: dict[str, list[Symbol]] = {}
        self._added: dict[str, list[Symbol]] = {}
        self._combined: dict[str, SymbolLexicon] = {}

    def of(self, channel: str) -> SymbolLexicon:
        """The lexicon that a channel's messages are read with."""
        return self._combined.get(channel, symbol_lexicon.lexicon())

    def add(self, channel: str, emotes: Mapping[str, Mapping[str, Any]]) -> int:
        """Add `{name: {"polarity", "emotion", "meaning"}}` to a channel; how many that were. Raises `BadInput`."""
        name_field(channel, "channel")
        if not isinstance(emotes, Mapping):
            raise BadInput("emotes must be an object", field="emotes")
        rows = [symbol_lexicon.make_symbol(name, row, f"emotes.{name}") for name, row in emotes.items()]
        self._added.setdefault(channel, []).extend(rows)
        self._combine(channel)
        return len(emotes)

    def read_files(self, folder: Path) -> None:
        """`<folder>/<channel>.tsv` in the format of the bundled lexicons. Raises `BadInput` that names the file and the line."""
        with contextlib.suppress(FileNotFoundError):
            for file in sorted(folder.iterdir()):
                if file.suffix == ".tsv":
                    try:
                        content = file.read_text(encoding="utf-8")
                    except UnicodeDecodeError as error:
                        raise BadInput(f"{file} must be UTF-8") from error
                    self._files[file.stem] = symbol_lexicon.parse_rows(content, file.name)
                    self._combine(file.stem)

    def _combine(self, channel: str) -> None:
        own = [*self._files.get(channel, ()), *self._added.get(channel, ())]
        self._combined[channel] = symbol_lexicon.lexicon().extended(own)
