"""The errors of the engine: each says what happened, what is allowed and, where it helps, what to do next."""


class HikariError(Exception):
    """Base of every error that the engine raises on purpose.

    `code` is stable and meant for programs, the message for people. `field` names the offending parameter, when there is one.
    Messages never quote user text.
    """

    code = "internal"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def as_dict(self) -> dict[str, str]:
        """The error as `{"code", "message", "field"?}`, the one shape used in batches, HTTP and WebSocket."""
        shape = {"code": self.code, "message": self.message}
        return shape if self.field is None else {**shape, "field": self.field}


class BadInput(HikariError):
    """A parameter is missing, of the wrong type or out of range."""

    code = "bad_input"


class TooLarge(BadInput):
    """A parameter is well formed but larger than the stated limit."""

    code = "too_large"


class NotReady(HikariError):
    """Something that the call needs, such as the model bundle, is not there yet."""

    code = "not_ready"


class BadBundle(HikariError):
    """A model bundle is damaged, incomplete or of a format that this version does not read."""

    code = "bad_bundle"


class Overloaded(HikariError):
    """More work is waiting than the engine accepts."""

    code = "overloaded"


class Refused(HikariError):
    """The policy keeps this out: the engine's own words, a bot, copypasta, or personal data under a strict policy."""

    code = "refused"


class NotFound(HikariError):
    """There is nothing under this id."""

    code = "not_found"


class BadStore(HikariError):
    """The memory store is damaged or of a format that this version does not read."""

    code = "bad_store"


class StoreBusy(HikariError):
    """Another process has the memory store open for writing."""

    code = "store_busy"


class StoreFull(HikariError):
    """The disk or the store's size limit is reached; nothing that was acknowledged is lost."""

    code = "store_full"


class BadIndex(HikariError):
    """A search index is damaged, of another encoder or of a format that this version does not read; it is rebuilt from the store."""

    code = "bad_index"
