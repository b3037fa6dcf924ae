"""The audit: a planted corpus of which every fault is known, and a report that quotes nobody."""

import json
import random

from msgspec.structs import replace

from hikari.memory.audit import CLOCK_SLACK_S, JUNK, MAX_EXAMPLES, MAX_USERS, NAMES, audit
from hikari.memory.records import Memory
from tests.hikari.memory.pairs import COPYPASTA, DIFFERENT, SAME

NOW = 10_000.0


def memory(identifier: str, content: str, user: str | None = "mika", **changes: object) -> Memory:
    base = Memory(
        seq=0, id=identifier, channel="a", content=content, memory_type="fact", tier="short_term", user=user, timestamp=1.0
    )
    return replace(base, **changes)  # type: ignore[arg-type]


PLANTED: dict[str, list[Memory]] = {
    "exact_duplicate": [memory("e2", "I love TEA!!!", timestamp=3.0), memory("e3", "i love tea", timestamp=4.0)],
    "near_duplicate": [memory("n2", "omg i really have 2 dogs", timestamp=5.0)],
    "copypasta": [memory(f"c{user}", COPYPASTA, user, timestamp=6.0 + number) for number, user in enumerate("wxyz")][1:],
    "bot": [memory("b1", "follow us on all the channels", "nightbot")],
    "command": [memory("o1", "!discord")],
    "echo": [memory("h1", "today we build the tower", timestamp=20.0)],
    "expired": [memory("x1", "the stream ends at noon", expires_at=NOW)],
    "oversized": [memory("s1", "la di da " * 300)],
    "no_user": [memory("u1", "somebody likes rain", None)],
    "future": [memory("f1", "i come from tomorrow", timestamp=NOW + CLOCK_SLACK_S + 1)],
    "empty": [memory("m1", "  ", timestamp=0.5)],
    "personal_email": [memory("p1", "write to rin@example.com", "rin")],
    "personal_card": [memory("p2", "4242 4242 4242 4242", "rin")],
    "personal_ip": [memory("p3", "the server is 203.0.113.7", "rin")],
    "personal_phone": [memory("p4", "call 212-555-0187", "rin")],
    "personal_address": [memory("p5", "i live at 12 Oak Lane", "rin")],
}
CLEAN = [
    memory("e1", "i love tea", timestamp=2.0),
    memory("n1", "i have two dogs", timestamp=2.0, tier="long_term"),
    memory("cw", COPYPASTA, "w", timestamp=6.0),
    memory("v1", "Hello! Today we build the tower.", None, metadata={"source": "vtuber"}, timestamp=10.0),
    memory("other", "i love tea", "rin", timestamp=2.5),
    memory("before", "today we build the tower", "lena", timestamp=9.0, expires_at=NOW + 1),
    memory("sys", "a summary", None, metadata={"source": "system"}, memory_type="episode"),
]


def test_every_planted_fault_is_found_and_nothing_else() -> None:
    rows = [*CLEAN, *(row for group in PLANTED.values() for row in group)]
    random.Random(3).shuffle(rows)
    report = audit(iter(rows), NOW)
    assert {name: sorted(finding.examples) for name, finding in report.findings.items()} == {
        name: sorted(row.id for row in group) for name, group in PLANTED.items()
    }
    assert report.records == len(rows)
    assert report.junk == sum(len(PLANTED[name]) for name in JUNK)
    assert report.junk_share == report.junk / len(rows)


def test_counts_by_tier_type_source_and_user() -> None:
    report = audit(CLEAN, NOW)
    assert report.tiers == {"long_term": 1, "short_term": 6}
    assert report.types == {"episode": 1, "fact": 6}
    assert report.sources == {"system": 1, "viewer": 5, "vtuber": 1}
    assert (report.users, report.top_users) == (4, {"mika": 2, "lena": 1, "rin": 1, "w": 1})


def test_the_report_quotes_no_text() -> None:
    rows = [*CLEAN, *(row for group in PLANTED.values() for row in group)]
    printed = json.dumps(audit(rows, NOW).as_dict())
    assert not any(row.content in printed for row in rows if len(row.content) > 3 and row.content.strip())
    assert "example.com" not in printed


def test_an_empty_store_and_names() -> None:
    report = audit([], NOW)
    assert (report.records, report.junk, report.junk_share) == (0, 0, 0.0)
    assert tuple(report.findings) == NAMES
    assert set(JUNK) <= set(NAMES)


def test_examples_and_users_are_bounded() -> None:
    rows = [memory(f"id{number}", "i love tea", f"user {number % 50}", timestamp=float(number)) for number in range(200)]
    report = audit(rows, NOW)
    assert report.findings["exact_duplicate"].count == 150
    assert len(report.findings["exact_duplicate"].examples) == MAX_EXAMPLES
    assert (report.users, len(report.top_users)) == (50, MAX_USERS)


def test_pairs_of_duplicates_are_found_with_the_precision_of_the_comparison() -> None:
    same = [
        memory(f"s{number}{place}", text, f"s{number}", timestamp=float(place))
        for number, pair in enumerate(SAME)
        for place, text in enumerate(pair)
    ]
    other = [
        memory(f"d{number}{place}", text, f"d{number}", timestamp=float(place))
        for number, pair in enumerate(DIFFERENT)
        for place, text in enumerate(pair)
    ]
    report = audit([*same, *other], NOW, pasting_users=1000)
    found = report.findings["exact_duplicate"].count + report.findings["near_duplicate"].count
    assert found == len(SAME)
    assert all(
        example.startswith("s") for name in ("exact_duplicate", "near_duplicate") for example in report.findings[name].examples
    )
