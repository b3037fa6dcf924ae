"""What can go wrong, one type for each code that an engine answers with."""

from collections.abc import Mapping
from typing import Any, ClassVar


class HikariError(Exception):
    """Base of everything that this package raises on purpose. `message` is the engine's own and quotes no viewer."""

    code: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problem = self.code if code is None else code
        """The code as it was answered; differs from the type's only where this version does not know it."""
        self.field = field
        self.status = status
        self.retry_after_s = retry_after_s


class BadInput(HikariError):
    """A parameter is missing, of the wrong type or out of range; `field` names it."""

    code = "bad_input"


class TooLarge(BadInput):
    """Well formed, but larger than the engine takes."""

    code = "too_large"


class Unauthorized(HikariError):
    """The engine asks for a key, or does not know the one that was given."""

    code = "unauthorized"


class Forbidden(HikariError):
    """The key does not allow this, or not in this channel."""

    code = "forbidden"


class NotFound(HikariError):
    """Nothing is known under this name or id."""

    code = "not_found"


class MethodNotAllowed(HikariError):
    """The route is asked in another way."""

    code = "method_not_allowed"


class Refused(HikariError):
    """The engine's policy does not take this, now or later."""

    code = "refused"


class Overloaded(HikariError):
    """More is asked than the engine does at once; nothing was begun."""

    code = "overloaded"


class NotReady(HikariError):
    """Something that the call needs is not there yet."""

    code = "not_ready"


class Damaged(NotReady):
    """Something that the call needs is there and cannot be used."""


class BadBundle(Damaged):
    """A model bundle is damaged or of another format."""

    code = "bad_bundle"


class BadStore(Damaged):
    """A store is damaged or of another format."""

    code = "bad_store"


class BadIndex(Damaged):
    """An index is damaged or of another encoder."""

    code = "bad_index"


class StoreBusy(NotReady):
    """Another process has the store."""

    code = "store_busy"


class StoreFull(HikariError):
    """The disk or the store's size limit is reached; what was acknowledged is kept."""

    code = "store_full"


class TimedOut(HikariError):
    """Not done in time, by the engine's clock or by ours; what was begun may be finished all the same."""

    code = "timeout"


class Internal(HikariError):
    """The engine failed in a way that it did not foresee; its log says where."""

    code = "internal"


class Unreachable(HikariError):
    """The engine could not be reached, or the connection broke; `sent` says whether it may have got the request."""

    code = "unreachable"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class BadAnswer(HikariError):
    """What answered is no Hikari engine, or one of another version."""

    code = "bad_answer"


def _all_of(kind: type[HikariError]) -> list[type[HikariError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _all_of(below))]


_LOCAL = (Unreachable, BadAnswer)
BY_CODE: dict[str, type[HikariError]] = {
    kind.code: kind for kind in _all_of(HikariError) if "code" in vars(kind) and kind.code and kind not in _LOCAL
}


def from_problem(problem: Mapping[str, Any], status: int | None = None, retry_after_s: float | None = None) -> HikariError:
    """The error for `{"code", "message", "field"?}`.

    >>> from_problem({"code": "bad_input", "message": "text is missing", "field": "text"})
    BadInput('text is missing')
    """
    code, field = str(problem.get("code", "internal")), problem.get("field")
    kind = BY_CODE.get(code, HikariError)
    message = str(problem.get("message", "the engine gives no reason"))
    return kind(message, code=code, field=None if field is None else str(field), status=status, retry_after_s=retry_after_s)
