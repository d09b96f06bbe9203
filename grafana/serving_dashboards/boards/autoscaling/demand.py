"""Load against what is there for it: slots, replicas, bounds."""

from __future__ import annotations

from serving_dashboards.boards.shared import by_deployment
from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Unit
from serving_dashboards.queries import Line, Query, signal

__all__ = ["CEILING", "ROW"]

_ACTIVE = signal("serving:active_replicas:max")
_SLOTS = signal("serving:slots:current")
_EFFECTIVE = f"{signal('serving:effective_concurrency:current')} * {_ACTIVE}"
_INFLIGHT = signal("serving:inflight_requests:avg5m")

ROW = Row(
    "Demand and supply",
    (
        Graph(
            title="Demand against slots",
            description="Requests in flight beside the slots of the active replicas, and the effective slots (slots times target "
            "utilization) at which the autoscaler adds replicas. Between the two lines is headroom; above the slots requests wait at the "
            "router.",
            queries=[
                Query(by_deployment(_INFLIGHT), "in flight {{model_name}} {{deployment_name}}", Colour.DEMAND),
                Query(by_deployment(_SLOTS), "slots {{model_name}} {{deployment_name}}", Colour.SLOTS, Line.STEPS),
                Query(by_deployment(_EFFECTIVE), "effective slots {{model_name}} {{deployment_name}}", Colour.EFFECTIVE_SLOTS, Line.DASHED),
            ],
            unit=Unit.COUNT,
            needs=Needs.SETTINGS,
            width=12,
            height=10,
        ),
        Graph(
            title="Replicas within their bounds",
            description="Active and starting replicas, and those that the load asks for, inside the band from min_replica to max_replica. "
            "Desired above the band: the ceiling holds the autoscaler back. Desired above active for long: starts are slow, or there is no "
            "hardware.",
            queries=[
                Query(
                    by_deployment(signal("serving:max_replicas:current")),
                    "max {{model_name}} {{deployment_name}}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
                Query(
                    by_deployment(signal("serving:min_replicas:current")),
                    "min {{model_name}} {{deployment_name}}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
                Query(by_deployment(signal("serving:desired_replicas:raw")), "desired {{model_name}} {{deployment_name}}", Colour.DESIRED),
                Query(by_deployment(_ACTIVE), "active {{model_name}} {{deployment_name}}", Colour.ACTIVE, Line.STEPS),
                Query(
                    by_deployment(signal("serving:starting_replicas:max")),
                    "starting {{model_name}} {{deployment_name}}",
                    Colour.STARTING,
                    Line.STEPS,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.RULES,
            width=12,
            height=10,
        ),
        Graph(
            title="Requests that wait",
            description="Requests beyond the slots: they wait at the router, unseen by the client, until a slot is free or they time out.",
            queries=[
                Query(
                    by_deployment(f"clamp_min({signal('serving:waiting_requests:avg5m')}, 0)"),
                    "{{model_name}} {{deployment_name}}",
                    Colour.WAITING,
                )
            ],
            unit=Unit.COUNT,
            needs=Needs.SETTINGS,
        ),
        Graph(
            title="Load of a replica",
            description="Requests in flight for each active replica, beside the concurrency target. Far below it while latency is flat: "
            "the target could be higher. At it while latency grows and slots are free elsewhere: it is too high.",
            queries=[
                Query(
                    by_deployment(signal("serving:inflight_per_replica:avg5m")),
                    "in flight {{model_name}} {{deployment_name}}",
                    Colour.DEMAND,
                ),
                Query(
                    by_deployment(signal("serving:concurrency_target:current")),
                    "target {{model_name}} {{deployment_name}}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.SETTINGS,
        ),
        Graph(
            title="Hardware in use",
            description="How busy the GPUs are (CPUs where an instance has none), mean over the replicas. Little use at a full concurrency "
            "target: the target is too low. Little use at every hour: fewer replicas, or a smaller instance, would do.",
            queries=[Query(by_deployment(signal("serving:compute_utilization_ratio:avg")), "{{model_name}} {{deployment_name}}")],
            unit=Unit.RATIO,
            needs=Needs.RULES,
            maximum=1,
        ),
    ),
)

CEILING = Row(
    "The ceiling",
    (
        Graph(
            title="Load against the ceiling",
            description="Load over what the autoscaler plans max_replica replicas for (2 is the most that is counted), and requests in "
            "flight over their slots; 0 while there is room to grow. Above 1: the autoscaler wants more than it may have, or every slot is "
            "taken.",
            queries=[
                Query(
                    by_deployment(signal("serving:ceiling_demand_ratio:avg5m")),
                    "planned {{model_name}} {{deployment_name}}",
                    Colour.DESIRED,
                ),
                Query(
                    by_deployment(signal("serving:ceiling_inflight_ratio:current")),
                    "slots {{model_name}} {{deployment_name}}",
                    Colour.WAITING,
                ),
            ],
            unit=Unit.RATIO,
            needs=Needs.SETTINGS,
            limits=[Limit(1, Colour.CRITICAL)],
        ),
        Graph(
            title="Ceiling needed",
            description="At the ceiling: replicas that would serve what arrives, beside max_replica and the recommended value.",
            queries=[
                Query(
                    by_deployment(signal("serving:ceiling_replicas:needed")),
                    "needed {{model_name}} {{deployment_name}}",
                    Colour.DEMAND,
                ),
                Query(
                    by_deployment(signal("serving:max_replicas:current")),
                    "max {{model_name}} {{deployment_name}}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
                Query(
                    by_deployment(signal("serving:max_replicas:recommended")),
                    "recommended {{model_name}} {{deployment_name}}",
                    Colour.RECOMMENDED,
                    Line.STEPS,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.ADVICE,
        ),
        Graph(
            title="What a full replica gets done",
            description="Good answers a second of one replica while every slot was taken: as last measured, and the median of the day. "
            "What the ceiling needs is computed from it.",
            queries=[
                Query(
                    by_deployment(signal("serving:replica_throughput:recent")), "recent {{model_name}} {{deployment_name}}", Colour.ACTIVE
                ),
                Query(
                    by_deployment(signal("serving:replica_throughput:typical")),
                    "typical {{model_name}} {{deployment_name}}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
            ],
            unit=Unit.REQUESTS,
            needs=Needs.MOTION,
        ),
    ),
)
