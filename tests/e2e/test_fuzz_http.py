"""Fuzzing of the HTTP routes of a real process from their own document: no 5xx, one error shape, not a word of a body in the log.

The fast run tries a few bodies a route; `pytest -m slow` also walks the edges of every schema and tries many more.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.engine import events, from_schema

from serving.needs import NEEDS
from tests.e2e.keyed import OPERATOR, bearer
from tests.e2e.process import Served

SEED = 20_270_115
LONG = 12
"""Strings from this length on are no word that a log would hold anyway."""
PROVIDED = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
said: set[str] = set()


def strings(value: Any) -> Iterator[str]:
    """Every string in a body, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


@schemathesis.check
def hikari_is_sound(_: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """No error of the server's own. 503 says by contract that there is nothing yet to answer from, or no index of this embedder."""
    said.update(text for text in strings(case.body) if len(text) >= LONG)
    if response.status_code >= 400:
        error = response.json()["error"]
        assert response.status_code < 500 or (response.status_code == 503 and error["code"] in ("not_ready", "bad_index")), error
        # The adapter of the Perspective API adds what that API's clients read.
        adapted = {"status", "details"} if case.path.endswith("comments:analyze") else set()
        assert set(error) <= {"code", "message", "field"} | adapted
        assert isinstance(error["message"], str)


def fuzzed(client: httpx.Client, url: str, *, phases: list[str], examples: int) -> tuple[int, list[str]]:
    """How many requests were made, and what was wrong with which."""
    api = schemathesis.openapi.from_dict(client.get("/openapi.json", headers=bearer(OPERATOR)).json())
    api.config.update(base_url=url, headers=bearer(OPERATOR))
    api.config.seed = SEED
    api.config.phases.update(phases=phases)
    api.config.checks.update(included_check_names=[*PROVIDED, hikari_is_sound.__name__])
    api.config.generation.update(max_examples=examples, database="none")
    count, wrong = 0, []
    for event in from_schema(api).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(getattr(event, "value", None) or getattr(event, "exception", None)))
        if isinstance(event, events.ScenarioFinished):
            count += len(event.recorder.cases)
            for case, checks in event.recorder.checks.items():
                wrong += [
                    f"{event.recorder.label}: {check.name}: {check.failure_info and check.failure_info.failure}\n"
                    f"{event.recorder.cases[case].value.body!r}"
                    for check in checks
                    if check.failure_info is not None
                ]
    return count, wrong


def test_a_few_bodies_of_every_route(client: httpx.Client, keyed: Served) -> None:
    count, wrong = fuzzed(client, keyed.url, phases=["examples", "fuzzing"], examples=3)
    assert wrong == []
    assert count > 150


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_bodies_of_every_route(client: httpx.Client, keyed: Served) -> None:
    count, wrong = fuzzed(client, keyed.url, phases=["examples", "coverage", "fuzzing"], examples=25)
    assert wrong == []
    assert count > 2000


def test_nothing_of_them_is_in_the_log(keyed: Served) -> None:
    log = keyed.log.read_text(errors="replace")
    assert len(said) > 20
    ours = " ".join(NEEDS)  # the document's own words come back as bodies, and routes are logged
    assert {text for text in said if text not in ours and text in log} == set()
    assert '"level":"error"' not in log
