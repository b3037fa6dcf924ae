"""Everything that stands in front of the routes, from the outside in: careful headers, msgpack, one error shape, the guard."""

from starlette.types import ASGIApp

from hikari.settings import Settings
from serving import keys, made_up_paths
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.hardened import Hardened
from serving.msgpack_bodies import Msgpack
from serving.problems import Shield
from serving.settings import Limits

AUDIT = "audit"
made_up_paths.install()


def front(app: ASGIApp, settings: Settings | None = None, limits: Limits | None = None) -> ASGIApp:
    """The app behind its guard. Raises `BadInput` for malformed settings."""
    settings, limits = settings or Settings.read(), limits or Limits()
    doors = Doors(keys.parse(settings.api_keys), settings.allowed_origins)
    guard = Guard(app, doors, limits, Audit(settings.home / AUDIT))
    return Hardened(Msgpack(Shield(guard), limits.max_body_bytes))
