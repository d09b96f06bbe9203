"""Examples of ``settings``: two exporters that disagree, deployments side by side, words that change."""

from __future__ import annotations

from serving_rules.model import Example
from serving_rules.signals.baseten.samples import feed, settings

__all__ = ["AGE", "DEVELOPMENT", "ENVIRONMENT", "INFO", "MODEL", "PRODUCTION", "REJECT", "STATUS", "STATUS_AGE", "larger_of_two"]

_INFO = "baseten_deployment_info"
_ACTIVE = "baseten_replicas_active"


def larger_of_two(metric: str, signal: str) -> tuple[Example, ...]:
    """Examples of a setting: of two exporters the larger value, each deployment by itself."""
    return (
        Example(
            "two exporters, one of which has not seen the change, and another deployment",
            {settings(metric): 30, settings(metric, "b"): 20, settings(metric, deployment_id="d-two"): 7},
            "5m",
            {signal: 30, f'{signal}{{deployment_id="d-two"}}': 7},
        ),
    )


def _words(name: str = "chat", scraper: str = "a", **labels: str) -> str:
    own = {"deployment_name": "d-one", "environment": "production", "instance_type": "A10Gx4x16"}
    return settings(_INFO, scraper, model_name=name, **{**own, **labels})


def _known(**labels: str) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"serving:deployment:info{{{pairs}}}"


_NAMED = _known(model_name="chat", deployment_name="d-one", environment="production", instance_type="A10Gx4x16")
_FED = _known(model_name="chat", deployment_name="", environment="production", instance_type="")

INFO = (
    Example(
        "two exporters say the same",
        {_words(): 1, _words(scraper="b"): 1, _words(scraper="b", team="x"): 1},
        "5m",
        {_NAMED: 1},
    ),
    Example(
        "full state sets write what no longer holds as 0",
        {_words(): 1, _words("talk"): 0, _words(scraper="b"): 0, _words("talk", "b"): 0},
        "5m",
        {_NAMED: 1},
    ),
    Example(
        "each deployment has words of its own",
        {_words(): 1, _words(deployment_id="d-two", deployment_name="d-two"): 1, _words(model_id="m-two"): 1, _words(workspace="w-two"): 1},
        "5m",
        {
            _NAMED: 1,
            _NAMED.replace("{", '{model_id="m-two",'): 1,
            _NAMED.replace("{", '{workspace="w-two",'): 1,
            _known(
                deployment_id="d-two", model_name="chat", deployment_name="d-two", environment="production", instance_type="A10Gx4x16"
            ): 1,
        },
    ),
    Example(
        "the feed's words where the exporter has none; of two sets that a promotion shows, the one with more replicas",
        {
            feed(_ACTIVE): 5,
            feed(_ACTIVE, "b"): 1,
            feed(_ACTIVE, environment="", rollout_phase=""): 4,
            feed(_ACTIVE, "b", environment="", rollout_phase=""): 4,
            feed(_ACTIVE, model_id="m-two"): 4,
            feed(_ACTIVE, deployment_id="d-two"): 4,
            feed(_ACTIVE, workspace="w-two"): 4,
        },
        "5m",
        {_FED: 1, **{_FED.replace("{", f"{{{other},"): 1 for other in ('model_id="m-two"', 'deployment_id="d-two"', 'workspace="w-two"')}},
    ),
    Example(
        "the exporter's words win, for the deployments that it knows",
        {
            _words(): 1,
            feed(_ACTIVE, model_name="old"): 3,
            feed(_ACTIVE, deployment_id="d-two"): 2,
            feed(_ACTIVE, model_id="m-two"): 2,
            feed(_ACTIVE, workspace="w-two"): 2,
        },
        "5m",
        {
            _NAMED: 1,
            **{_FED.replace("{", f"{{{other},"): 1 for other in ('model_id="m-two"', 'deployment_id="d-two"', 'workspace="w-two"')},
        },
    ),
)

_MODEL = "serving_model:model:info"

MODEL = (
    Example(
        "one name for all deployments of a model",
        {_words(): 1, _words(deployment_id="d-two"): 1, _words(scraper="b"): 1},
        "5m",
        {f'{_MODEL}{{model_name="chat"}}': 1},
    ),
    Example(
        "a name that no longer holds",
        {_words(): 1, _words(scraper="b"): 0, _words("talk"): 0},
        "5m",
        {f'{_MODEL}{{model_name="chat"}}': 1},
    ),
    Example(
        "models and workspaces apart",
        {_words(): 1, _words("talk", model_id="m-two"): 1, _words("hear", workspace="w-two"): 1},
        "5m",
        {
            f'{_MODEL}{{model_name="chat"}}': 1,
            f'{_MODEL}{{model_id="m-two",model_name="talk"}}': 1,
            f'{_MODEL}{{workspace="w-two",model_name="hear"}}': 1,
        },
    ),
    Example(
        "the feed's name where the exporter has none",
        {
            feed(_ACTIVE): 3,
            feed(_ACTIVE, "b"): 1,
            feed(_ACTIVE, deployment_id="d-two", model_name="was"): 2,
            feed(_ACTIVE, deployment_id="d-three", model_name="was"): 2,
            feed(_ACTIVE, model_id="m-three"): 1,
            _words("talk", model_id="m-two"): 1,
            feed(_ACTIVE, model_id="m-two"): 2,
            feed(_ACTIVE, model_id="m-two", workspace="w-two"): 2,
        },
        "5m",
        {
            f'{_MODEL}{{model_name="chat"}}': 1,
            f'{_MODEL}{{model_id="m-two",model_name="talk"}}': 1,
            f'{_MODEL}{{model_id="m-three",model_name="chat"}}': 1,
            f'{_MODEL}{{workspace="w-two",model_id="m-two",model_name="chat"}}': 1,
        },
    ),
)

_HOME = "baseten_environment_info"


def _home(deployment_id: str, scraper: str = "a", **labels: str) -> str:
    return settings(_HOME, scraper, **{"deployment_id": deployment_id, "environment": "production", **labels})


_POINTS = "serving_environment:deployment:info"

ENVIRONMENT = (
    Example(
        "one series for each environment, whatever else is known of it",
        {
            _home("d-one", candidate_deployment_id="d-two"): 1,
            _home("d-one", "b", candidate_deployment_id="d-two"): 0,
            _home("d-one", "c", schedule="night"): 1,
            _home("d-three", environment="staging"): 1,
        },
        "5m",
        {f'{_POINTS}{{deployment_id="d-one"}}': 1, f'{_POINTS}{{environment="staging",deployment_id="d-three"}}': 1},
    ),
)


def _flag(signal: str, label: str, *others: str, value: str = "true") -> tuple[Example, ...]:
    not_so = {settings(_INFO, deployment_id=f"d-{number}", **{label: other}): 1 for number, other in enumerate(others)}
    return (
        Example(
            "one deployment of several, seen by two exporters",
            {
                settings(_INFO, **{label: value}): 1,
                settings(_INFO, "b", **{label: value}): 0,
                settings(_INFO, "c", **{label: value}): 1,
                **not_so,
                settings(_INFO, deployment_id="d-none"): 1,
            },
            "5m",
            {signal: 1},
        ),
    )


DEVELOPMENT = _flag("serving:development:flag", "is_development", "false")
PRODUCTION = _flag("serving:production:flag", "is_production", "false")
REJECT = _flag("serving:reject_policy:flag", "backpressure", "QUEUE_ON_FULL", value="REJECT_ON_FULL")


def _age(metric: str, signal: str) -> tuple[Example, ...]:
    return (
        Example(
            "by the exporter that knows of the later change",
            {settings(metric): 100, settings(metric, "b"): 400, settings(metric, deployment_id="d-two"): 0},
            "10m",
            {signal: 200, f'{signal}{{deployment_id="d-two"}}': 600},
        ),
    )


AGE = _age("baseten_deployment_created_timestamp_seconds", "serving:age_seconds:now")
STATUS_AGE = _age("baseten_deployment_status_since_timestamp_seconds", "serving:status_age_seconds:now")

_STATUS = "baseten_deployment_status"

STATUS = (
    Example(
        "full state sets: only what holds, seen by two exporters",
        {
            settings(_STATUS, status="ACTIVE"): 1,
            settings(_STATUS, "b", status="ACTIVE"): 1,
            settings(_STATUS, status="UNHEALTHY"): 0,
            settings(_STATUS, deployment_id="d-two", status="UNHEALTHY"): 1,
        },
        "5m",
        {'serving:status:current{status="ACTIVE"}': 1, 'serving:status:current{deployment_id="d-two",status="UNHEALTHY"}': 1},
    ),
)
