"""A world so small that every value on the API can be computed by hand. It needs no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from serving_simulator.fleet import Fleet, Key
from serving_simulator.views import (
    AsyncQueueView,
    AuditEventView,
    AutoscalingSettings,
    ChainDeploymentView,
    ChainletView,
    ChainView,
    DeploymentView,
    EnvironmentView,
    FeedFamily,
    FeedPage,
    HistoryWindow,
    ModelView,
    PhaseView,
    PromotionView,
    StartupView,
    UsageView,
)

START = 1_790_000_000.0
CREATED = START - 86_400
BOUNDS = (0.1, 1.0, 10.0)
SETTINGS = AutoscalingSettings(min_replica=1, max_replica=4, concurrency_target=8)

KEYS = (
    Key(key="full.secret", type="PERSONAL", name="everything"),
    Key(key="team.secret", type="WORKSPACE_MANAGE_ALL", name="team"),
    Key(key="export.secret", type="WORKSPACE_EXPORT_METRICS", name="export"),
    Key(key="scoped.secret", type="WORKSPACE_EXPORT_METRICS", name="export one", models=("chat",)),
    Key(key="invoke.secret", type="WORKSPACE_INVOKE", name="invoke one", models=("modela",)),
    Key(key="keys.secret", type="WORKSPACE_MANAGE_API_KEYS", name="keys"),
)
FLEET = Fleet(keys=KEYS)


def deployment(name: str, model: str, **changes: Any) -> DeploymentView:
    plain = DeploymentView(
        id=name,
        name=f"name-of-{name}",
        model_id=model,
        created_at=CREATED,
        is_production=False,
        is_development=False,
        status="ACTIVE",
        active_replica_count=2,
        autoscaling_settings=SETTINGS,
        instance_type_name="L4:4x16",
        environment=None,
        labels=None,
        region=None,
        backpressure_policy=None,
    )
    return replace(plain, **changes)


class FakeWorld:
    """Two models with four deployments, one chain. Nothing happens unless a test makes it happen."""

    def __init__(self, start: float = START) -> None:
        self.start = start
        self.now = start
        self.steps: list[float] = []
        self.actions: list[Mapping[str, Any]] = []
        self.http_faults: list[dict[str, Any]] = []
        self.model_list = [
            ModelView("modela", "chat", CREATED, "default", 3, "prod1", "dev1", "L4:4x16"),
            ModelView("modelb", 'odd "name"\\', CREATED + 0.25, "default", 1, None, None, "H100"),
        ]
        labels = {"team": "search", "nested": {"a": [1, None]}}
        self.deployment_list = [
            deployment("prod1", "modela", is_production=True, environment="production", region="us", labels=labels),
            deployment(
                "cand1", "modela", environment="production", status="LOADING_MODEL", active_replica_count=0, autoscaling_settings=None
            ),
            deployment("dev1", "modela", is_development=True, backpressure_policy="REJECT_ON_FULL"),
            deployment("old1", "modelb", status="INACTIVE", active_replica_count=0, instance_type_name=None),
        ]
        self.startup_list = [self.startup(number) for number in range(7)]
        self.event_list = [self.event(number) for number in range(45)]
        self.histories = {name: self.history_of(name) for name in ("prod1", "cand1", "dev1", "old1")}
        self.queued = 12

    @staticmethod
    def startup(number: int, **changes: Any) -> StartupView:
        """One attempt for each 100 s, each 10 s longer than the one before; every third fails; the youngest is open."""
        duration = 30.0 + 10 * number
        began = START - 1000 + 100 * number
        phases = (PhaseView("SCHEDULING", "COMPLETED", 0, 10.0), PhaseView("IMAGE_PULL", "COMPLETED", 10, 0.0))
        ended = number < 6
        failed = ended and number % 3 == 2
        last = PhaseView("READINESS", ("FAILED" if failed else "COMPLETED") if ended else None, 10, duration - 10 if ended else None)
        view = StartupView(
            model_id="modela",
            deployment_id="prod1" if number % 2 == 0 else "cand1",
            deployment_name="name-of-prod1" if number % 2 == 0 else "name-of-cand1",
            environment="production",
            replica_id=f"rep{number}",
            started_at=began,
            ready_at=began + duration if ended and not failed else None,
            duration=duration,
            outcome=("FAILED" if failed else "SUCCESS") if ended else None,
            phases=(*phases, last),
        )
        return replace(view, **changes)

    @staticmethod
    def event(number: int) -> AuditEventView:
        names = {"model_id": "modela", "model_name": "chat", "deployment_id": f"dep{number}", "deployment_name": f"deployment-{number}"}
        if number % 5 == 0:
            return AuditEventView(
                f"evt{number:03}", START - 4500 + 100 * number, "MODEL_DEPLOYMENT_PROMOTED", {**names, "environment_name": "production"}
            )
        if number % 5 == 1:
            settings = {name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}
            kind = "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED"
            return AuditEventView(f"evt{number:03}", START - 4500 + 100 * number, kind, {**names, **settings}, "UI", "USER")
        kind = "MODEL_DEPLOYMENT_ACTIVATED" if number % 2 else "MODEL_DEPLOYMENT_DEACTIVATED"
        return AuditEventView(f"evt{number:03}", START - 4500 + 100 * number, kind, names, "API")

    @staticmethod
    def history_of(name: str) -> HistoryWindow:
        """Two hours up to one hour after the start: one request each 30 s, of 0.5 s; replicas alternate 1, 3; cand1 is a tenth of prod1."""
        times = tuple(START - 7200 + 30.0 * i for i in range(361))
        count = range(361)
        if name == "old1":
            return HistoryWindow(times, {"baseten_replicas_active": (0.0,) * 361}, {}, {})
        return HistoryWindow(
            times=times,
            gauges={
                "baseten_replicas_active": tuple(1.0 if i % 2 == 0 else 3.0 for i in count),
                "baseten_concurrent_requests": (4.0,) * 361,
            },
            counters={
                "baseten_inference_requests_total": {"200": tuple(float(i) for i in count), "502": tuple(float(i // 10) for i in count)},
                "baseten_container_cpu_usage_seconds_total": {"": tuple(60.0 * i for i in count)},
                "baseten_container_restarts_total": {"": tuple(float(i % 100) for i in count)},
            },
            histograms={
                "baseten_end_to_end_response_time_seconds": (
                    BOUNDS,
                    tuple((0.0, float(i), 0.0, 0.0) for i in count),
                    tuple(0.5 * i for i in count),
                )
            },
        )

    def advance(self, to: float) -> None:
        if to > self.now:
            self.steps.append(to - self.now)
            self.now = to

    def models(self) -> Sequence[ModelView]:
        return self.model_list

    def _require_model(self, model_id: str) -> None:
        if all(model.id != model_id for model in self.model_list):
            raise KeyError(model_id)

    def deployments(self, model_id: str) -> Sequence[DeploymentView]:
        self._require_model(model_id)
        return [view for view in self.deployment_list if view.model_id == model_id]

    def environments(self, model_id: str) -> Sequence[EnvironmentView]:
        self._require_model(model_id)
        if model_id == "modelb":
            return [EnvironmentView("production", "modelb", CREATED, None, None, None, SETTINGS, "H100", None)]
        schedule = {
            "id": "sched1",
            "name": "nights",
            "enabled": True,
            "cadence": "DAILY",
            "weekdays": ["MONDAY"],
            "start_hour": 20,
            "start_minute": 0,
            "end_hour": 6,
            "end_minute": 30,
            "autoscaling_settings": {
                "min_replica": 0,
                "max_replica": 2,
                "autoscaling_window": None,
                "scale_down_delay": None,
                "concurrency_target": None,
                "target_utilization_percentage": None,
                "target_in_flight_tokens": None,
                "max_scale_down_rate": None,
            },
        }
        promotion = PromotionView("RAMPING_UP", 25, None, rolling_deploy=True)
        view = EnvironmentView("production", "modela", CREATED, "prod1", "cand1", promotion, SETTINGS, "L4:4x16", "QUEUE_ON_FULL")
        return [
            replace(
                view,
                promotion_settings={"rolling_deploy": True, "rolling_deploy_config": {"max_surge_percent": 10}},
                schedule_timezone="Europe/Paris",
                schedules=(schedule,),
                applied_schedule_id="sched1",
                applied_settings=replace(SETTINGS, min_replica=0, max_replica=2),
            )
        ]

    def chains(self) -> Sequence[ChainView]:
        return [ChainView("chain1", "transcribe", CREATED, "default", 1)]

    def chain_deployments(self, chain_id: str) -> Sequence[ChainDeploymentView]:
        if chain_id != "chain1":
            raise KeyError(chain_id)
        chainlets = (
            ChainletView("let1", "Split", SETTINGS, "4x16", 1, "ACTIVE"),
            ChainletView("let2", "Speak", None, "H100", 0, "DEPLOYING"),
        )
        return [ChainDeploymentView("chdep1", "chain1", CREATED, "production", "ACTIVE", chainlets)]

    def async_queue(self, deployment_id: str) -> AsyncQueueView:
        model = next((view.model_id for view in self.deployment_list if view.id == deployment_id), None)
        if model is None:
            raise KeyError(deployment_id)
        return AsyncQueueView(model, deployment_id, self.queued, 3)

    def startups(self, deployment_ids: Sequence[str], start: float, end: float) -> Sequence[StartupView]:
        return [view for view in self.startup_list if view.deployment_id in deployment_ids and start <= view.started_at <= end]

    def audit_events(self) -> Sequence[AuditEventView]:
        return self.event_list

    def usage(self, start_date: str, end_date: str) -> Sequence[UsageView]:
        days = [day for day in ("2026-09-20", "2026-09-21") if start_date <= day <= end_date]
        return [
            *(
                UsageView("prod1", "MODEL_DEPLOYMENT", "name-of-prod1", "chat", "L4:4x16", "production", day, 60, 0.8484, 120)
                for day in days
            ),
            *(UsageView("gone1", "MODEL_DEPLOYMENT", "gone", "chat", "H100", None, day, 1, 0.10833, 0) for day in days[:1]),
        ]

    def feed_page(self) -> FeedPage:
        """A page that changes every 30 s; the value of the gauge is its number."""
        number = int((self.now - self.start) // 30)
        if getattr(self, "_page", None) is None or self._number != number:
            self._number, self._page = number, self._build(number)
        return self._page

    def _build(self, number: int) -> FeedPage:
        def labels(view: DeploymentView, *extra: tuple[str, str]) -> tuple[tuple[str, str], ...]:
            name = next(model.name for model in self.model_list if model.id == view.model_id)
            return (
                ("model_id", view.model_id),
                ("model_name", name),
                ("deployment_id", view.id),
                *extra,
                ("environment", view.environment or ""),
            )

        live = [view for view in self.deployment_list if view.status != "INACTIVE"] + [self.deployment_list[-1]]
        histogram = [
            ("_bucket", (*labels(live[0], ("status_code", "200")), ("le", bound)), value)
            for bound, value in (("0.1", 1.0), ("1", 5.0), ("+Inf", 5.0))
        ]
        histogram += [("_sum", labels(live[0], ("status_code", "200")), 2.75), ("_count", labels(live[0], ("status_code", "200")), 5.0)]
        families = (
            FeedFamily(
                "baseten_concurrent_requests", "gauge", "In-flight\nrequests.", tuple(("", labels(view), float(number)) for view in live)
            ),
            FeedFamily("baseten_end_to_end_response_time_seconds", "histogram", "Latency.", tuple(histogram)),
            FeedFamily("vllm:num_requests_running", "gauge", "Running.", (("", (("deployment_id", "prod1"), ("replica", "abcde")), 0.5),)),
            FeedFamily("baseten_container_restarts_total", "counter", "Restarts.", (("", labels(live[0]), 1e6),)),
        )
        return FeedPage(observed_at=self.start + 30 * number - 20, built_at=self.start + 30 * number, families=families)

    def history(self, deployment_id: str, start: float, end: float) -> HistoryWindow:
        full = self.histories[deployment_id]
        inside = [index for index, time in enumerate(full.times) if start <= time <= end]

        def cut(values: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(values[index] for index in inside)

        return HistoryWindow(
            cut(full.times),
            {name: cut(values) for name, values in full.gauges.items()},
            {name: {label: cut(values) for label, values in labels.items()} for name, labels in full.counters.items()},
            {name: (bounds, cut(counts), cut(totals)) for name, (bounds, counts, totals) in full.histograms.items()},
        )

    def truth(self, deployment_id: str) -> Mapping[str, Any]:
        if deployment_id not in {"let1", "let2", *(view.id for view in self.deployment_list)}:
            raise KeyError(deployment_id)
        return {"active": 2, "in_flight": 7}

    def act(self, action: Mapping[str, Any]) -> None:
        if action.get("deployment") == "nope":
            raise KeyError("nope")
        if action.get("action") not in ("settings", "promote", "activate", "deactivate", "terminate", "load", "delete"):
            raise ValueError("action: unknown")
        self.actions.append(action)

    def due_http_faults(self) -> Sequence[Mapping[str, Any]]:
        due, self.http_faults = self.http_faults, []
        return due
