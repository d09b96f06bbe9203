"""The feed: Baseten's own metrics of the whole organization, passed through as one unit, and read for what other sources need."""

from __future__ import annotations

from collections.abc import Mapping

from serving_exporter.derive import Load, LoadHistory
from serving_exporter.exposition.decoding import DecodedFeed, FeedDecoder
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import FEED
from serving_exporter.platforms.baseten.feed_filter import FeedFilter
from serving_exporter.platforms.baseten.feed_phase import REFRESH_SECONDS, FeedPhase
from serving_exporter.platforms.baseten.feed_readings import WATCHED, readings
from serving_exporter.platforms.baseten.samples import write_desired
from serving_exporter.platforms.baseten.state import FeedReading, Key, autoscaler_settings
from serving_exporter.platforms.contract import Poll

__all__ = ["FeedSource"]

_LONG_WAIT = 5.0  # seconds from which on a call has waited for its budget, not for the network
_JITTER = 5.0


class FeedSource:
    """``GET /metrics``. Desired replicas are computed here too, as their samples arrive here."""

    name = "feed"
    blind_without = "load, latency, errors, replicas active and starting: every rule on traffic, and desired replicas"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._decoder = FeedDecoder(context.label, keep=context.keeps_family, watch=WATCHED)
        self._filter = FeedFilter(context.workspace, self._deployment_wanted)
        self._phase = FeedPhase(context.workspace.sources.feed.interval)
        self._units = context.units("feed")
        self._derived = context.units("derived")
        self._history: LoadHistory[Key] = LoadHistory()
        self._fingerprint: int | None = None
        self._changed_at: float | None = None
        self._recorded_at = float("-inf")
        self._bad_line_reported = False
        self._strangers: set[Key] = set()  # announced once: a chainlet's id, or a deleted deployment that lingers, is no news

    async def poll(self) -> Poll:
        """Read the page; one that is as it was costs no decoding. Raises ``SourceError``."""
        clock = self._context.clock
        started = clock.monotonic()
        body = await self._context.client.get(FEED)
        answered = clock.monotonic()
        changed = hash(body) != self._fingerprint
        if changed:
            decoded = await self._decoder.decode_sliced(await self._filter.apply(body))
            self._take(decoded)
            self._fingerprint, self._changed_at = hash(body), clock.wall()
        self._derive(answered, fresh=changed)
        base = started if answered - started < _LONG_WAIT else answered
        next_at = base + self._phase.next_in(changed=changed)
        return Poll(
            items=len(self._context.state.feed or ()),
            data_timestamp=self._changed_at,
            next_in=max(1.0, next_at - clock.monotonic()),
        )

    def samples(self) -> int:
        """Count the native samples and the desired replicas."""
        return self._units.samples + self._derived.samples

    def expire(self) -> None:
        """Forget the page and the load history."""
        self._fingerprint = self._changed_at = None
        self._history.clear()
        self._recorded_at = float("-inf")
        self._context.state.feed = None
        self._context.state.feed_read.clear()
        self._context.state.desired = {}
        self._units.clear()
        self._derived.clear()

    def _take(self, decoded: DecodedFeed) -> None:
        context = self._context
        for reason, count in decoded.dropped.items():
            context.telemetry.dropped(reason, count)
        if bool(decoded.first_invalid) != self._bad_line_reported:
            self._bad_line_reported = bool(decoded.first_invalid)
            fields = {"workspace": context.workspace.name, "source": self.name}
            if decoded.first_invalid:
                count, first = decoded.dropped.get("invalid", 0), decoded.first_invalid
                context.log.warning("feed: %d lines cannot be read and are left out; the first is %s", count, first, extra=fields)
            else:
                context.log.info("feed: every line can be read again", extra=fields)
        self._units.put("", decoded.families)
        latest = readings(decoded.observed)
        self._call_attention(context.state.feed, latest)
        context.state.feed = latest
        context.state.feed_read.set()

    def _call_attention(self, before: Mapping[Key, FeedReading] | None, latest: Mapping[Key, FeedReading]) -> None:
        """Bring models forward in the inventory whose replicas changed, or that have a deployment which it does not know."""
        state = self._context.state
        strangers = {key for key in latest if state.models is not None and state.deployment(key) is None}
        moved = {
            key
            for key, reading in latest.items()
            if before is not None and key in before and (before[key].active, before[key].starting) != (reading.active, reading.starting)
        }
        state.attention.update(model_id for model_id, _ in moved | (strangers - self._strangers))
        self._strangers = strangers

    def _derive(self, now: float, *, fresh: bool) -> None:
        """Note the load and recompute desired replicas. One page read twice within a refresh is one sample."""
        state = self._context.state
        if fresh or now - self._recorded_at >= REFRESH_SECONDS - _JITTER:
            self._recorded_at = now
            self._history.record(now, {key: Load(reading.in_flight, reading.average_tokens) for key, reading in (state.feed or {}).items()})
        settings = {
            key: autoscaler_settings(deployment.autoscaling_settings)
            for key, _, deployment in state.deployments()
            if deployment.autoscaling_settings is not None
        }
        state.desired = self._history.desired(settings)
        self._derived.render("desired", state.desired, lambda page: write_desired(page, state.desired))

    def _deployment_wanted(self, deployment_id: str) -> bool | None:
        """Whether the inventory has a deployment; it holds wanted ones only. None when nothing is known of it."""
        models = self._context.state.models
        return True if any(deployment_id in record.deployments for record in (models or {}).values()) else None
