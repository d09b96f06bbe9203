"""The platform's HTTP API over a simulated world.

One request goes through ``pipeline``: ``routing`` finds the endpoint, ``requestlog`` notes it, ``faults`` may take over, ``access`` and
``limits`` decide, a handler answers with plain data, ``mutations`` and ``wire`` may spoil it on its way out.
"""
