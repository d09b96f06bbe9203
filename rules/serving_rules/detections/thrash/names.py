"""Series that the parts of this detection share."""

from __future__ import annotations

__all__ = ["CYCLE", "DELAY", "FOR_DELAY", "PEAK", "REVERSALS"]

REVERSALS = "serving:replica_reversals:changes2h"
CYCLE = "serving:thrash_cycle_seconds:estimate"
PEAK = "serving:replica_reversals:peak_hour2h"
DELAY = "serving:scale_down_delay_seconds:current"
FOR_DELAY = "serving:scale_down_delay_seconds:for_thrash"
