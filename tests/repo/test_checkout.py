"""Promises of the checkout itself: one place for the environment, exclusive runtimes, a truthful README, nothing private."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("hikari", "training", "serving")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _sources() -> list[Path]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    assert len(files) > 40
    return files


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def test_the_environment_is_read_in_one_place() -> None:
    readers = set()
    for file in _sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                readers.add(str(file.relative_to(ROOT)))
    # The others only hand the environment on to a child process, or set a variable that a library reads.
    assert readers == {
        "hikari/settings.py",
        "serving/loading.py",
        "training/entry.py",
        "training/package.py",
        "training/parent_run.py",
        "training/repro.py",
        "training/reproduce.py",
    }


def test_nothing_is_unpickled() -> None:
    for file in _sources():
        source = file.read_text()
        assert not re.search(r"^\s*(import|from) (pickle|joblib|dill|cloudpickle)", source, re.MULTILINE), file
        assert "weights_only=False" not in source, file


@pytest.mark.parametrize(("one", "other"), [("faiss-cpu", "faiss-gpu"), ("onnxruntime", "onnxruntime-gpu")])
def test_cpu_and_gpu_runtimes_exclude_each_other(one: str, other: str) -> None:
    installed = {distribution.metadata["Name"].lower() for distribution in importlib.metadata.distributions()}
    assert not {one, other} <= installed, f"{one} and {other} own the same module: uninstall one of them"
    assert {one, other} & installed, f"install the extra `cpu` ({one}) or `gpu` ({other})"


def test_every_direct_dependency_has_a_lower_bound_and_a_pin() -> None:
    pins = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    wanted = [*PROJECT["dependencies"], *(d for extra in PROJECT["optional-dependencies"].values() for d in extra)]
    for requirement in wanted:
        assert ">=" in requirement, requirement
        name = re.split(r"[>=<\[]", requirement)[0].lower()
        if not name.endswith("-gpu"):
            assert name in pins, f"{name} is not in constraints.txt"


def test_constraints_hold_pins_only() -> None:
    for line in (ROOT / "constraints.txt").read_text().split():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line), line


def test_importing_the_engine_is_light() -> None:
    code = "import sys, hikari; print([m for m in ('torch', 'onnxruntime', 'transformers', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_serving_loads_no_training_stack() -> None:
    code = (
        "import sys, serving.service\n"
        "heavy = ('torch', 'transformers', 'lightning', 'hydra', 'dvc', 'mlflow', 'sklearn', 'pandas')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_names_a_machine_path_or_a_registry_host() -> None:
    pattern = re.compile(
        rb"(/home/[a-z]|/root/|(?<![\w.])/work/[a-z]|/opt/wheels|(?<![\w.])/tmp/[a-z]|pypi\.org|pythonhosted|registry\.npmjs)"
    )
    allowed = {"tests/repo/test_checkout.py"}
    for name in _tracked():
        path = ROOT / name
        if name not in allowed and path.is_file() and path.stat().st_size < 1_000_000:
            assert not pattern.search(path.read_bytes()), name


def test_nothing_large_or_private_is_tracked() -> None:
    for name in _tracked():
        path = ROOT / name
        assert not Path(name).name.startswith(".env"), name
        if path.is_file() and not name.startswith("data/released/"):
            assert path.stat().st_size < 3_000_000, name


def test_the_readme_names_every_python_file_folder_and_real_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    for target in re.findall(r"`make ([a-z-]+)`", readme):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
    modules = set(re.findall(r"python -m ((?:training|serving)\.[a-z_]+)", readme))
    assert modules
    for module in modules:
        assert (ROOT / Path(*module.split("."))).with_suffix(".py").is_file(), module
    for file in _sources():
        if file.name != "__init__.py":
            assert re.search(rf"\b{re.escape(file.name)}\b", readme), f"README's file tree lacks {file.relative_to(ROOT)}"


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    done = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"make ([a-z-]+)", done.stdout))
    assert set(phony[1].split()) - {"check-machine"} == shown
