"""The Prometheus scrape configuration that the demo runs, the README shows and ``deploy/prometheus/prometheus.yml`` holds: one text."""

from __future__ import annotations

__all__ = ["scrape_config"]

_TEMPLATE = """\
# Scrape configuration for serving-exporter. `serving-exporter demo` and the tests run this very file.
global:
  scrape_interval: {interval}      # the feed behind the exporter is refreshed every 30 s; scraping faster shows nothing new
  evaluation_interval: 1m

scrape_configs:
  - job_name: serving-exporter
    # The platform's feed has labels of its own, `environment` above all, which many set-ups also put on their targets. Without
    # honor_labels Prometheus would rename the platform's label to exported_environment and every rule and panel would miss it.
    honor_labels: true
    static_configs:
      - targets: ["{target}"]
"""


def scrape_config(target: str = "localhost:9816", *, interval_seconds: int = 30) -> str:
    """Return a complete prometheus.yml that scrapes ``target`` (HOST:PORT) every ``interval_seconds``."""
    return _TEMPLATE.format(target=target, interval=f"{interval_seconds}s")
