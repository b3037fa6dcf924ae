"""BentoML counts requests by their path, and a path is whatever anybody makes up, key or not: each would be a row of figures for
good, and what was mistyped into it (a key, a viewer's words) would stand on `/metrics`. So it counts what is no route as `/other`.
"""

from bentoml._internal.context import server_context
from bentoml._internal.server.http import instruments
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.needs import NEEDS

STATIC, OTHER = "/static", "/other"
_REAL = "hikari.path"
_BentoMLs = instruments.RunnerTrafficMetricsMiddleware


def label(path: str) -> str:
    """What a path is counted as."""
    if path in NEEDS or path in server_context.service_routes:
        return path
    return STATIC if path.startswith(f"{STATIC}/") else OTHER


class BoundedMetrics(_BentoMLs):
    """BentoML's counting of requests, which sees the label; what is inside of it sees the path."""

    def __init__(self, app: ASGIApp, *args: object, **kwargs: object) -> None:
        async def restored(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "path": scope[_REAL]} if _REAL in scope else scope, receive, send)

        super().__init__(restored, *args, **kwargs)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "path": label(scope["path"]), _REAL: scope["path"]}
        await super().__call__(scope, receive, send)  # type: ignore[arg-type]


def install() -> None:
    """Have BentoML use it for every service that is made from now on."""
    instruments.RunnerTrafficMetricsMiddleware = BoundedMetrics
