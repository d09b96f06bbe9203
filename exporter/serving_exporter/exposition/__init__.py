"""Prometheus text: blocks of families that units render, upstream pages passed through line by line, and how both become one page.

``blocks`` writes the samples of the catalogue; ``decoding`` validates an upstream page; ``joining`` merges the blocks of all units into one
page; ``openmetrics`` is what differs in the second text format.
"""

from serving_exporter.exposition.blocks import FamilyBlock, UnitBuilder
from serving_exporter.exposition.decoding import DecodedFeed, FeedDecoder, Observation

__all__ = ["DecodedFeed", "FamilyBlock", "FeedDecoder", "Observation", "UnitBuilder"]
