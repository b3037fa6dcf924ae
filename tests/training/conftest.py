"""Fixtures of the trainers' tests."""

from collections.abc import Iterator

import pytest

from tests.http_files import FileServer, serve_files


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A web server on the loopback interface, reached without any proxy."""
    monkeypatch.setenv("no_proxy", "*")
    with serve_files() as state:
        yield state
