"""Every route of the service says what it asks of a key, and says it right."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from serving import app as routes
from serving.needs import NEEDS, UNKNOWN, need_of
from tests.serving.memory_client import parts

BENTOML = {"/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/schema.json"}
"""Routes that BentoML adds."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = parts(tmp_path_factory.mktemp("needs"))
    return routes.build(lambda: made)


def walked(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """All routes, those of included routers too; a kind that this does not know is an error, not a gap."""
    for route in routes:
        if isinstance(route, Route | WebSocketRoute | Mount):
            yield route
        else:
            yield from walked(cast("Any", route).original_router.routes)


def paths(app: Any) -> set[str]:
    return {route.path for route in walked(app.routes) if isinstance(route, Route | WebSocketRoute)}


def test_every_route_is_in_the_table(app: Any) -> None:
    found = paths(app)
    assert len(found) > 40
    assert {path for path in found if need_of(path) is UNKNOWN} == set()
    mounted = {route.path for route in walked(app.routes) if isinstance(route, Mount)}
    assert mounted == {"/static"}, "a new mount needs a place in serving/needs.py"


def test_the_table_holds_no_route_that_is_gone(app: Any) -> None:
    assert set(NEEDS) - paths(app) - BENTOML == set()


def schema(document: dict[str, Any], path: str) -> dict[str, Any]:
    body = document["paths"][path]["post"].get("requestBody")
    if body is None:
        return {}
    found = body["content"]["application/json"]["schema"]
    return document["components"]["schemas"][found["$ref"].rsplit("/", 1)[1]] if "$ref" in found else found


def test_what_a_route_reaches_is_what_its_body_says(app: Any) -> None:
    document = app.openapi()
    for path in document["paths"]:
        if "post" not in document["paths"][path]:
            continue
        need, properties = need_of(path), schema(document, path).get("properties", {})
        if "channel" not in properties:
            assert need.reach in ("none", "whole"), f"{path} takes no channel"
        elif properties["channel"].get("default") == "default" or need.rows is not None:
            assert need.reach == "one", f"{path} is about `default` when no channel is given"
        else:
            assert need.reach == "every", f"{path} is about every channel when none is given"
        if need.rows is not None:
            assert properties[need.rows]["type"] == "array"


def test_what_deletes_is_for_admins_and_audited(app: Any) -> None:
    for path in paths(app):
        if any(word in path for word in ("forget", "delete", "reload", "remove", "purge")):
            assert need_of(path).scopes == {"admin"}, path
            assert need_of(path).audited, path


@pytest.mark.parametrize(
    "path",
    [
        "/forget_user/",
        "//forget_user",
        "/FORGET_USER",
        "/static",
        "/statics/x",
        "/docs/",
        "/livez/x",
        "",
        "/static/../metrics/../x",
    ],
)
def test_what_only_looks_like_an_open_route_opens_nothing(path: str, app: Any) -> None:
    need = need_of(path)
    assert need is UNKNOWN or path.startswith("/static/")
    assert path not in paths(app)


def test_every_open_route_is_harmless() -> None:
    assert {path for path, need in NEEDS.items() if not need.scopes} == {
        "/", "/docs", "/livez", "/readyz", "/healthz", "/favicon.ico",
    }  # fmt: skip
    assert Path(routes.STATIC).name == "static"
