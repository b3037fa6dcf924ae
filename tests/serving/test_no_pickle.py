"""Nothing that comes from a disk or a wire is unpickled: not by our code, and not by the doors that BentoML leaves open.

`tests/e2e/test_security.py` sends pickles to every route of a real process.
"""

import ast
import pickle  # noqa: TID251 - to make what must be refused
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.runners import RUNNERS, Msgpack

ROOT = Path(__file__).parents[2]
UNPICKLERS = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
CALLS = {"read_pickle", "load_pickle", "unpickle", "loads_pickle"}
SOURCES = [path for part in ("hikari", "serving") for path in sorted((ROOT / part).rglob("*.py"))]


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def test_no_module_imports_an_unpickler() -> None:
    assert len(SOURCES) > 100
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        assert imported(tree) & UNPICKLERS == set(), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in CALLS, path
            if isinstance(node, ast.Call):
                told = {word.arg: word.value for word in node.keywords}
                if (
                    isinstance(node.func, ast.Attribute)
                    and node.func.attr == "load"
                    and ast.unparse(node.func.value) in ("np", "numpy")
                ):
                    assert ast.unparse(told["allow_pickle"]) == "False", path
                assert "allow_pickle" not in told or ast.unparse(told["allow_pickle"]) == "False", path


class _Boom:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_runners_unpickle_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(runner.middlewares[0][0] is Msgpack for runner in RUNNERS), "before anything of BentoML's reads a body"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    runner, trap = (
        RUNNERS[0],
        tmp_path / "unpickled",
    )  # one is enough: a second app in this process would register its figures twice
    client = TestClient(runner.to_asgi(is_main=False))
    kinds = ("application/vnd.bentoml+pickle", "application/octet-stream", "application/json", "", "application/msgpack;x")
    for route in [api.route for api in runner.apis.values()]:
        for kind in kinds:
            headers = {"Content-Type": kind, "Runner-Name": runner.name, "Payload-Container": "PickleContainer"}
            answer = client.post(route, content=pickle.dumps(_Boom(trap)), headers=headers)
            assert answer.status_code == 415
            assert answer.json()["error"]["code"] == "bad_input"
    assert not trap.exists()
