"""Entry point: the calibration that released weights carry, fitted anew on what they become after the light fine-tuning.

    HIKARI_DATA_MIRROR=FOLDER python -m training.recalibrate

The light stage `train` moves the weights, and a fresh clone has no public dev sets to fit thresholds on; so they are fitted here, once, and
travel with the release. Run it after `training.train`, then `dvc commit -f pretrain_text`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikari import atomic
from hikari.sentiment.labels import tasks_from_json
from training import calibrate_public, entry, public_corpus, text_release
from training.data import tokenise
from training.export import other_members
from training.network import load_network
from training.onnx_export import torch_logits
from training.public_data import PublicDataError, PublicSetConfig
from training.public_tables import tables
from training.schema import Name, closed


@closed
@dataclass(frozen=True)
class RecalibrateConfig:
    release: Name
    checkpoint: Name
    sets: dict[str, PublicSetConfig]
    corpus: Name
    cache: Name


def recalibrate(config: RecalibrateConfig) -> dict[str, Any]:
    """Write the calibration of `checkpoint` into the release it started from; returns it. Raises `PublicDataError`."""
    checkpoint, release = Path(config.checkpoint), Path(config.release)
    facts = json.loads((checkpoint / "tasks.json").read_text())
    network = load_network(checkpoint, tasks_from_json(facts))
    frames, _ = tables(config.sets, Path(config.corpus), Path(config.cache))
    dev = public_corpus.without_tests(frames["dev"])
    rows = tokenise(dev, checkpoint / "tokenizer.json", network.tasks, facts["max_tokens"], network.pad_id)
    calibration = calibrate_public.fit(dev, torch_logits(network, rows.ids), *other_members(dev["text"].tolist())).to_json()
    known = {**text_release.facts(release), "calibration": calibration}
    atomic.write_file(release / "tasks.json", text_release.to_bytes(known))
    return calibration


def _run(config: RecalibrateConfig) -> None:
    try:
        print(json.dumps(recalibrate(config)))
    except PublicDataError as error:
        raise SystemExit(str(error)) from None


def main() -> None:
    """`python -m training.recalibrate`"""
    entry.run("recalibrate", RecalibrateConfig, _run)


if __name__ == "__main__":
    main()
