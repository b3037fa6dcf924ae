"""The Bento installs exactly what the extra `serve` needs, down to the last indirect package, at the pinned versions."""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _closure(requirements: list[str]) -> set[str]:
    """Names of all packages that the requirements pull in, as installed here."""
    seen: dict[str, set[str]] = {}
    waiting = [Requirement(requirement) for requirement in requirements]
    while waiting:
        current = waiting.pop()
        name, extras = _normal(current.name), set(current.extras)
        if name in seen and extras <= seen[name]:
            continue
        seen[name] = seen.get(name, set()) | extras
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            # As on the newest patch release, which the image has: some packages bring backports to older ones.
            here = {"python_full_version": f"{sys.version_info[0]}.{sys.version_info[1]}.99"}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra, **here}) for extra in {"", *seen[name]}):
                waiting.append(needed)
    return set(seen)


def test_the_requirements_are_the_pinned_closure_of_serving() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = _closure([*project["dependencies"], *project["optional-dependencies"]["serve"], "onnxruntime", "faiss-cpu"])
    pins = {_normal(line.split("==")[0]): line for line in (ROOT / "constraints.txt").read_text().split()}
    expected = [pins[name] for name in sorted(wanted)]
    assert (ROOT / "serving/requirements.txt").read_text().split() == expected, "\n".join(["write this:", *expected])


def test_serving_installs_no_training_stack() -> None:
    names = {_normal(line.split("==")[0]) for line in (ROOT / "serving/requirements.txt").read_text().split()}
    assert not names & {"torch", "transformers", "lightning", "mlflow", "dvc", "hydra-core"}
