"""The pages of status."""

from __future__ import annotations

from serving_rules.model import (
    Cause,
    Query,
    Runbook,
)

__all__ = ["RUNBOOKS"]

RUNBOOKS = {
    "ServingDeploymentUnhealthy": Runbook(
        meaning="The management API has given the status UNHEALTHY for five minutes: replicas fail their health checks or restart.",
        impact="Requests meet replicas that do not answer, or wait for others. Failing replicas are billed like healthy ones.",
        confirm=(
            Query("The status and how long it has lasted.", 'serving:status_age_seconds:now{model_id=~"$model_id"}'),
            Query("Restarts: a crash loop has its own alert.", "serving:restarts:sum2h"),
            Query("Errors that users see.", 'serving:requests_by_code:rate5m{status_code=~"5.."}'),
            Query("Open start-ups by phase.", "serving:starting_in_phase:max"),
        ),
        causes=(
            Cause("Crash loop", "Restarts or failed start-ups beside the status.", "See ServingRestartLoop."),
            Cause(
                "Health check fails under load",
                "No restarts, requests in flight at the slots' limit.",
                "Make the model's health check cheap, or lower `concurrency_target`.",
            ),
            Cause("Bad version", "It began with a deploy or a promotion.", "Roll back: promote the previous deployment."),
        ),
        fix="Read the deployment's logs around the time when the status changed. If a version is new, promote the previous one; "
        "otherwise follow the cause.",
        lies=(
            "The status is polled, every 30 seconds to 5 minutes by activity: it may lag behind by that much.",
            "One unready replica among many may be enough for the platform to say UNHEALTHY while users notice little.",
        ),
    ),
    "ServingDeploymentFailed": Runbook(
        meaning="A build or a deploy failed; the deployment will not serve by itself.",
        impact="None for users while an environment points elsewhere. The release that somebody started did not happen.",
        confirm=(
            Query("Which status.", 'serving:status:current{status=~"DEPLOY_FAILED|BUILD_FAILED|FAILED",model_id=~"$model_id"}'),
            Query("Does an environment point at it?", 'serving_environment:deployment:info{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("The image does not build", "BUILD_FAILED.", "Read the build log; requirements and base image are the usual reasons."),
            Cause(
                "The model does not load",
                "DEPLOY_FAILED, start-ups that fail in a late phase.",
                "Read the log of `load()`: memory, weights, secrets.",
            ),
            Cause("No hardware", "DEPLOY_FAILED after a long wait in scheduling.", "Another instance type or region."),
        ),
        fix="Fix the cause and deploy again; deactivate or delete the failed deployment, which also ends this alert.",
        lies=("Failed deployments keep their status for ever: one that nobody needs should be deleted.",),
    ),
    "ServingDeploymentStuck": Runbook(
        meaning="The deployment has been deploying, loading, waking or updating for longer than twenty minutes and than twice its "
        "own start-up time.",
        impact="From zero, users wait or fail. A release waits.",
        confirm=(
            Query("How long.", 'serving:status_age_seconds:now{model_id=~"$model_id"}'),
            Query("In which phase the start-ups hang.", "serving:starting_in_phase:max"),
            Query("How the last start-ups ended.", "serving:startups:increase1h"),
        ),
        causes=(
            Cause(
                "No hardware",
                "Start-ups open in the phase `scheduling`.",
                "Another instance type or region; ask the platform's support.",
            ),
            Cause("Slow weights", "The phase `weight_download` dominates.", "Mirror the weights through the platform's delivery network."),
            Cause("It crashes on load", "Start-ups that fail in `container_start` or `readiness`.", "Read the log of `load()`."),
        ),
        fix="Tell the three causes apart by the phase; without the start-ups API, look at the deployment's log: no line at all means "
        "no hardware.",
        lies=(
            "Very large models may take longer than twenty minutes on a first deploy: set `stuck_seconds` for the model.",
            "The time counts from when the exporter first saw the status; a restart without a state file begins anew.",
        ),
    ),
    "ServingDeploymentNeverStarted": Runbook(
        meaning="Within two hours the deployment was deploying, and it is inactive now; it was never active in between.",
        impact="The release did not happen, and nothing says so: there is no failed status and often no log.",
        confirm=(
            Query("It is inactive.", 'serving:status:current{status="INACTIVE",model_id=~"$model_id"}'),
            Query("How its start-ups ended.", "serving:startups:increase1h"),
        ),
        causes=(
            Cause("It never got hardware", "No log lines, start-ups that stalled.", "Another instance type or region."),
            Cause("Somebody stopped it", "An entry in the audit log.", "Nothing: it was meant."),
        ),
        fix="Deploy again on an instance type that is to be had; ask the platform's support for the scarce one.",
        lies=("A deactivation that falls between two polls of the status looks the same.",),
    ),
    "ServingEnvironmentBroken": Runbook(
        meaning="The environment's current deployment has a failed status, and another deployment of the same model is active.",
        impact="Every request to the environment fails.",
        confirm=(
            Query("Where the environment points.", 'serving_environment:deployment:info{model_id=~"$model_id"}'),
            Query("The status of the model's deployments.", 'serving:status:current{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("The first deployment failed", "The environment has never served.", "Promote the active deployment."),
            Cause("A deploy broke what served", "It served before.", "Promote the previous deployment."),
        ),
        fix="Promote the active deployment to the environment (`POST /v1/models/{model_id}/environments/{environment}/promote`).",
        lies=("An environment that nobody uses any more may point anywhere: delete it.",),
    ),
}
