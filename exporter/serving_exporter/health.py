"""``serving-exporter health``: the health check of a container that has no curl."""

from __future__ import annotations

import http.client

from serving_exporter.config import Address

__all__ = ["ask_health"]

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - who listens everywhere is asked on the loopback


def ask_health(address: Address, timeout: float) -> tuple[bool, str]:
    """Ask ``/-/healthy`` of the exporter that listens on ``address``; return whether it is alive, and its answer or why there was none.

    ``timeout`` is in seconds.
    """
    connection = http.client.HTTPConnection(_LOOPBACK.get(address.host, address.host), address.port, timeout=timeout)
    try:
        connection.request("GET", "/-/healthy")
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer from {address}: {str(error) or type(error).__name__}"
    finally:
        connection.close()
