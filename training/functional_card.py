"""What the model card says of the functional suites and of the swaps."""

from collections.abc import Mapping
from typing import Any

from training import bias
from training.functional import KINDS, Table, failing, figures

WORST = 10
"""So many of the terms and of the names whose verdicts change most have their row."""


def suites(judged: Table) -> str:
    """The section on the suites, from `functional.judge`: a row a capability, with the numbers of its failing cases."""
    found, failed = figures(judged), failing(judged)
    lines = [
        "## Functional suites (CheckList style; `data/functional`, never trained on)",
        "",
        f"{found['cases']} cases, {found['pass_rate']:.1%} passed: "
        + ", ".join(f"{kind} {row['pass_rate']:.1%} of {row['cases']}" for kind, row in _ordered(found["kinds"]).items())
        + ". mft: the decision is an allowed one; inv: a change that means nothing changes no decision; dir: a change moves a score "
        "the right way. Failing cases by number: `<capability>-<number>` is the id.",
        "",
        "| capability | cases | passed | mft | inv | dir | failing |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in found["capabilities"].items():
        rates = " | ".join(f"{row[kind]:.0%}" if kind in row else "" for kind in KINDS)
        numbers = " ".join(case.rpartition("-")[2] for case in failed.get(name, []))
        lines.append(f"| {name} | {row['cases']} | {row['pass_rate']:.0%} | {rates} | {numbers} |")
    return "\n".join(lines)


def swaps(judged: Table) -> str:
    """The section on the swaps, from `bias.judge`: overall, the worst terms and names, and the groups of terms."""
    found = bias.figures(judged)
    lines = [
        "## Bias: identity terms and names swapped in the same message (`data/bias`)",
        "",
        "A verdict is the sentiment's side and toxic or not; it counts as changed where it differs from that of most terms in the same "
        "template. Spread: the largest distance of a toxicity score from the template's median.",
        "",
        _HEAD.format("swapped"),
        _RULE,
        *(_row(f"all {row['swapped']} {slot}, {row['templates']} templates", row, None) for slot, row in found.items()),
    ]
    for slot, rows in judged.groupby("slot"):
        table = bias.per_filler(rows)
        lines += ["", _HEAD.format(f"worst {slot}s"), _RULE]
        lines += [_row(str(row["name"]), row, row["spread"]) for row in table.head(WORST).to_dict("records")]
    lines += ["", _HEAD.format("groups of terms"), _RULE]
    lines += [_row(name, row, row["spread"]) for name, row in found["terms"]["groups"].items()]
    return "\n".join(lines)


_HEAD = "| {} | harmless called toxic | hostile missed | verdict changed | toxicity changed | sentiment changed | spread |"
_RULE = "|---|---|---|---|---|---|---|"


def _row(name: str, row: Mapping[Any, Any], spread: float | None) -> str:
    rates = " | ".join(f"{row[key]:.1%}" for key in bias.RATES)
    return f"| {name} | {rates} | {'' if spread is None else f'{spread:.2f}'} |"


def _ordered(kinds: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: kinds[kind] for kind in KINDS if kind in kinds}
