"""Makes the golden replay anew: `python -m tests.hikari.stream.make_golden`. Only where what it should say has changed.

`bundle/` is a text model of two layers that was trained on ten sentences, in fp32, and `stream.jsonl` six minutes of a simulated stream.
"""

import asyncio
import shutil
import tempfile
from pathlib import Path

from hikari.analytics.simulate_command import write_streams
from hikari.analytics.simulator_config import SimulationConfig
from tests import tiny
from tests.hikari.stream.golden_replay import GOLDEN, replayed, skeleton


def main() -> None:
    """Write stream, bundle and what is expected into `golden/`."""
    if not (GOLDEN / "bundle").is_dir():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tiny.make_encoder(folder / "encoder")
            tiny.make_processed(folder / "processed")
            tiny.make_checkpoint(folder / "encoder", folder / "processed", folder / "checkpoint")
            tiny.make_bundle(folder / "checkpoint", folder / "processed", folder / "bundle")
            shutil.copytree(folder / "bundle", GOLDEN / "bundle")
    if not (GOLDEN / "stream.jsonl").is_file():
        config = SimulationConfig(profile="typical", hours=0.1, rate=60.0, viewers=150)
        write_streams(config, 1, 11, GOLDEN / "stream.jsonl", None, lambda _: None)
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "out"
        asyncio.run(replayed(made))
        (GOLDEN / "events.tsv").write_text("\n".join(skeleton(made / "events.jsonl")) + "\n", encoding="utf-8")
        shutil.copy(made / "metrics.csv", GOLDEN)


if __name__ == "__main__":
    main()
