"""A simulator that behaves like Baseten: autoscaler, fleets, workloads and the emulated HTTP API."""
