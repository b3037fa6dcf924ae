"""What the routes of every part have in common: how one is described, and how an outcome becomes an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.parameters import Request
from serving.schemas import ProblemAnswer

Row = dict[str, Any]
_COMMON = {
    400: "bad input; `field` names the parameter",
    401: "no valid key",
    403: "the key's scopes or channels do not reach for this",
    413: "too large",
    415: "the body is neither JSON nor msgpack",
    429: "too many requests at once, or more writes waiting than are taken",
    504: "not done in time; what was begun is finished all the same",
    507: "the disk or the store's size limit is reached; what was acknowledged is kept",
}


@dataclass(frozen=True)
class Route:
    """One route: its path, the method it calls, the body it takes, what its answer looks like and what it is for."""

    path: str
    method: str
    body: type[Request]
    answer: Any
    about: str


def problems_of(own: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """The errors that a part's routes answer, for the OpenAPI document: the common ones and the part's own."""
    return {status: {"model": ProblemAnswer, "description": text} for status, text in sorted({**_COMMON, **own}.items())}
