"""The table of lints: for each its name, the setting, when it is found, and the value to set.

The value of a finding is the value to set, so that the alert is the request body: ``{"<field>": <value>}``. A lint that needs a history
does not speak before it has one; none looks at a state that comes and goes within an hour, so that findings do not flap.
"""

from __future__ import annotations

from dataclasses import dataclass

from serving_rules.detections.settings_lint import lints_examples as examples
from serving_rules.guards import ELASTIC, NOT_ASYNC, NOT_DEVELOPMENT, NOT_TOKENS
from serving_rules.model import Example, Guard, Record
from serving_rules.signals.derived.hourly import DAY

__all__ = ["FINDING", "LINTS", "Lint", "record"]

FINDING = "serving:settings_lint:finding"

_DELAY = "serving:scale_down_delay_seconds:current"
_WINDOW = "serving:autoscaling_window_seconds:current"
_MIN = "serving:min_replicas:current"
_MAX = "serving:max_replicas:current"
_TARGET = "serving:concurrency_target:current"
_UTILIZATION = "serving:target_utilization_ratio:current"
_PRODUCTION = "and serving:production:flag"

_NOT_PRODUCTION = Guard(
    "NOT_PRODUCTION", "unless serving:production:flag", "A production floor of zero is found by the lint on production floors."
)

_PEAK = "ceil(1.5 * clamp_min(serving:desired_replicas:peak7d, 2))"
_NEEDED = "ceil(clamp_min(serving:desired_replicas:avg1d, 1))"


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding about one setting.

    ``field`` is the setting's name in the API, ``current`` the series of its present value and ``form`` how to print that. ``problem`` says
    what is wrong, as a clause; ``expr`` has the value to set; ``reason`` says where both come from.
    """

    name: str
    field: str
    current: str
    problem: str
    expr: str
    reason: str
    examples: tuple[Example, ...]
    form: str = 'printf "%.0f"'


LINTS = (
    Lint(
        "max_one_on_production",
        "max_replica",
        _MAX,
        "a ceiling of one replica switches autoscaling off in production",
        # Three, so that there is room above the recommended floor of two. At a ceiling of one the backlog counts as need: ten is the
        # platform's own limit.
        f"""
        (
          (clamp_max(ceil(1.5 * serving:desired_replicas:peak7d), 10) > 3)
          or {_MAX} * 0 + 3
        )
        and ({_MAX} == 1)
        {_PRODUCTION}
        {NOT_DEVELOPMENT}
        """,
        "1 is the platform's default. Set is one and a half times the week's peak need, 3 to 10.",
        examples.MAX_ONE,
    ),
    Lint(
        "min_low_on_production",
        "min_replica",
        _MIN,
        "production stands still when a single replica fails or starts",
        f"""
        {_MIN} * 0 + $production_floor
        and ({_MIN} < $production_floor)
        {_PRODUCTION}
        {NOT_DEVELOPMENT}
        """,
        "The platform's own advice for production is at least two.",
        examples.MIN_LOW,
    ),
    Lint(
        "delay_zero",
        "scale_down_delay",
        _DELAY,
        "without a delay every lull takes replicas away",
        f"""
        {_DELAY} * 0 + 900
        and ({_DELAY} == 0)
        {ELASTIC}
        {NOT_DEVELOPMENT}
        """,
        "900 s is the platform's default, with which no traffic pattern tried made replicas flap; 0 was the default of old deployments.",
        examples.DELAY_ZERO,
    ),
    Lint(
        "delay_short",
        "scale_down_delay",
        _DELAY,
        "a delay this short makes replicas flap under nearly all traffic",
        f"""
        {_DELAY} * 0 + 900
        and ({_DELAY} > 0)
        and ({_DELAY} < $short_delay_seconds)
        and ({_MAX} > 1)
        {ELASTIC}
        {NOT_DEVELOPMENT}
        """,
        "With 120 s or less nearly all patterns tried made replicas flap, with 900 s (the platform's default) none did.",
        examples.DELAY_SHORT,
    ),
    Lint(
        "window_short",
        "autoscaling_window",
        _WINDOW,
        "a window this short takes noise for load",
        f"""
        {_WINDOW} * 0 + 60
        and ({_WINDOW} < $short_window_seconds)
        {ELASTIC}
        {NOT_DEVELOPMENT}
        """,
        "60 s is the platform's default; 30 s is the least that is recommended, for bursty traffic.",
        examples.WINDOW_SHORT,
    ),
    Lint(
        "window_beyond_delay",
        "autoscaling_window",
        _WINDOW,
        "a window longer than the scale-down delay still averages load that the delay has forgotten",
        # 10 s is the least that the platform takes.
        f"""
        clamp({_DELAY}, 10, 60)
        and ({_WINDOW} > {_DELAY})
        and ({_DELAY} > 0)
        {ELASTIC}
        {NOT_DEVELOPMENT}
        """,
        "Short window, long delay is the platform's advice. Set is the delay, at most the default of 60 s.",
        examples.WINDOW_LONG,
    ),
    Lint(
        "utilization_high_with_bursts",
        "target_utilization_percentage",
        _UTILIZATION,
        "bursts find no free slots while new replicas start",
        # Below one request on average any two that meet are a burst.
        f"""
        {_UTILIZATION} * 0 + 60
        and ({_UTILIZATION} >= $high_utilization)
        and (serving:inflight_requests:peak1d > $burstiness * serving:inflight_requests:avg1d)
        and (serving:inflight_requests:avg1d >= 1)
        {ELASTIC}
        {NOT_TOKENS}
        {NOT_DEVELOPMENT}
        """,
        "50 to 60 % is recommended for traffic that doubles within a minute, 70 to 80 % for smooth traffic.",
        examples.UTILIZATION,
        form="humanizePercentage",
    ),
    Lint(
        "target_one_with_batching_engine",
        "concurrency_target",
        _TARGET,
        "the engine batches requests, and is given one at a time",
        f"""
        {_TARGET} * 0 + 32
        and ({_TARGET} == 1)
        and (count_over_time(serving:batching_engine:sampled1h[{DAY}]) > 0)
        {NOT_TOKENS}
        {NOT_DEVELOPMENT}
        """,
        "32 is the lowest start that is recommended for vLLM and SGLang; 1 is the platform's default. Raise `predict_concurrency` to "
        "it as well.",
        examples.TARGET_ONE,
    ),
    Lint(
        "ceiling_far_above_need",
        "max_replica",
        _MAX,
        "a runaway caller could start many times the replicas that were ever needed",
        # Six of seven days must be known.
        f"""
        (
          ({_PEAK} > {_MIN})
          or ({_MIN} and serving:desired_replicas:peak7d)
        )
        and ({_MAX} > $blast_ratio * clamp_min(serving:desired_replicas:peak7d, 2))
        and (serving:desired_replicas:hours7d >= 144)
        {ELASTIC}
        {NOT_ASYNC}
        {NOT_DEVELOPMENT}
        """,
        "Set is one and a half times the week's peak need: enough for growth, and a bound to what a bad night costs.",
        examples.CEILING,
    ),
    Lint(
        "pinned_and_over_provisioned",
        "min_replica",
        _MIN,
        "the fleet is pinned to a size that the load does not need",
        # With floor and ceiling alike nothing shrinks; the ceiling stays, and with it the peaks.
        f"""
        (
          ({_NEEDED} >= $production_floor)
          or ({_NEEDED} * 0 + $production_floor {_PRODUCTION})
          or {_NEEDED}
        )
        and ({_MIN} >= {_MAX})
        and (serving:active_replicas:avg1d > $surplus_ratio * clamp_min(serving:desired_replicas:avg1d, 1))
        {NOT_ASYNC}
        {NOT_DEVELOPMENT}
        """,
        "Set is what the load asked for on average over a day (in production at least two); the ceiling still covers the peaks.",
        examples.PINNED,
    ),
    Lint(
        "development_at_capacity",
        "max_replica",
        _MAX,
        "a development deployment has one replica by design and is given more than it takes; promote it",
        """
        clamp_min(ceil(serving:inflight_requests:avg1h / serving:effective_concurrency:current), 2)
        and (serving:inflight_requests:avg1h > serving:concurrency_target:current)
        and serving:development:flag
        """,
        "Set is what the load of the last hour needs, in the environment that it is promoted to: development deployments cannot be scaled.",
        examples.DEVELOPMENT,
    ),
    Lint(
        "zero_floor_with_slow_start",
        "min_replica",
        _MIN,
        "the first request after a pause waits for a long cold start, and did so within the last day",
        f"""
        {_MIN} * 0 + 1
        and ({_MIN} == 0)
        and (serving:startup_seconds:typical > $slow_start_seconds)
        and (count_over_time(serving:wake:now[1d]) > 0)
        {_NOT_PRODUCTION}
        {NOT_DEVELOPMENT}
        """,
        "One warm replica answers the first request at once. Where its cost is too high, use a schedule or shorten the start.",
        examples.ZERO_FLOOR,
    ),
)


def record(lint: Lint) -> Record:
    """Return the record of a lint: its value is the value to set."""
    labels = f'lint="{lint.name}",field="{lint.field}"'

    def key(text: str) -> str:
        return f"{FINDING}{text}" if text.startswith("{") else f"{FINDING}{{{labels},{text}}}"

    return Record(
        FINDING,
        lint.expr,
        f"Value to set for {lint.field}: {lint.problem}.",
        {"lint": lint.name, "field": lint.field},
        tuple(
            Example(each.name, each.inputs, each.at, {key(text): value for text, value in each.expect.items()}) for each in lint.examples
        ),
    )
