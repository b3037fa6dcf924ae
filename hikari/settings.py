"""The one place where the process environment is read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hikari.errors import BadInput

_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")

TOPOLOGIES = ("inprocess", "distributed")


@dataclass(frozen=True)
class Settings:
    """What the environment says, as plain values; secrets stay out of `repr`."""

    home: Path
    """Live data: `HIKARI_HOME`, default `.hikari` in the working directory."""
    bundle: Path | None
    """`HIKARI_BUNDLE`: a model bundle to use before any other; served, it may be `models:/<name>@<alias>` (`serving/loading.py`)."""
    data_mirror: Path | None
    """`HIKARI_DATA_MIRROR`: a folder with copies of public data sets, read before the network."""
    api_keys: tuple[str, ...] = field(repr=False)
    """`HIKARI_API_KEYS`: comma separated entries; when set, every data route asks for one of the keys."""
    allowed_origins: tuple[str, ...]
    """`HIKARI_ALLOWED_ORIGINS`: comma separated, as `https://overlay.example`; pages from there may open WebSockets."""
    threads: int | None
    """`HIKARI_THREADS`: threads of the model runtime; default: all processors."""
    redis_url: str | None = field(repr=False)
    """`HIKARI_REDIS_URL`: a Redis that processes share caches and events through; may hold a password."""
    tracking_uri: str | None
    """`MLFLOW_TRACKING_URI`: an MLflow server instead of the local store."""
    names: tuple[str, ...] = ()
    """`HIKARI_NAMES`: comma separated, what the VTuber is called: who says one of these speaks to her."""
    toxicity_thresholds: str | None = None
    """`HIKARI_TOXICITY_THRESHOLDS`: as `toxic=0.7, threat=0.5`; used instead of the model's own (`hikari.sentiment.thresholds` checks)."""
    learn_emotes: bool = True
    """`HIKARI_LEARN_EMOTES`: whether channels' unknown emotes are learned from chat; `on` (default) or `off`."""
    parent_run: str | None = None
    """`HIKARI_PARENT_RUN`: the MLflow run, such as a sweep's, that runs started here belong to."""
    distributed: bool = False
    """`HIKARI_TOPOLOGY`: `distributed` runs each part of the engine in a process of its own, `inprocess` (default) all in one."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; empty variables count as unset. Raises `BadInput` naming a malformed variable."""
        values = os.environ if environment is None else environment

        def folder(name: str) -> Path | None:
            return Path(values[name]).expanduser() if values.get(name) else None

        threads = values.get("HIKARI_THREADS") or None
        if threads is not None and not (threads.isascii() and threads.isdecimal() and 0 < int(threads) <= 1024):
            raise BadInput(f"HIKARI_THREADS must be a whole number from 1 to 1024, got {threads!r}", field="HIKARI_THREADS")
        topology = values.get("HIKARI_TOPOLOGY") or TOPOLOGIES[0]
        if topology not in TOPOLOGIES:
            raise BadInput(f"HIKARI_TOPOLOGY must be {' or '.join(TOPOLOGIES)}", field="HIKARI_TOPOLOGY")

        learn = values.get("HIKARI_LEARN_EMOTES") or "on"
        if learn not in ("on", "off"):
            raise BadInput("HIKARI_LEARN_EMOTES must be on or off", field="HIKARI_LEARN_EMOTES")

        def listed(name: str) -> tuple[str, ...]:
            return tuple(item for part in values.get(name, "").split(",") if (item := part.strip()))

        origins = tuple(origin.lower().rstrip("/") for origin in listed("HIKARI_ALLOWED_ORIGINS"))
        for origin in origins:
            if _ORIGIN.fullmatch(origin) is None:
                raise BadInput(
                    f"HIKARI_ALLOWED_ORIGINS must hold origins such as https://overlay.example, got {origin!r}",
                    field="HIKARI_ALLOWED_ORIGINS",
                )
        return cls(
            home=folder("HIKARI_HOME") or Path(".hikari"),
            bundle=folder("HIKARI_BUNDLE"),
            data_mirror=folder("HIKARI_DATA_MIRROR"),
            api_keys=listed("HIKARI_API_KEYS"),
            allowed_origins=origins,
            threads=int(threads) if threads else None,
            redis_url=values.get("HIKARI_REDIS_URL") or None,
            tracking_uri=values.get("MLFLOW_TRACKING_URI") or None,
            names=listed("HIKARI_NAMES"),
            toxicity_thresholds=values.get("HIKARI_TOXICITY_THRESHOLDS") or None,
            learn_emotes=learn == "on",
            parent_run=values.get("HIKARI_PARENT_RUN") or None,
            distributed=topology == TOPOLOGIES[1],
        )
