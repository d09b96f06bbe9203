"""The exporter: polls a model-serving platform within its budgets and serves the result to Prometheus."""

__version__ = "0.1.0"
