"""What would keep the service from starting, told in one line before BentoML starts workers: it would start a failing one for ever."""

import contextlib

from hikari.analytics.engagement import EngagementModel
from hikari.analytics.store import AnalyticsStore
from hikari.bundle import find_bundle, open_bundle
from hikari.errors import HikariError, NotReady
from hikari.memory.store import Store
from hikari.settings import Settings
from serving import shipped


def check() -> None:
    """Verify the bundles and open the stores for a moment; ends the process with the message of whatever fails."""
    try:
        settings = Settings.read()
        open_bundle(find_bundle(shipped.BUNDLE_NAME, shipped.text_bundle(settings), settings))
        open_bundle(find_bundle(shipped.EMBEDDER, shipped.embedder(settings), settings, shipped.EMBEDDER), shipped.EMBEDDER)
        with contextlib.suppress(NotReady):  # without it the engagement is not predicted, all else is
            EngagementModel.open(shipped.engagement(settings), settings=settings)
        Store(settings.home / shipped.MEMORY).close()
        AnalyticsStore(settings.home / shipped.ANALYTICS).close()
    except HikariError as error:
        raise SystemExit(f"hikari: {error.message}") from None
