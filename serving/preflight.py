"""What would keep the service from starting, told in one line before BentoML starts workers: it would start a failing one for ever."""

import contextlib

from hikari.analytics.engagement import EngagementModel
from hikari.analytics.store import AnalyticsStore
from hikari.bundle import classifier_kind, find_bundle, open_bundle
from hikari.errors import HikariError, NotReady
from hikari.memory.store import Store
from hikari.sentiment.thresholds import toxicity_thresholds
from hikari.settings import Settings
from serving import keys, shipped
from serving.doors import is_loopback


def check() -> None:
    """Verify the bundles and open the stores for a moment; ends the process with the message of whatever fails."""
    try:
        settings = Settings.read()
        toxicity_thresholds(settings.toxicity_thresholds, "HIKARI_TOXICITY_THRESHOLDS")
        if not keys.parse(settings.api_keys):
            _require_loopback(_host())
        text = find_bundle(shipped.BUNDLE_NAME, shipped.text_bundle(settings), settings)
        open_bundle(text, classifier_kind(text))
        open_bundle(find_bundle(shipped.EMBEDDER, shipped.embedder(settings), settings, shipped.EMBEDDER), shipped.EMBEDDER)
        with contextlib.suppress(NotReady):  # without it the engagement is not predicted, all else is
            EngagementModel.open(shipped.engagement(settings), settings=settings)
        Store(settings.home / shipped.MEMORY).close()
        AnalyticsStore(settings.home / shipped.ANALYTICS).close()
    except HikariError as error:
        raise SystemExit(f"hikari: {error.message}") from None


def _host() -> str | None:
    """The address that `bentoml serve` is told to listen on; None when it was started otherwise."""
    import click

    context = click.get_current_context(silent=True)
    if context is None or "host" not in context.params:
        return None
    from bentoml._internal.configuration.containers import BentoMLContainer

    return context.params["host"] or BentoMLContainer.http.host.get()


def _require_loopback(host: str | None) -> None:
    if host is not None and not is_loopback(host):
        raise NotReady(
            f"without keys only this machine is served, but {host} is open to others: set HIKARI_API_KEYS, or pass --host 127.0.0.1"
        )
