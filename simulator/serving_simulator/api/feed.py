"""``/metrics``: the world's export page."""

from __future__ import annotations

from serving_simulator.api.call import Answer, Call

__all__ = ["CONTENT_TYPE", "feed"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def feed(call: Call) -> Answer:
    """``GET /metrics``: the whole organization, or the models that the key is limited to."""
    models = None if call.key is None else call.key.models
    text = await call.state.feed.render(call.world.feed_page(), models, call.world)
    return Answer(body=text, content_type=CONTENT_TYPE)
