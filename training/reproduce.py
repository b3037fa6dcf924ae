"""What `make run` does before it serves: bring the pipeline up to date without touching the record.

Floating-point results differ a little between machines, so a light stage that runs here may give other bytes than those in
the committed `dvc.lock` and metrics. Those files are the record of what was released; only `make pipeline` may change them.
Here the pipeline runs against this machine's own copies, kept in `.dvc/tmp/local-record`, and the committed files come back
afterwards.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

RECORD = (
    "dvc.lock",
    *(f"data/evaluation/{name}" for name in ("metrics.json", "model_card.md", "engagement.json")),
)
LOCAL = Path(".dvc/tmp/local-record")


@contextmanager
def local_record(root: Path) -> Generator[None]:
    """Swap this machine's record in; afterwards keep it aside and put the committed one back, also after an error.

    A local record made beside another committed `dvc.lock` is stale and not used. A crash in between is undone by the next call.
    """
    local, saved = root / LOCAL, root / LOCAL / "committed"
    if saved.is_dir():
        _copy(saved, root)
        shutil.rmtree(saved)
    stamp, origin = local / "made-for", _digest(root / "dvc.lock")
    fresh = stamp.is_file() and stamp.read_text() == origin
    staging = root / LOCAL / "committed.new"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    _copy(root, staging)
    staging.rename(saved)
    try:
        if fresh:
            _copy(local / "mine", root)
        yield
        shutil.rmtree(local / "mine", ignore_errors=True)
        (local / "mine").mkdir()
        _copy(root, local / "mine")
        stamp.write_text(origin)
    finally:
        _copy(saved, root)
        shutil.rmtree(saved)


def _copy(source: Path, target: Path) -> None:
    """Make the record files in `target` those of `source`; a file that `source` lacks goes."""
    for name in RECORD:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "none"


def main() -> None:
    """`python -m training.reproduce`"""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with local_record(Path.cwd()):
        done = subprocess.run([sys.executable, "-m", "dvc", "repro", "--pull"], check=False, env=environment)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
