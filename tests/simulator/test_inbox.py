"""The inbox: it takes what Alertmanager sends, shows it to people and to tests, and refuses anything else with a reason."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from serving_simulator.inbox import Inbox, InboxError

ALERT = {
    "status": "firing",
    "labels": {"alertname": "ServingThrash", "severity": "warning", "model_name": "<chat>"},
    "annotations": {
        "summary": "Replicas flap.",
        "description": "<chat>: 14 reversals & counting.",
        "runbook_url": "rules/runbooks/ServingThrash.md",
        "dashboard_url": "https://grafana.example.com/d/x?var-a=b&var-c=d",
    },
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "abc",
}
BODY = {
    "version": "4",
    "receiver": "tickets",
    "status": "firing",
    "groupLabels": {"model_id": "m1"},
    "truncatedAlerts": 2,
    "alerts": [ALERT],
}


async def post(inbox: Inbox, body: Any) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with aiohttp.ClientSession() as session, session.post(f"{inbox.url}/webhook", data=data) as answer:
        return answer.status, await answer.text()


async def get(inbox: Inbox, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(inbox.url + path) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_what_alertmanager_sends_is_kept_and_shown() -> None:
    async with Inbox(now=lambda: 1_790_000_000.0) as inbox:
        assert "nothing yet" in await get(inbox, "/")
        assert await post(inbox, BODY) == (200, "taken\n")
        resolved = {**BODY, "status": "resolved", "truncatedAlerts": 0, "alerts": [{**ALERT, "status": "resolved"}]}
        await post(inbox, resolved)
        first, second = inbox.notifications
        assert (first.receiver, first.status, first.received) == ("tickets", "firing", 1_790_000_000.0)
        assert first.alerts[0].labels["alertname"] == "ServingThrash"
        assert (second.status, second.alerts[0].status) == ("resolved", "resolved")
        listed = json.loads(await get(inbox, "/notifications"))
        assert [each["status"] for each in listed] == ["firing", "resolved"]
        assert listed[0]["alerts"][0]["generatorURL"] == "http://prometheus/graph"
        page = await get(inbox, "/")
        assert page.index("tickets: resolved") < page.index("tickets: firing"), "newest first"
        assert "&lt;chat&gt;: 14 reversals &amp; counting." in page
        assert "<chat>" not in page
        assert 'href="https://grafana.example.com/d/x?var-a=b&amp;var-c=d"' in page
        assert "Runbook: rules/runbooks/ServingThrash.md" in page, "no link where there is no address"
        assert "and 2 more" in page
        assert "2026-09-21 14:13:20 UTC" in page


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "malformed"),
        ({}, "receiver"),
        ({**BODY, "status": "burning"}, "burning"),
        ({**BODY, "alerts": [{**ALERT, "labels": {"a": 1}}]}, "labels"),
    ],
)
async def test_anything_else_is_refused_with_the_reason(body: Any, reason: str) -> None:
    async with Inbox() as inbox:
        status, said = await post(inbox, body)
        assert status == 400
        assert "not a notification of Alertmanager" in said
        assert reason in said
        assert inbox.notifications == ()


async def test_a_script_address_is_no_link() -> None:
    async with Inbox() as inbox:
        annotations = {"dashboard_url": "javascript:alert(1)"}
        await post(inbox, {**BODY, "alerts": [{**ALERT, "annotations": annotations}]})
        assert "<a " not in await get(inbox, "/")


async def test_the_oldest_go_first() -> None:
    async with Inbox() as inbox:
        for number in range(1003):
            await post(inbox, {**BODY, "groupLabels": {"n": str(number)}})
        assert len(inbox.notifications) == 1000
        assert inbox.notifications[0].group_labels == {"n": "3"}


async def test_an_address_in_use_is_named() -> None:
    async with Inbox() as inbox:
        port = int(inbox.url.rpartition(":")[2])
        with pytest.raises(InboxError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Inbox(port=port):
                pass
