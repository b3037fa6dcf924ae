"""What `hikari memory` prints for people: short lines, in the order in which one asks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hikari.fields import clean_characters

MAX_CHANNELS = 20
Report = Mapping[str, Any]


def imported(outcome: Report) -> str:
    """Of an import: counts, and the first rows that were not stored."""
    lines = [f"{outcome['stored']} memories stored, {outcome['failed']} not stored"]
    for row in outcome["errors"]:
        place = f"line {row['line']}" if "line" in row else str(row.get("id"))
        lines.append(f"  {_plain(place)}: {row['error']['message']}")
    return _text(lines)


def found(memories: Sequence[Report]) -> str:
    """Of a search: the memories, best first."""
    lines: list[str] = []
    for number, memory in enumerate(memories, start=1):
        lines.append(f"{number:3}  {memory['score']:.3f}  {_plain(memory['content'])}")
        about = [_plain(str(memory["metadata"]["user"]))] if "user" in memory["metadata"] else []
        about += [memory["memory_type"], _when(memory["timestamp"]), f"id {_plain(memory['id'])}"]
        about += [] if memory["current"] else ["superseded"]
        lines.append(f"            {', '.join(about)}")
        if "explain" in memory:
            lines.append("            " + "  ".join(f"{name} {value:.3f}" for name, value in memory["explain"].items()))
    return _text(lines or ["nothing found"])


def audit(report: Report) -> str:
    """Of an audit: how much is junk, and each finding with the ids of its first records."""
    lines = [
        f"{report['records']} memories of {report['users']} viewers, {report['junk']} of them junk ({report['junk_share']:.1%})"
    ]
    lines += [_counts("tiers", report["tiers"]), _counts("types", report["types"]), _counts("sources", report["sources"])]
    findings: Mapping[str, Report] = report["findings"]
    for name, finding in findings.items():
        if finding["count"]:
            shown = ", ".join(_plain(str(identifier)) for identifier in finding["examples"])
            more = ", ..." if finding["count"] > len(finding["examples"]) else ""
            lines.append(f"{name.replace('_', ' '):18} {finding['count']:7}  {shown}{more}")
    if not any(finding["count"] for finding in findings.values()):
        lines.append("nothing was found")
    return _text(lines)


def stats(facts: Report) -> str:
    """Of the statistics: what is stored, where, and by which encoder."""
    lines = [
        f"{facts['memories']} memories in {len(facts['channels'])} channels, {facts['store_bytes'] / 2**20:.1f} MiB",
        _counts("tiers", facts["tiers"]),
        _counts("channels", _largest(facts["channels"])),
        f"encoder    {facts['encoder']['fingerprint'][:12]}, {facts['encoder']['dimension']} dimensions",
    ]
    knowledge = facts["knowledge"]
    lines.append(f"knowledge  {'none' if knowledge is None else '{count} facts'.format_map(knowledge)}")
    return _text([*lines, *(f"note       {note}" for note in facts["notes"])])


def forgotten(report: Report) -> str:
    """Of a removal: what went."""
    counts = ", ".join(f"{count} {name}" for name, count in report.items() if isinstance(count, int))
    return _text([f"removed: {counts}"])


def _counts(name: str, counts: Mapping[str, int]) -> str:
    return f"{name:10} {', '.join(f'{key} {count}' for key, count in counts.items()) or 'none'}"


def _largest(channels: Mapping[str, int]) -> dict[str, int]:
    """The largest channels, and the rest as one."""
    ordered = sorted(channels.items(), key=lambda row: (-row[1], row[0]))
    shown = {_plain(name): count for name, count in ordered[:MAX_CHANNELS]}
    rest = ordered[MAX_CHANNELS:]
    return {**shown, f"{len(rest)} others": sum(count for _, count in rest)} if rest else shown


def _plain(text: str) -> str:
    # What viewers write must not steer the terminal.
    return clean_characters(text)


def _when(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f} s"


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
