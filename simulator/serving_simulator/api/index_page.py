"""The emulator's front page: plain HTML that explains what can be asked and changed."""

from __future__ import annotations

from html import escape
from string import Template

from serving_simulator.api.call import Call, timestamp
from serving_simulator.api.faults import KINDS

__all__ = ["render"]

_PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Emulated platform: $organization</title><link rel="icon" href="data:,">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff;
overflow-wrap:anywhere}
code{background:#f2f2f2;padding:0 .2em}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;border-bottom:1px solid #ddd;padding:.25rem .5rem .25rem 0}
pre{background:#f2f2f2;padding:.7rem;overflow-x:auto}</style></head><body>
<h1>Emulated platform: $organization</h1>
<p>$models models, $deployments deployments. The time here is $now, at $speed times real time. $requests requests so far;
at most $feed feed requests in any 60 s.</p>
<h2>The platform</h2>
<p>One port stands in for every host: <code>/metrics</code> (the export feed), <code>/v1/…</code> (management),
<code>/model-ID/production/async_queue_status</code> and <code>/chain-ID/…</code> (inference hosts; the <code>Host</code> header works too).
Every request needs a key of this fleet: $keys.</p>
<h2>The emulator</h2>
<table>
<tr><td><a href="/_emulator/requests">/_emulator/requests</a></td><td>every request that came in;
 <code>?endpoint=/metrics&amp;since=UNIX</code>;
DELETE clears</td></tr>
<tr><td><a href="/_emulator/faults">/_emulator/faults</a></td><td>faults in force;
POST adds, DELETE (also <code>/ID</code>) removes</td></tr>
<tr><td><a href="/_emulator/truth">/_emulator/truth</a></td><td>the true values of every deployment, without lag or sampling</td></tr>
<tr><td><a href="/_emulator/clock">/_emulator/clock</a></td><td>the platform's present and its speed</td></tr>
<tr><td><a href="/_emulator/fleet">/_emulator/fleet</a></td><td>ids, names and statuses</td></tr>
<tr><td><a href="/_emulator/switches">/_emulator/switches</a></td><td>undocumented behaviour; PATCH changes</td></tr>
<tr><td>/_emulator/actions</td><td>POST: change settings, promote, deactivate, delete, take capacity away, change load</td></tr>
</table>
<pre>curl -X POST $url/_emulator/faults -d '{"kind": "throttle", "endpoint": "feed", "times": 3}'
curl -X POST $url/_emulator/actions -d '{"action": "load", "factor": 3}'</pre>
<h2>Faults</h2>
<table><tr><th>kind</th><th>what happens</th><th>parameters</th></tr>
$faults
</table></body></html>
""")


def render(call: Call) -> str:
    """Return the page."""
    models = call.world.models()
    rows = [
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind.summary)}</td><td>{escape(', '.join(kind.parameters) or '–')}</td></tr>"
        for name, kind in KINDS.items()
    ]
    keys = ", ".join(f"<code>{escape(key.prefix)}.…</code> ({escape(key.type)})" for key in call.organization.keys)
    return _PAGE.substitute(
        organization=escape(call.organization.name),
        models=len(models),
        deployments=sum(model.deployments_count for model in models),
        now=timestamp(call.now),
        speed=f"{call.state.clock.speed:g}",
        requests=call.state.log.total,
        feed=call.state.log.feed_maximum,
        keys=keys,
        url=escape(f"http://{call.host}"),
        faults="\n".join(rows),
    )
