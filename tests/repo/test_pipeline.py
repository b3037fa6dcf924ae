"""A changed helper must re-run its stages: dvc.yaml's dependencies cover what each stage imports, its params what it composes."""

import hashlib
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


FROZEN = [name for name, stage in STAGES.items() if stage.get("frozen")]


def test_there_are_these_stages() -> None:
    light = [
        "prepare",
        "train",
        "export",
        "evaluate",
        "export_embedder",
        "finetune_engagement",
        "build_index",
        "report_analytics",
        "package",
    ]
    assert [name for name in STAGES if name not in FROZEN] == light
    assert FROZEN == ["pretrain_entities", "pretrain_text", "pretrain_engagement"]


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
    module, *overrides = STAGES[stage]["cmd"].split()[2:]
    name = module.removeprefix("training.")
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        choices = compose(name, overrides=overrides, return_hydra_config=True).hydra.runtime.choices
    used = {f"conf/{name}.yaml"}
    for group, choice in choices.items():
        kind = group.split("@")[0].lstrip("/")
        if choice is not None and kind not in ("hydra", "tracking") and not kind.startswith("hydra/"):
            used.add(f"conf/{kind}/{choice}.yaml")
    tracked = {next(iter(entry)) for entry in STAGES[stage]["params"]}
    assert used <= tracked
    assert all((ROOT / file).is_file() for file in tracked)


def test_only_released_artefacts_are_pushed() -> None:
    for name, stage in STAGES.items():
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                if name in FROZEN:
                    assert isinstance(out, str)
                    continue
                assert isinstance(out, dict)
                assert next(iter(out.values()))["push"] is False


@pytest.mark.parametrize("stage", FROZEN)
def test_what_is_released_lies_in_the_bundled_remote(stage: str) -> None:
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"][stage]
    remote = ROOT / "data" / "released" / "files" / "md5"
    for out in locked["outs"]:
        assert (remote / out["md5"][:2] / out["md5"][2:]).is_file(), f"dvc push {stage}"
    assert sum(file.stat().st_size for file in remote.rglob("*") if file.is_file()) <= 32 * 2**20


@pytest.mark.parametrize("stage", FROZEN)
def test_a_frozen_stage_whose_code_changed_says_so_in_its_card(stage: str) -> None:
    """A frozen stage never runs by itself: either the record is of the present code, or the card tells what changed since."""
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"][stage]
    changed = [
        dep["path"]
        for dep in locked["deps"]
        if (ROOT / dep["path"]).is_file() and hashlib.md5((ROOT / dep["path"]).read_bytes()).hexdigest() != dep["md5"]  # noqa: S324
    ]
    card = (ROOT / locked["outs"][0]["path"]).with_suffix(".md").read_text()
    assert all(f"`{path}`" in card for path in changed), f"tell in the card what changed since, or `make pretrain`: {changed}"


def test_bytecode_is_not_hashed() -> None:
    assert {"__pycache__/", "*.pyc"} <= set((ROOT / ".dvcignore").read_text().split())
