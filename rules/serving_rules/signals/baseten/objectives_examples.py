"""Examples of ``objectives``: every way in which a counter moves, every status code in three languages, and buckets that must be found.

Each story is an environment of its own, named after it.
"""

from __future__ import annotations

from serving_rules.model import Example, Values
from serving_rules.signals.baseten.samples import feed

__all__ = [
    "ABANDONED",
    "BOUNDS",
    "BOUND_SECONDS",
    "BY_CODE",
    "FAILED",
    "GOOD",
    "REQUESTS",
    "SLOW",
    "SLOW_INCREASE",
    "TIMED",
    "TIMED_INCREASE",
]

_REQUESTS = "serving_environment:requests:cumulative"
_BY_CODE = "serving_environment:requests_by_code:increase1m"
_SLOW = "serving_environment:slow_requests:cumulative"
_TIMED = "serving_environment:timed_requests:cumulative"
_OBJECTIVE = "serving_environment:first_byte_objective_seconds:current"


def _series(name: str, **labels: str) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def _count(environment: str, code: str = "200", is_async: str = "false", name: str = _REQUESTS, **labels: str) -> str:
    """Spell a counter of one deployment of an environment."""
    words = {"deployment_id": "d-one", "rollout_phase": "stable", "status_code": code}
    flag = {"is_async": is_async} if name == _REQUESTS else {}
    return _series(name, environment=environment, **{**words, **flag, **labels})


def _raw(code: str, scraper: str = "a", **labels: str) -> str:
    return feed("baseten_inference_requests_total", scraper, **{"status_code": code, "is_async": "false", **labels})


REQUESTS = (
    Example(
        "each deployment, code and kind apart; scrapers, and a model that was renamed, together; nothing outside of environments",
        {
            _raw("200"): 90,
            _raw("200", "b"): 80,
            _raw("200", model_name="old"): 70,
            _raw("500"): 3,
            _raw("200", is_async="true"): 5,
            _raw("200", rollout_phase="promoting"): 6,
            _raw("200", deployment_id="d-two"): 7,
            _raw("200", model_id="m-two"): 8,
            _raw("200", workspace="w-two"): 9,
            _raw("200", environment="staging"): 10,
            _raw("200", environment="", rollout_phase=""): 11,
        },
        "5m",
        {
            _count("production"): 90,
            _count("production", "500"): 3,
            _count("production", is_async="true"): 5,
            _count("production", rollout_phase="promoting"): 6,
            _count("production", deployment_id="d-two"): 7,
            _count("production", model_id="m-two"): 8,
            _count("production", workspace="w-two"): 9,
            _count("staging"): 10,
        },
    ),
)


def _stories(name: str, target: str) -> tuple[Example, ...]:
    """How a counter may move, looked at in minute 100."""
    by_code = name == _REQUESTS

    def count(story: str, **labels: str) -> str:
        return _count(story, name=name, **labels)

    def out(story: str, code: str = "200", is_async: str = "false", **labels: str) -> str:
        return _series(target, environment=story, **({"status_code": code, "is_async": is_async} if by_code else {}), **labels)

    inputs: dict[str, Values] = {
        count("steady"): "100+7x100",
        count("two deployments"): "100+7x100",
        count("two deployments", deployment_id="d-two"): "100+2x100",
        count("still"): 100,
        count("a gap of 45 minutes"): "100x54 _x45 140",
        count("a gap of 70 minutes"): "100x29 _x70 140",
        count("it begins anew"): "1000x99 3",
        count("it begins anew behind a gap of 4 minutes"): "1000x95 _x4 3",
        count("it begins anew behind a gap of 6 minutes"): "1000x93 _x6 3",
        count("a reset in the last hour"): "1000x50 3+2x49",
        count("a scraper is behind"): "100x99 50",
        count("less than half"): "100x99 49",
        count("a new code", code="404"): 900,
        count("a new code"): "_x100 4",
        count("a new code of a deployment that came a minute ago", code="404"): "_x99 900x9",
        count("a new code of a deployment that came a minute ago"): "_x100 5",
        count("it came with its past"): "_x100 500",
        count("it was promoted", rollout_phase="promoting"): "500x99 stale",
        count("it was promoted"): "_x100 600",
        count("in another model", model_id="m-two"): "100+8x100",
        count("in another workspace", workspace="w-two"): "100+9x100",
    }
    expected = {
        out("steady"): 7.0,
        out("two deployments"): 9.0,
        out("still"): 0.0,
        out("a gap of 45 minutes"): 40.0,
        out("it begins anew"): 3.0,
        out("it begins anew behind a gap of 4 minutes"): 3.0,
        out("a reset in the last hour"): 2.0,
        out("a scraper is behind"): 0.0,
        out("less than half"): 49.0,
        out("a new code"): 4.0,
        out("a new code of a deployment that came a minute ago"): 5.0,
        out("in another model", model_id="m-two"): 8.0,
        out("in another workspace", workspace="w-two"): 9.0,
    }
    if by_code:
        inputs[count("a new code that is asynchronous", code="404")] = 900
        inputs[count("a new code that is asynchronous", is_async="true")] = "_x100 6"
        expected |= {
            out("a new code", "404"): 0.0,
            out("a new code of a deployment that came a minute ago", "404"): 0.0,
            out("a new code that is asynchronous", "404"): 0.0,
            out("a new code that is asynchronous", is_async="true"): 6.0,
        }
    return (Example("how a counter may move", inputs, "100m", expected),)


_GOOD = ("101", "200", "202", "302", "1000", "1001", "1005", "0", "OK", "ok")
_FAILED = (
    *("500", "502", "503", "504", "408", "1006", "1011", "1012", "1013", "1014", "1015", "429"),
    *("2", "4", "8", "12", "13", "14", "15"),
    *("UNKNOWN", "DEADLINE_EXCEEDED", "DeadlineExceeded", "UNIMPLEMENTED", "INTERNAL", "Unavailable", "DATA_LOSS", "DataLoss"),
    *("RESOURCE_EXHAUSTED", "ResourceExhausted"),
)
_GIVEN_UP = ("499", "1", "CANCELLED", "Canceled")
_CALLERS = (
    *("400", "401", "402", "403", "404", "409", "413", "422"),
    *("1002", "1003", "1007", "1008", "1009", "1010", "3000", "4000"),
    *("3", "5", "6", "7", "9", "10", "11", "16"),
    *("INVALID_ARGUMENT", "NotFound", "PERMISSION_DENIED", "UNAUTHENTICATED", ""),
)


BY_CODE = _stories(_REQUESTS, _BY_CODE)


def _codes(target: str, codes: tuple[str, ...], by_code: bool = False) -> tuple[Example, ...]:
    """Each code that counts has a power of two of its own, so that the sum tells who is in it."""
    steps = {code: 1 << place for place, code in enumerate(codes)}
    many = 1 << 41

    def moved(code: str, is_async: str = "false", **who: str) -> str:
        return _series(_BY_CODE, status_code=code, is_async=is_async, **who)

    inputs: dict[str, Values] = {moved(code): steps.get(code, 1 << 40) for code in (*_GOOD, *_FAILED, *_GIVEN_UP, *_CALLERS)}
    # Asynchronous ones count as well; but what the asynchronous queue is refused it asks for again.
    inputs |= {moved(code, "True"): many for code in ("500", "200", "499")}
    inputs |= {moved(code, "True"): 9 for code in ("429", "ResourceExhausted")}
    inputs |= {moved(codes[0], **who): 5 for who in _NEIGHBOURS}
    counts = {code: steps[code] + many * (code in {"500", "200", "499"}) for code in codes}
    expected = {_series(target, **({"status_code": codes[0]} if by_code else {}), **who): 5.0 for who in _NEIGHBOURS}
    if by_code:
        expected |= {_series(target, status_code=code): float(count) for code, count in counts.items()}
    else:
        expected[target] = float(sum(counts.values()))
    return (Example("the codes that count", inputs, "1m", expected),)


_NEIGHBOURS: tuple[dict[str, str], ...] = ({"workspace": "w-two"}, {"model_id": "m-two"}, {"environment": "staging"})

GOOD = _codes("serving_environment:good_requests:increase1m", _GOOD)
FAILED = _codes("serving_environment:failed_requests:increase1m", _FAILED, by_code=True)
ABANDONED = _codes("serving_environment:abandoned_requests:increase1m", _GIVEN_UP)


def _bucket(bound: str, scraper: str = "a", **labels: str) -> str:
    return _time("bucket", scraper, **{"le": bound, **labels})


def _time(part: str, scraper: str = "a", **labels: str) -> str:
    words = {"status_code": "200", "is_async": "false", **labels}
    return feed(f"baseten_time_to_first_byte_seconds_{part}", scraper, **words)


_BOUNDS = "serving_workspace:first_byte_bounds:present"
_BOUND = "serving_workspace:first_byte_bound_seconds:current"

BOUNDS = (
    Example(
        "those of requests that count, each once",
        {
            _bucket("0.5"): 4,
            _bucket("0.5", "b"): 4,
            _bucket("0.5", deployment_id="d-two"): 2,
            _bucket("0.5", workspace="w-two"): 2,
            _bucket("2.5"): 9,
            _bucket("+Inf"): 9,
            _bucket("7", status_code="500"): 1,
            _bucket("8", is_async="True"): 1,
            _bucket("9", environment="", rollout_phase=""): 1,
        },
        "1m",
        {f'{_BOUNDS}{{le="0.5"}}': 1, f'{_BOUNDS}{{le="0.5",workspace="w-two"}}': 1, f'{_BOUNDS}{{le="2.5"}}': 1},
    ),
)

BOUND_SECONDS = (
    Example(
        "as numbers, however they are spelled",
        {
            f'{_BOUNDS}{{le="0.005"}}': 1,
            f'{_BOUNDS}{{le="2.5"}}': 1,
            f'{_BOUNDS}{{le="10.0"}}': 1,
            f'{_BOUNDS}{{le="1e+03"}}': 1,
            f'{_BOUNDS}{{le="60",platform="",workspace="w-two"}}': 1,
        },
        "1m",
        {
            f'{_BOUND}{{le="0.005"}}': 0.005,
            f'{_BOUND}{{le="2.5"}}': 2.5,
            f'{_BOUND}{{le="10.0"}}': 10,
            f'{_BOUND}{{le="1e+03"}}': 1000,
            f'{_BOUND}{{le="60",workspace="w-two"}}': 60,
        },
    ),
)


def _key(name: str, **labels: str) -> str:
    return _series(name, **{"deployment_id": "d-one", "rollout_phase": "stable", "status_code": "200", **labels})


def _histogram(counts: dict[str, int], scraper: str = "a", **labels: str) -> dict[str, Values]:
    """Return a histogram with these cumulative counts."""
    total = max(counts.values())
    buckets: dict[str, Values] = {_bucket(bound, scraper, **labels): count for bound, count in {**counts, "+Inf": total}.items()}
    return {**buckets, _time("count", scraper, **labels): total + 1}


_OTHERS: dict[str, Values] = {
    **_histogram({"1": 10, "2.5": 30, "5": 37, "10": 40}),
    **_histogram({"1": 9, "2.5": 25, "5": 33, "10": 38}, "b"),
    **_histogram({"2": 3, "4": 4, "8": 9}, deployment_id="d-two"),
    **_histogram({"1": 1, "2.5": 2, "5": 6}, rollout_phase="promoting"),
    **_histogram({"1": 1, "2.5": 2, "5": 10}, status_code="202"),
    **_histogram({"1": 2, "2.5": 3, "5": 3}, status_code="OK"),
    **_histogram({"1": 50, "2.5": 60, "5": 70}, status_code="500"),
    **_histogram({"1": 50, "2.5": 60, "5": 70}, is_async="True"),
    **_histogram({"1": 50, "2.5": 60, "5": 70}, environment="", rollout_phase=""),
    **_histogram({"1": 10, "2.5": 20, "5": 70}, environment="staging"),
    **_histogram({"1": 10, "2.5": 20, "5": 50}, environment="lax"),
    **_histogram({"1": 10, "2.5": 20, "5": 50}, environment="none"),
    **_histogram({"1": 10, "2.5": 20, "5": 50}, environment="off"),
    **_histogram({"1": 10, "2.5": 20, "5": 40}, model_id="m-two"),
    **_histogram({"1.5": 10, "3": 20, "5": 60}, workspace="w-two"),
    # Nothing is known of these: their largest bound is below the objective.
    **_histogram({"1": 3}, deployment_id="d-lax"),
    **_histogram({"1": 3}, status_code="206"),
    **_histogram({"1": 3}, rollout_phase="lax"),
    **_histogram({"1": 3}, model_id="m-lax"),
    **_histogram({"1": 3}, workspace="w-lax"),
    _series(_OBJECTIVE, model_id="m-lax"): 2.5,
    _series(_OBJECTIVE, workspace="w-lax"): 2.5,
    # The first bound that is not below each objective: 2.5, 5, none, none for want of an objective, one second, three.
    _OBJECTIVE: 2.5,
    _series(_OBJECTIVE, environment="staging"): 2.6,
    _series(_OBJECTIVE, environment="lax"): 10.5,
    _series(_OBJECTIVE, environment="off"): 0,
    _series(_OBJECTIVE, model_id="m-two"): 0.2,
    _series(_OBJECTIVE, workspace="w-two"): 2.5,
}

_FOUND = {
    (("status_code", "200"),): (11, 41),
    (("deployment_id", "d-two"),): (6, 10),
    (("rollout_phase", "promoting"),): (5, 7),
    (("status_code", "202"),): (9, 11),
    (("status_code", "OK"),): (1, 4),
    (("environment", "staging"),): (1, 71),
    (("model_id", "m-two"),): (31, 41),
    (("workspace", "w-two"),): (41, 61),
}
"""Slow requests and all that were timed, by the label in which each differs. One request of each is in no bucket but the last."""

SLOW = (
    Example(
        "the bucket is found, whatever bounds there are",
        _OTHERS,
        "1m",
        {_key(_SLOW, **dict(who)): slow for who, (slow, _) in _FOUND.items()},
    ),
)
TIMED = (Example("only where it is known", _OTHERS, "1m", {_key(_TIMED, **dict(who)): timed for who, (_, timed) in _FOUND.items()}),)

SLOW_INCREASE = _stories(_SLOW, "serving_environment:slow_requests:increase1m")
TIMED_INCREASE = _stories(_TIMED, "serving_environment:timed_requests:increase1m")
