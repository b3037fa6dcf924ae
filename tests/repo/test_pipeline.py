"""A changed helper must re-run its stages: dvc.yaml's dependencies cover what each stage imports, its params what it composes."""

from pathlib import Path

import grimp
import pytest
import yaml

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("hikari", "training", cache_dir=None)


def _file(module: str) -> str:
    path = Path(*module.split("."))
    return str(path / "__init__.py") if (ROOT / path).is_dir() else str(path.with_suffix(".py"))


def _covered(file: str, dependencies: list[str]) -> bool:
    return any(file == dependency or file.startswith(f"{dependency}/") for dependency in dependencies)


def test_there_are_the_five_stages() -> None:
    assert list(STAGES) == ["prepare", "train", "export", "evaluate", "package"]


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_cover_all_first_party_imports(stage: str, imports: grimp.ImportGraph) -> None:
    module = STAGES[stage]["cmd"].split()[2]
    needed = {module, *imports.find_upstream_modules(module)}
    packages = {".".join(name.split(".")[:n]) for name in needed for n in range(1, name.count(".") + 1)}
    missing = sorted(_file(name) for name in needed | packages if not _covered(_file(name), STAGES[stage]["deps"]))
    assert missing == []


def test_a_missing_dependency_would_be_seen(imports: grimp.ImportGraph) -> None:
    needed = {_file(name) for name in imports.find_upstream_modules("training.train")}
    short = [dependency for dependency in STAGES["train"]["deps"] if dependency != "training/losses.py"]
    assert [file for file in needed if not _covered(file, short)] == ["training/losses.py"]


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_exist(stage: str) -> None:
    made = [
        out if isinstance(out, str) else next(iter(out))
        for s in STAGES.values()
        for out in s.get("outs", []) + s.get("metrics", [])
    ]
    absent = [d for d in STAGES[stage]["deps"] if not (ROOT / d).exists() and d not in made]
    assert absent == []


@pytest.mark.parametrize("stage", STAGES)
def test_every_composed_file_is_a_parameter(stage: str) -> None:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    name = STAGES[stage]["cmd"].split()[2].removeprefix("training.")
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        choices = compose(name, return_hydra_config=True).hydra.runtime.choices
    used = {f"conf/{name}.yaml"}
    for group, choice in choices.items():
        if choice is not None and group not in ("hydra", "tracking") and not group.startswith("hydra/"):
            used.add(f"conf/{group}/{choice}.yaml")
    tracked = {next(iter(entry)) for entry in STAGES[stage]["params"]}
    assert used <= tracked
    assert all((ROOT / file).is_file() for file in tracked)


def test_only_released_artefacts_are_pushed() -> None:
    for stage in STAGES.values():
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                assert isinstance(out, dict)
                assert next(iter(out.values()))["push"] is False


def test_bytecode_is_not_hashed() -> None:
    assert {"__pycache__/", "*.pyc"} <= set((ROOT / ".dvcignore").read_text().split())
