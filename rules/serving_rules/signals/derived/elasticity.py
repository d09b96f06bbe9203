"""How well the supply of replicas follows the demand: the elasticity measures of SPEC RG (Herbst et al., "Ready for Rain?", 2016).

Demand is what the autoscaler's own formula asks for within the bounds. For dashboards: healthy deployments keep a surplus on purpose (that
is what a scale-down delay does), and at one sample a minute instability does not tell a healthy deployment from a flapping one. Only too
little for long, the under-provisioned share of time, is bad by itself.
"""

from __future__ import annotations

from serving_rules.model import Example, Record, RecordGroup

__all__ = ["GROUPS"]

_D = "serving:desired_replicas:bounded"
_S = "serving:active_replicas:max"

# At 450m: an older sample outside the 6 hours, a gap at their edge, then two halves of three hours.
_SIX_HOURS = "{older}x88 _x2 {first}x179 {second}x179"


def _mean(name: str, of: str, meaning: str) -> Record:
    """Return the record of a momentary measure's mean over 6 hours."""
    inputs = {of: _SIX_HOURS.format(older=8, first=0, second=1)}
    return Record(name, f"avg_over_time({of}[6h])", meaning, examples=(Example("one in the second half", inputs, "450m", {name: 0.5}),))


def _bounded(raw: float) -> dict[str, float | str]:
    return {"serving:desired_replicas:raw": raw, "serving:min_replicas:current": 1, "serving:max_replicas:current": 4}


def _pair(desired: float, active: float) -> dict[str, float | str]:
    return {_D: desired, _S: active}


GROUPS = (
    RecordGroup(
        "serving-elasticity",
        "Accuracy, time share, instability and jitter of the autoscaler.",
        (
            Record(
                _D,
                """
                serving:desired_replicas:raw
                + clamp_min(serving:min_replicas:current - serving:desired_replicas:raw, 0)
                - clamp_min(serving:desired_replicas:raw - serving:max_replicas:current, 0)
                """,
                "Replicas that the load asks for, within the bounds: the demand of these measures.",
                examples=(
                    Example("between the bounds", _bounded(3), "5m", {_D: 3}),
                    Example("below the floor", _bounded(0), "5m", {_D: 1}),
                    Example("beyond the ceiling", _bounded(9), "5m", {_D: 4}),
                    Example("no settings", {"serving:desired_replicas:raw": 9}, "5m", {}),
                    Example("no demand known", {**_bounded(9), "serving:desired_replicas:raw": "_"}, "5m", {}),
                    Example("no floor known", {**_bounded(9), "serving:min_replicas:current": "_"}, "5m", {}),
                ),
            ),
            Record(
                "serving:desired_replicas:step1m",
                f"{_D} - last_over_time({_D}[10m] offset 1m)",
                "Change of the demand since the minute before, or since the last minute that is known.",
                examples=(
                    Example("two fewer each minute", {_D: "40-2x12"}, "10m", {"serving:desired_replicas:step1m": -2}),
                    Example("a gap hides no step", {_D: "3x10 _x8 4x5"}, "19m", {"serving:desired_replicas:step1m": 1}),
                    Example("behind a long gap nothing is known", {_D: "3x10 _x11 4x5"}, "22m", {}),
                ),
            ),
            Record(
                "serving:under_provisioning_ratio:now",
                f"clamp_min({_D} - {_S}, 0) / ({_D} > 0)",
                "Replicas that are missing, as a share of the demand.",
                examples=(
                    Example("one of four is missing", _pair(4, 3), "5m", {"serving:under_provisioning_ratio:now": 0.25}),
                    Example("one too many", _pair(4, 5), "5m", {"serving:under_provisioning_ratio:now": 0}),
                    Example("no demand", _pair(0, 2), "5m", {}),
                ),
            ),
            Record(
                "serving:over_provisioning_ratio:now",
                f"clamp_min({_S} - {_D}, 0) / ({_D} > 0)",
                "Replicas beyond the demand, as a share of the demand.",
                examples=(
                    Example("one too many", _pair(4, 5), "5m", {"serving:over_provisioning_ratio:now": 0.25}),
                    Example("one of four is missing", _pair(4, 3), "5m", {"serving:over_provisioning_ratio:now": 0}),
                    Example("no demand", _pair(0, 2), "5m", {}),
                ),
            ),
            Record(
                "serving:under_provisioned:now",
                f"{_D} > bool {_S}",
                "1 while the demand is larger than the supply, else 0.",
                examples=(
                    Example("one is missing", _pair(4, 3), "5m", {"serving:under_provisioned:now": 1}),
                    Example("as many as asked for", _pair(4, 4), "5m", {"serving:under_provisioned:now": 0}),
                ),
            ),
            Record(
                "serving:over_provisioned:now",
                f"{_D} < bool {_S}",
                "1 while the supply is larger than the demand, else 0.",
                examples=(
                    Example("one too many", _pair(4, 5), "5m", {"serving:over_provisioned:now": 1}),
                    Example("as many as asked for", _pair(4, 4), "5m", {"serving:over_provisioned:now": 0}),
                ),
            ),
            Record(
                "serving:unstable:now",
                # Steps of supply come from another group and may be a minute older than those of demand; autoscalers are slower than that.
                "clamp_max(abs(sgn(serving:active_replicas:step1m) - sgn(serving:desired_replicas:step1m)), 1)",
                "1 while supply and demand move differently, else 0.",
                examples=(
                    Example(
                        "supply falls, demand rises",
                        {"serving:active_replicas:step1m": -3, "serving:desired_replicas:step1m": 2},
                        "5m",
                        {"serving:unstable:now": 1},
                    ),
                    Example(
                        "both rise",
                        {"serving:active_replicas:step1m": 3, "serving:desired_replicas:step1m": 4},
                        "5m",
                        {"serving:unstable:now": 0},
                    ),
                    Example(
                        "only demand falls",
                        {"serving:active_replicas:step1m": 0, "serving:desired_replicas:step1m": -2},
                        "5m",
                        {"serving:unstable:now": 1},
                    ),
                ),
            ),
            _mean(
                "serving:under_provisioning_ratio:avg6h",
                "serving:under_provisioning_ratio:now",
                "Accuracy, theta U: mean share of the demand that was missing over 6 hours, 0 is best; time without demand is left out.",
            ),
            _mean(
                "serving:over_provisioning_ratio:avg6h",
                "serving:over_provisioning_ratio:now",
                "Accuracy, theta O: mean surplus as a share of the demand over 6 hours, 0 is best; time without demand is left out.",
            ),
            _mean(
                "serving:under_provisioned_ratio:avg6h",
                "serving:under_provisioned:now",
                "Time share, tau U: share of 6 hours with too few replicas, 0 to 1; near 0 is healthy, above 0.8 saturated.",
            ),
            _mean(
                "serving:over_provisioned_ratio:avg6h",
                "serving:over_provisioned:now",
                "Time share, tau O: share of 6 hours with more replicas than asked for, 0 to 1; even 0.95 is healthy.",
            ),
            _mean(
                "serving:instability_ratio:avg6h",
                "serving:unstable:now",
                "Instability, upsilon: share of 6 hours in which supply and demand moved differently, 0 to 1.",
            ),
            Record(
                "serving:jitter_per_hour:changes2h",
                f"(changes({_S}[2h]) - changes({_D}[2h])) / 2",
                "Jitter: changes of the supply minus changes of the demand, per hour over 2 hours; above 0 oscillates, below 0 lags.",
                examples=(
                    Example(
                        "supply changed five times, demand twice; older changes do not count",
                        {_S: "9x10 1x17 _x3 2x9 3x9 2x19 3x39 4x9 5x40", _D: "7x10 5x17 _x3 3x9 4x79 2x40"},
                        "150m",
                        {"serving:jitter_per_hour:changes2h": 1.5},
                    ),
                ),
            ),
        ),
    ),
)
