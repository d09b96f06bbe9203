"""The pages of telemetry."""

from __future__ import annotations

from serving_rules.model import (
    Cause,
    Query,
    Runbook,
)

__all__ = ["RUNBOOKS"]

RUNBOOKS = {
    "ServingExporterDown": Runbook(
        meaning="An exporter reported this workspace within the last week, and none does now.",
        impact="Nothing is known about the workspace's deployments, and their alerts cannot fire.",
        confirm=(
            Query("When it was last seen.", "serving_workspace:exporter_seen_timestamp_seconds:last"),
            Query("Whether Prometheus reaches the exporter.", "up"),
        ),
        causes=(
            Cause("The exporter is not running", "`up` of its target is 0.", "Start it; its log says why it ended."),
            Cause("Prometheus does not scrape it", "There is no such target.", "Restore the scrape configuration."),
            Cause(
                "The workspace left the configuration",
                "Others are still reported.",
                "Nothing: the alert ends after a week, or silence it.",
            ),
        ),
        fix="Bring the exporter back (`serving-exporter check` tells what is wrong with configuration and keys).",
        lies=("A workspace that was renamed or taken away on purpose is missed for a week.",),
    ),
    "ServingSourceFailing": Runbook(
        meaning="Every poll of this source has failed for five minutes.",
        impact="Without the feed nothing is known about load, and almost every alert falls silent; without the inventory, what needs "
        "settings does.",
        confirm=(
            Query("Which sources fail.", "serving_workspace:source_up:max == 0"),
            Query("Since when.", "serving_workspace:source_age_seconds:now"),
            Query("Whether it is refused for too many requests.", "serving_workspace:source_throttled:increase15m"),
        ),
        causes=(
            Cause(
                "Key refused",
                "The exporter's log and its status page say 401 or 403.",
                "Put a valid key into the key file; it is read again at once.",
            ),
            Cause("Too many requests", "ServingApiThrottled fires.", "Find who else polls the feed."),
            Cause("The platform's API is down", "5xx or timeouts in the log.", "Wait; look at the platform's status page."),
        ),
        fix="Follow the cause on the exporter's status page, which shows the last error of each source.",
        lies=("A source that is not permitted to the key is not called failing.",),
    ),
    "ServingSourceStale": Runbook(
        meaning="The source has not succeeded for five minutes and three of its intervals, and yet its last poll did not fail.",
        impact="Its numbers are old; they leave the page soon.",
        confirm=(
            Query("Age of each source.", "serving_workspace:source_age_seconds:now"),
            Query("The cadence in force.", "serving_workspace:source_interval_seconds:max"),
        ),
        causes=(
            Cause("A poll hangs", "One source only.", "Restart the exporter, and report it."),
            Cause("The exporter is starved", "All sources, little CPU.", "Give it more CPU."),
            Cause("Clocks disagree", "`serving_exporter_clock_skew_seconds` is large.", "Set the host's clock."),
        ),
        fix="Restart the exporter when its status page shows a poll that does not end.",
        lies=("A clock that jumped makes every source look old for a moment.",),
    ),
    "ServingApiThrottled": Runbook(
        meaning="The platform answered three or more polls of this source with 429 within a quarter of an hour.",
        impact="The source is read less often than it should be, and fails when it is refused every time.",
        confirm=(
            Query("Which source.", "serving_workspace:source_throttled:increase15m > 0"),
            Query("The exporter's own requests by answer.", 'serving_exporter_api_requests_total{code="429"}'),
            Query("Time that requests waited for their budget.", "serving_exporter_api_budget_wait_seconds_total"),
        ),
        causes=(
            Cause(
                "A second client polls the feed",
                "The exporter sends four requests a minute or fewer.",
                "Let it scrape the exporter instead.",
            ),
            Cause(
                "Two exporters with keys of one organization",
                "Both are refused.",
                "Name the `organization` in both configurations, or run one.",
            ),
        ),
        fix="One client for the feed. The budget of six requests a minute is the organization's, not the key's.",
        lies=("After a deploy of the platform a few refusals may come without reason.",),
    ),
    "ServingSettingsStale": Runbook(
        meaning="The inventory (settings, status, names) was last read completely more than fifteen minutes ago.",
        impact="Recommendations compare with settings that somebody may have changed since.",
        confirm=(Query("Age of the inventory.", 'serving_workspace:source_age_seconds:now{source="inventory"}'),),
        causes=(
            Cause("The management API fails", "ServingSourceFailing fires for the inventory.", "See there."),
            Cause("A very large organization", "The budget of the management API is spent.", "Raise the budget, or split the workspace."),
        ),
        fix="See ServingSourceFailing.",
        lies=("With a very slow budget fifteen minutes may be normal: raise `settings_seconds`.",),
    ),
    "ServingPodHealthBlind": Runbook(
        meaning="Deployments run, and not one exports restarts or readiness: the platform's pod-health feature flag is off.",
        impact="Crash loops and unready replicas are seen only through start-ups, status codes and status.",
        confirm=(Query("Any readiness at all?", "count(serving:pods:max)"),),
        causes=(
            Cause(
                "The flag is off",
                "No deployment of the organization has the series.",
                "Ask the platform's support for the pod-health metrics.",
            ),
        ),
        fix="Ask for the flag, or switch this alert off.",
        lies=("A feed filter of the exporter that drops the families looks the same.",),
    ),
    "ServingReplicaCountsDisagree": Runbook(
        meaning="The management API and the feed have counted different numbers of active replicas for more than half an hour, and "
        "both stood still.",
        impact="Alerts that compare replicas with bounds may be wrong for this deployment.",
        confirm=(
            Query("What the API says.", 'serving:api_active_replicas:max{model_id=~"$model_id"}'),
            Query("What the feed says.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("The feed lost the deployment", "Zero in the feed, more in the API.", "Report it to the platform."),
            Cause("The inventory is old", "ServingSettingsStale fires.", "See there."),
        ),
        fix="Believe the one that agrees with the requests in flight, and report the other to the platform.",
        lies=("Replicas that serve but are being drained may be counted by one side only.",),
    ),
}
