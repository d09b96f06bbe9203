"""C16: a replica's memory is nearly full."""

from __future__ import annotations

from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Example,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, REPLICA, by, name_of, names, value_of

__all__ = ["DETECTION"]

_ON = f"on ({names(DEPLOYMENT)})"
_MATCHING = f"{_ON} group_left ()"

_RATIO = "serving_replica:memory_ratio:max"
_FULL = "serving_replica:memory_full_seconds:estimate"
_LARGEST = "serving:memory_ratio:max"


_ONE = f'{_RATIO}{{replica="r1"}}'
_ONE_FULL = f'{_FULL}{{replica="r1"}}'

_FLAT = (
    "chat (production), deployment d-one: replica r1 uses 98.1% of its 16GiB of memory. At the limit it is killed with every request on "
    "it. Choose an instance type with at least 20.18GiB, or cut the batch to 92.78% of its size."
)


def _full(name: str, series: str, expected: float | None) -> Example:
    return Example(name, {f'{_RATIO}{{replica="r1"}}': series}, "90m", {} if expected is None else {f'{_FULL}{{replica="r1"}}': expected})


# 31 samples; the gap at the left edge of the window makes them 30 everywhere. A slope of 1/1024 a minute is exact in binary.
_FULL_EXAMPLES = (
    _full("a rise of a 1024th a minute", "0.5x59 _ 0.90625+0.0009765625x28 0.9345703125", (1 - 0.9345703125) * 1024 * 60),
    _full("a rise that ended 20 minutes ago", "0.9x59 _ 0.9+0.001x9 0.91x40", 19188.14229248974),
    _full("a rise that ended 40 minutes ago", "0.5+0.008x49 0.91x9 _ 0.91x40", None),
    _full("flat", "0.96x100", None),
    _full("falling", "0.99-0.0005x100", None),
    _full("a step of a third 20 minutes ago, while the model loaded", "0.6x69 0.96x40", None),
    _full("a step of exactly a tenth", "0.9x69 1x40", 0),
    _full("a saw-tooth that broke off", "0.95-0.0001x69 0.7+0.001x40", None),
)

DETECTION = Detection(
    id="C16",
    slug="memory_near_limit",
    title="Memory near its limit: the next request may be the last",
    catches="Replicas whose container uses nearly all the memory of its instance: at the limit the kernel kills it with every request on "
    "it.",
    origins=("T11",),
    thresholds=(
        Threshold(
            "ratio",
            0.95,
            "Share of the memory in use. Engines that pin buffers rest at up to 0.9; above 0.95 a single large request is enough. Lower "
            "gives more notice and finds more that are merely large.",
            minimum=0.3,
            maximum=0.99,
            unit="ratio",
            matching=_MATCHING,
        ),
        Threshold(
            "certain_ratio",
            0.98,
            "Share of the memory at which no rise is needed any more: what is left is less than the noise of one batch.",
            minimum=0.5,
            maximum=1,
            unit="ratio",
            matching=_MATCHING,
        ),
        Threshold(
            "horizon_seconds",
            21_600,
            "Below the certain share, memory must be on its way to fill within this time. A level of 96 % that has been flat since the "
            "load is how some engines live; any rise at all would be noise half of the time.",
            minimum=600,
            maximum=604_800,
            unit="s",
            matching=_MATCHING,
        ),
    ),
    records=(
        Record(
            _LARGEST,
            f"max {by(DEPLOYMENT)} ({_RATIO})",
            "Share of its memory that the fullest replica uses, 0 to 1.",
            examples=(
                Example(
                    "the fullest of two, another deployment's apart",
                    {
                        f'{_RATIO}{{replica="r1"}}': 0.5,
                        f'{_RATIO}{{replica="r2"}}': 0.75,
                        f'{_RATIO}{{deployment_id="d-two",replica="r3"}}': 0.9,
                    },
                    "5m",
                    {_LARGEST: 0.75, f'{_LARGEST}{{deployment_id="d-two"}}': 0.9},
                ),
            ),
        ),
        Record(
            _FULL,
            # A replica that grew by a tenth within the window has just loaded its model: that rise says nothing about the next hours.
            f"""
            (1 - {_RATIO}) / (deriv({_RATIO}[30m]) > 0)
            and (min_over_time({_RATIO}[30m]) >= 0.9 * {_RATIO})
            """,
            "When the replica's memory will be full at the rise of the last 30 minutes, seconds from now; absent while it does not rise.",
            examples=_FULL_EXAMPLES,
        ),
        Record(
            "serving:memory_limit_bytes:for_memory_near_limit",
            f"""
            1.3 * max_over_time({_LARGEST}[1h]) * serving:memory_limit_bytes:current
            and (max_over_time({_LARGEST}[1h]) > $ratio)
            """,
            "Memory that an instance should have, bytes: 1.3 times the peak of the last hour, which outlives the restart that it causes.",
            examples=(
                Example(
                    "the peak half an hour ago",
                    {_LARGEST: "0.99x20 0.5x68 0.96875 0.5x60", "serving:memory_limit_bytes:current": 1024},
                    "120m",
                    {"serving:memory_limit_bytes:for_memory_near_limit": 1.3 * 0.96875 * 1024},
                ),
                Example("the threshold itself is not beyond it", {_LARGEST: 0.95, "serving:memory_limit_bytes:current": 1024}, "120m", {}),
                Example(
                    "more than an hour ago",
                    {_LARGEST: "0.5x50 0.99 0.5x90", "serving:memory_limit_bytes:current": 1024},
                    "120m",
                    {},
                ),
            ),
        ),
        Record(
            "serving:batch_size_ratio:for_memory_near_limit",
            f"0.9 / (max_over_time({_LARGEST}[1h]) > $ratio)",
            "Share of its present size to which the batch should be cut for the peak of the last hour to come down to 90 % of the memory, "
            "0 to 1.",
            examples=(
                Example(
                    "the peak half an hour ago",
                    {_LARGEST: "0.99x20 0.5x68 0.96 0.5x60"},
                    "120m",
                    {"serving:batch_size_ratio:for_memory_near_limit": 0.9 / 0.96},
                ),
                Example("the threshold itself is not beyond it", {_LARGEST: 0.95}, "120m", {}),
                Example("more than an hour ago", {_LARGEST: "0.5x50 0.99 0.5x90"}, "120m", {}),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingMemoryNearLimit",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            ({_RATIO} > $ratio)
            and (
              ({_RATIO} > $certain_ratio)
              or
              ({_FULL} < $horizon_seconds)
            )
            unless {_ON} serving:development:flag
            """,
            for_="5m",
            keep_firing_for="10m",
            summary="A replica has nearly used up its memory.",
            description=name_of
            + ": replica {{ $labels.replica }} uses {{ $value | humanizePercentage }} of its "
            + value_of("serving:memory_limit_bytes:current", form='humanize1024 | printf "%sB"')
            + " of memory"
            + value_of(
                _FULL, labels=REPLICA, form="humanizeDuration", otherwise="", before=" and fills it in about ", after=" at the present rise"
            )
            + ". At the limit it is killed with every request on it. Choose an instance type with at least "
            + value_of("serving:memory_limit_bytes:recommended", form='humanize1024 | printf "%sB"')
            + ", or cut the batch to "
            + value_of("serving:batch_size_ratio:for_memory_near_limit", form="humanizePercentage")
            + " of its size.",
            scope=Scope.REPLICA,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    f'{_RATIO}{{replica="r1"}}': 0.97,
                    f'{_FULL}{{replica="r1"}}': 5400,
                    "serving:memory_limit_bytes:current": 17_179_869_184,
                    "serving:memory_limit_bytes:recommended": 21_663_814_000,
                    "serving:batch_size_ratio:for_memory_near_limit": 0.9278,
                },
                quiet={f'{_RATIO}{{replica="r1"}}': 0.5},
                description="chat (production), deployment d-one: replica r1 uses 97% of its 16GiB of memory and fills it in about 1h 30m "
                "0s at the present rise. At the limit it is killed with every request on it. Choose an instance type with at least "
                "20.18GiB, or cut the batch to 92.78% of its size.",
                labels={"replica": "r1"},
                cases=(
                    Case("exactly 95 %", Outcome.UNDER, {_ONE: 0.95}),
                    Case("a little more", Outcome.AT, {_ONE: 0.951}, fires=True),
                    Case("exactly 98 %, and flat", Outcome.UNDER, {_ONE: 0.98, _ONE_FULL: None}),
                    Case("a little more, and flat", Outcome.AT, {_ONE: 0.981, _ONE_FULL: None}, fires=True, description=_FLAT),
                    Case("just less than six hours", Outcome.AT, {_ONE_FULL: 21_599}, fires=True),
                    Case("six hours", Outcome.UNDER, {_ONE_FULL: 21_600}),
                    Case("flat since the load", Outcome.GUARD, {_ONE: 0.96, _ONE_FULL: None}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("at zero there is no replica", Outcome.ZERO, {_ONE: None, _ONE_FULL: None}),
                    Case("without the instance types there is no share", Outcome.ABSENT, {_ONE: None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingMemoryNearLimit": Runbook(
            meaning="A replica's container has used more than 95 % of its instance's memory for five minutes and will fill it within six "
            "hours at the rise of the last half hour; or more than 98 %, rising or not.",
            impact="At the limit the kernel kills the container: its requests end in 502, its slots are gone for a whole load. If every "
            "replica fills at the same pace they die together.",
            confirm=(
                Query(
                    "The share in use, each replica: a steady climb, a plateau, or spikes.",
                    'serving_replica:memory_ratio:max{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Hours until it is full at the present rise.",
                    'serving_replica:memory_full_seconds:estimate{model_id=~"$model_id",deployment_id=~"$deployment_id"} / 3600',
                ),
                Query(
                    "GPU memory is another matter: engines fill it on purpose.",
                    'serving_replica:gpu_memory_bytes:max{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Size of the responses: larger requests than usual?",
                    'serving:response_bytes:mean15m{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Has it been killed already?",
                    'serving:restarts:sum2h{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
            ),
            causes=(
                Cause(
                    "Leak",
                    "A straight climb since the container started, at any load.",
                    "Find it in the code; until then terminate the fullest replica in a quiet hour (`DELETE "
                    "/v1/models/{model_id}/deployments/{deployment_id}/replicas/{replica_id}`), one after the other.",
                ),
                Cause(
                    "Batch or requests too large",
                    "It follows the requests in flight or the size of responses.",
                    "A smaller batch in the engine's configuration, with `concurrency_target` lowered to match, or a limit on the size of "
                    "a request.",
                ),
                Cause(
                    "Instance too small",
                    "A plateau close to the limit right after loading.",
                    "An instance type with at least the recommended memory (`instance_type` of a new deployment).",
                ),
            ),
            fix="Deploy with an instance type of at least 1.3 times the observed peak, or cut the batch to the printed share. Both take a "
            "new start, so do it before the kernel does.",
            lies=(
                "Needs the instance types (source `prices`): without the limit there is no share, and no alert.",
                (
                    "The working set counts pages that the kernel could drop; a container that maps its weight files may rest at 99 % for "
                    "ever. Raise `certain_ratio` for such a model."
                ),
                (
                    "A rise of more than a tenth within half an hour is taken for the load of the model; such a container is seen "
                    "from 98 % on."
                ),
            ),
        ),
    },
    fires_on=("memory-leak",),
    silent_on=("diurnal", "one-restart", "promotion", "development"),
)
