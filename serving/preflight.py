"""What would keep the service from starting, told in one line before BentoML starts workers: it would start a failing one for ever."""

from hikari.bundle import find_bundle, open_bundle
from hikari.errors import HikariError
from hikari.memory.store import Store
from hikari.settings import Settings
from serving import shipped


def check() -> None:
    """Verify both bundles and open the store for a moment; ends the process with the message of whatever fails."""
    try:
        settings = Settings.read()
        open_bundle(find_bundle(shipped.BUNDLE_NAME, shipped.text_bundle(settings), settings))
        open_bundle(find_bundle(shipped.EMBEDDER, shipped.embedder(settings), settings, shipped.EMBEDDER), shipped.EMBEDDER)
        Store(settings.home / shipped.MEMORY).close()
    except HikariError as error:
        raise SystemExit(f"hikari: {error.message}") from None
