"""The engine: arrivals, queues, replicas, autoscaler and rollouts of a whole fleet, in steps of one second.

Everything that happens every second is an array over deployments. Everything that happens to single replicas (a start, a crash, a drain) is
an event on a heap and may be ordinary Python. Nothing here knows HTTP, YAML or Prometheus text.
"""
