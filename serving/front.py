"""Everything that stands in front of the routes, from the outside in: careful headers, one error shape, the guard."""

from starlette.types import ASGIApp

from hikari.settings import Settings
from serving import keys
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.hardened import Hardened
from serving.problems import Shield
from serving.settings import Limits

AUDIT = "audit"


def front(app: ASGIApp, settings: Settings | None = None, limits: Limits | None = None) -> ASGIApp:
    """The app behind its guard. Raises `BadInput` for malformed settings."""
    settings = settings or Settings.read()
    doors = Doors(keys.parse(settings.api_keys), settings.allowed_origins)
    return Hardened(Shield(Guard(app, doors, limits or Limits(), Audit(settings.home / AUDIT))))
