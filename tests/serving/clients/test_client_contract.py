"""The Python client's calls against the OpenAPI document of the engine: same paths, same parameters, nothing that is not there."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from hikari_client import AsyncHikari, Hikari, chat_calls, memory_calls, replies, stream_calls
from hikari_client.calls import Call
from serving import app as routes

DOCUMENT = routes.build(lambda: None).openapi()  # type: ignore[arg-type, return-value]
MAKERS: list[Callable[..., Call[Any]]] = [
    function
    for module in (chat_calls, memory_calls, replies, stream_calls)
    for _, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not function.__name__.startswith("_")
]
WITHOUT_METHOD = {"/memory_audit", "/reload_knowledge", "/contradictions", "/v1alpha1/comments:analyze"}
"""Routes that a person who keeps the engine needs, not a program that talks to it: `post` calls them."""
OURS = {"never_expires", "signals"}
"""Parameters that become others."""


def _call(maker: Callable[..., Call[Any]]) -> Call[Any]:
    """The call with a value for every parameter."""
    values: dict[str, Any] = {"definition": {}, "metadata": {}, "filters": {}, "context": {}}
    parameters = {name: parameter for name, parameter in inspect.signature(maker).parameters.items() if name not in OURS}
    rows = {name: [] for name in ("rows", "messages", "streams", "memory_types", "roles")}
    return maker(**{name: rows.get(name, values.get(name, "x")) for name in parameters})


def _schema(path: str) -> dict[str, Any]:
    reference = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rsplit("/", 1)[1]]


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_what_a_call_sends_is_what_the_route_takes(maker: Callable[..., Call[Any]]) -> None:
    call = _call(maker)
    schema = _schema(call.path)
    assert set(call.body) <= set(schema["properties"])
    assert set(schema.get("required", [])) <= set(call.body)


def test_every_route_has_a_method() -> None:
    asked = {_call(maker).path for maker in MAKERS} | WITHOUT_METHOD
    posts = {path for path, item in DOCUMENT["paths"].items() if "post" in item}
    assert posts <= asked, posts - asked


@pytest.mark.parametrize("client", [Hikari, AsyncHikari])
def test_both_clients_have_every_call(client: type) -> None:
    assert {maker.__name__ for maker in MAKERS} <= set(vars(client))
