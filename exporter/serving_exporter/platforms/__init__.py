"""Platforms: one folder each. What every platform must offer is in ``contract``."""
