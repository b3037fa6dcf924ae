"""Answers in JSON, made fast: a batch of a thousand messages has a megabyte of them."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from serving import wire


def good(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The answer of a call that went well."""
    return Response(wire.to_json(value), media_type="application/json", headers=headers)
