"""The page of ServingSettingsLint: every lint with the request that ends it."""

from __future__ import annotations

from serving_rules.detections.settings_lint.lints import FINDING, LINTS
from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

_EXAMPLES = {
    "max_one_on_production": 3,
    "min_low_on_production": 2,
    "delay_zero": 900,
    "delay_short": 900,
    "window_short": 60,
    "window_beyond_delay": 60,
    "utilization_high_with_bursts": 60,
    "target_one_with_batching_engine": 32,
    "ceiling_far_above_need": 12,
    "pinned_and_over_provisioned": 2,
    "development_at_capacity": 3,
    "zero_floor_with_slow_start": 1,
}
"""Lint to a value that it might ask for; the alert has the one to set."""


def _table() -> str:
    rows = [f'| `{lint.name}` | {lint.problem} | `{{"{lint.field}": {_EXAMPLES[lint.name]}}}` | {lint.reason} |' for lint in LINTS]
    return "\n".join(("| Lint | What is wrong | Body (example) | Why this value |", "|---|---|---|---|", *rows))


RUNBOOK = Runbook(
    meaning="For an hour a setting of a deployment that had replicas within the last day has had a value that is known to cause "
    "trouble. The label `lint` says which, "
    "`field` names the setting, and the alert's value is the value to set.",
    impact="Nothing hurts now, or other alerts would say so. These are the settings that incidents are later traced to.",
    confirm=(
        Query("Every finding of this model, with the value to set.", f'{FINDING}{{model_id=~"$model_id"}}'),
        Query(
            "Floor and ceiling now.",
            'serving:min_replicas:current{model_id=~"$model_id"} or serving:max_replicas:current{model_id=~"$model_id"}',
        ),
        Query("Most replicas that the load asked for in a week.", 'serving:desired_replicas:peak7d{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "A default",
            "The value is the platform's default (max_replica 1, concurrency_target 1, min_replica 0).",
            "Set the recommended value.",
        ),
        Cause(
            "An old deployment",
            "scale_down_delay 0 with autoscaling_window 1200: the defaults of former years.",
            "Set scale_down_delay 900 and autoscaling_window 60.",
        ),
        Cause(
            "On purpose",
            "Somebody decided so, for example a production model that may be cold.",
            "Say so in the overrides file: `production_floor: 0` for that model, or disable the alert for it.",
        ),
    ),
    fix="Send the body with the alert's value to `PATCH /v1/models/{model_id}/deployments/{deployment_id}/autoscaling_settings`; "
    "fields that are left out stay as they are, "
    "and several findings of a deployment may go into one request (a floor of 2 needs a ceiling of at least 2). The answer is "
    "`ACCEPTED`, `QUEUED` or `UNCHANGED`; the "
    "change is applied later. A deployment in an environment takes the environment's settings at the next promotion: change them there "
    "too, with "
    '`PATCH /v1/models/{model_id}/environments/{env_name}` and the body `{"autoscaling_settings": {...}}`. A development deployment '
    "has no bounds to change: "
    '`POST /v1/models/{model_id}/environments/production/promote` with `{"deployment_id": "{deployment_id}"}`, then set the ceiling of '
    "the environment.\n\n" + _table(),
    lies=(
        (
            "What is not exported is not looked at: `predict_concurrency`, `max_batch_size`, the thresholds of health checks, and which "
            "embedding engine runs (its utilization "
            "should be about 25 %)."
        ),
        "vLLM and SGLang are known by the prefix of their series alone; an engine that hides them is not found.",
        (
            "A backlog counts as need. After an incident `ceiling_far_above_need` may be silent for a week, and `max_one_on_production` "
            "may ask for 10."
        ),
        "A schedule changes settings by the hour: a finding that comes and goes within an hour is never reported.",
    ),
)
