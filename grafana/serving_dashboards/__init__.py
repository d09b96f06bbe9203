"""Grafana dashboards over the signals of ``serving_rules`` and the metrics of the exporter's catalogue.

Data flow: ``queries`` (PromQL from names that are looked up) → ``panels`` → ``boards`` (one module for each dashboard) → ``document``
(classic dashboard JSON) → ``repository`` (what is committed below ``grafana/``). The JSON is written with typed builders of our own:
``grafana/README.md`` gives the reasons.
"""
