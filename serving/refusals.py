"""Why somebody does not come in, as it is answered."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from hikari.errors import HikariError
from serving import problems
from serving.keys import Access
from serving.needs import UNKNOWN, Need

P = ParamSpec("P")
T = TypeVar("T")


class Refusal(Exception):
    """A status, an error as everywhere, and headers."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers, self.field = status, code, message, dict(headers or {}), field


def refusing(check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a check answers; its error as a `Refusal`."""
    try:
        return check(*args, **kwargs)
    except HikariError as error:
        raise refusal_of(error) from None


def refusal_of(error: HikariError) -> Refusal:
    """The refusal that an error of the engine amounts to."""
    return Refusal(problems.status_of(error.code), error.code, error.message, field=error.field)


def require(access: Access, need: Need) -> None:
    """Raise `Refusal` when a key's scopes do not reach for a route."""
    if need.allows(access):
        return
    if need is UNKNOWN:
        raise Refusal(404, "not_found", "not found")
    scopes = " or ".join(sorted(need.scopes))
    raise Refusal(403, "forbidden", f"this route needs a key with the scope {scopes}")
