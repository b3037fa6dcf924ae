"""Entry point: the bundle into MLflow's registry; it becomes `champion`, which is what is served, when it passes the gate.

    python -m training.register                       # the newest version is always `challenger`; exit code 1 when the gate fails
    python -m training.register action=show
    python -m training.register action=rollback       # again: one champion further back
    python -m training.register action=promote version=N [force=true "reason='why'"]

The gate is `conf/register.yaml`; every reason against a bundle is listed and kept with its version. Prints what happened as one JSON
object on the last line.
"""

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hikari.bundle import Bundle, open_bundle
from hikari.errors import HikariError, NotReady
from training import entry, gate, repro, tracking
from training.gate import Measured
from training.register_schema import RegisterConfig
from training.registry import CHALLENGER, CHAMPION, Registry, RegistryError, Version, identity

GATE_FAILED, REFUSED = 1, 2
"""Exit codes."""
Outcome = dict[str, Any]


def register(config: RegisterConfig, registry: Registry) -> Outcome:
    """Ask the gate, add the version with its answer, move the champion if it passed; a bundle that is there already stays as it is."""
    bundle, figures = open_bundle(Path(config.bundle)), _read(Path(config.metrics))
    with registry.lock():
        same = [version for version in registry.versions() if identity(bundle).items() <= version.tags.items()]
        if same:
            _say(
                f"version {same[0].number} is this very bundle (gate: {same[0].tags.get('gate')}); nothing was registered. "
                f"`action=promote version={same[0].number}` asks the gate again"
            )
            return {"version": same[0].number, "new": False, **_standing(registry)}
        reasons, measured, champion = _judge(config, registry, bundle, figures)
        tags = {**_verdict(reasons, measured, champion), **identity(bundle), **_origin()}
        about = {**_origin(), "registered.as": config.name, **_trained(config, bundle)}
        version = registry.add(bundle, Path(config.metrics), tags, about)
        if not reasons:
            _crown(registry, version, {"promoted.because": "the gate passed"})
        return {"version": version.number, "new": True, **_answer(reasons, measured), **_standing(registry)}


def promote(config: RegisterConfig, registry: Registry) -> Outcome:
    """Make an older version the champion if it passes today's gate, or whatever the gate says when forced."""
    with registry.lock():
        version = registry.version(config.version or 0)
        if registry.aliases().get(CHAMPION) == version.number:
            _say(f"version {version.number} is the champion already")
            return {"version": version.number, **_standing(registry)}
        if config.force:
            with registry.fetched(version):  # whole and unchanged, whatever it answers
                pass
            _crown(registry, version, {"promoted.because": str(config.reason), "promoted.forced": "true"})
            return {"version": version.number, "forced": True, "reason": config.reason, **_standing(registry)}
        with registry.fetched(version) as (bundle, figures):
            reasons, measured, champion = _judge(config, registry, bundle, figures)
        registry.tag(version, _verdict(reasons, measured, champion))
        if not reasons:
            _crown(registry, version, {"promoted.because": config.reason or "the gate passed"})
        return {"version": version.number, **_answer(reasons, measured), **_standing(registry)}


def rollback(config: RegisterConfig, registry: Registry) -> Outcome:
    """Make the champion before this one champion again; nothing is measured."""
    with registry.lock():
        before, now = registry.rollback()
        if before is not None:
            registry.tag(before, {"rolled.back": config.reason or "action=rollback"})
        _say(f"champion: version {now.number}, before: {'none' if before is None else f'version {before.number}'}")
        return {"version": now.number, "before": None if before is None else before.number, **_standing(registry)}


def show(config: RegisterConfig, registry: Registry) -> Outcome:
    """All versions, with their aliases and what the gate said."""
    aliases = registry.aliases()
    rows = [
        _row(version, [alias for alias, number in aliases.items() if number == version.number]) for version in registry.versions()
    ]
    head = {name: name for name in ("version", "aliases", "gate", "fingerprint", "commit", "reasons")}
    table = [[_cell(row[name]) for name in head] for row in [head, *rows]]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        _say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return {"name": config.name, **_standing(registry), "versions": rows}


ACTIONS = {"register": register, "promote": promote, "rollback": rollback, "show": show}


def run(config: RegisterConfig) -> Outcome:
    """What the configuration asks for. Raises `RegistryError`, and `HikariError` when a bundle is missing or damaged."""
    return ACTIONS[config.action](config, Registry(config.tracking, config.name))


def _judge(
    config: RegisterConfig, registry: Registry, bundle: Bundle, figures: Mapping[str, Any]
) -> tuple[list[str], Measured, Version | None]:
    if not (Path(config.processed) / "test.parquet").is_file():
        raise RegistryError(f"no test split at {config.processed}/test.parquet; `make pipeline` prepares one")
    version = registry.champion()
    with _opened(registry, version) as champion:
        measured = gate.measure(config, bundle, champion)
    return gate.reasons(config, bundle, figures, measured), measured, version


@contextmanager
def _opened(registry: Registry, champion: Version | None) -> Generator[Bundle | HikariError | None]:
    """The champion's bundle while the block lasts, or why it cannot be had: then nothing can be compared, and the gate says so."""
    with ExitStack() as stack:
        found: Bundle | HikariError | None = None
        if champion is not None:
            try:
                found, _ = stack.enter_context(registry.fetched(champion))
            except HikariError as error:
                found = error
        yield found


def _crown(registry: Registry, version: Version, tags: Mapping[str, str]) -> None:
    registry.tag(version, {"promoted.forced": "false", "rolled.back": "", **tags})
    registry.crown(version)


def _verdict(reasons: Sequence[str], measured: Measured, champion: Version | None) -> dict[str, str]:
    return {
        "gate": "failed" if reasons else "passed",
        "gate.reasons": json.dumps(list(reasons), ensure_ascii=False),
        "gate.champion": "none" if champion is None else str(champion.number),
        **{f"quality.{task}": f"{value:.4f}" for task, value in measured.quality.items()},
        "latency.p50_ms": f"{measured.latency.p50_ms:.3f}",
        "latency.p95_ms": f"{measured.latency.p95_ms:.3f}",
    }


def _answer(reasons: Sequence[str], measured: Measured) -> Outcome:
    for reason in reasons:
        _say(f"gate: {reason}")
    return {"gate": "failed" if reasons else "passed", "reasons": list(reasons), "measured": asdict(measured)}


def _standing(registry: Registry) -> Outcome:
    aliases = registry.aliases()
    return {CHAMPION: aliases.get(CHAMPION), CHALLENGER: aliases.get(CHALLENGER), "history": registry.history()}


def _origin() -> dict[str, str]:
    locks = {key: value for key, value in repro.environment().items() if key.startswith("sha256.")}
    return {**repro.git_state(), **locks}


def _trained(config: RegisterConfig, bundle: Bundle) -> dict[str, str]:
    weights = bundle.manifest.get("parents", {}).get("weights")
    found = tracking.resume(config.tracking, "weights", str(weights)).run_id if weights else None
    return {} if found is None else {"training.run": found}


def _row(version: Version, aliases: Sequence[str]) -> Outcome:
    tags = version.tags
    try:
        reasons = json.loads(tags.get("gate.reasons", "[]"))
    except ValueError:  # cut at the store's limit
        reasons = [tags["gate.reasons"]]
    return {
        "version": version.number, "aliases": sorted(aliases), "gate": tags.get("gate"), "fingerprint": version.fingerprint[:12],
        "commit": tags.get("git.commit", "")[:12], "reasons": reasons,
        "promoted": tags.get("promoted.because"), "forced": tags.get("promoted.forced") == "true",
        "rolled_back": tags.get("rolled.back") or None,
        "quality": {key.removeprefix("quality."): float(value) for key, value in tags.items() if key.startswith("quality.")},
    }  # fmt: skip


def _cell(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value if value not in (None, "") else "-")


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReady(f"no metrics at {file}; `python -m training.evaluate` writes them") from error
    except ValueError as error:
        raise NotReady(f"{file} is not valid JSON; `python -m training.evaluate` writes it anew") from error
    if not isinstance(content, dict):
        raise NotReady(f"{file} must hold a JSON object; `python -m training.evaluate` writes it anew")
    return content


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _work(config: RegisterConfig) -> None:
    try:
        outcome = run(config)
    except (RegistryError, HikariError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(REFUSED) from None
    print(json.dumps(outcome))
    if outcome.get("gate") == "failed":
        raise SystemExit(GATE_FAILED)


def main() -> None:
    """`python -m training.register`"""
    entry.run("register", RegisterConfig, _work)


if __name__ == "__main__":
    main()
