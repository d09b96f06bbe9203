"""What a metric family is: name, type, labels, and which values a label may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

__all__ = ["Metric", "MetricSet", "MetricType", "Scope"]


class MetricType(Enum):
    """The types that both text formats share."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Scope(Enum):
    """What one series describes; the value is the tuple of key labels that identify it."""

    DEPLOYMENT = ("model_id", "deployment_id")
    ENVIRONMENT = ("model_id", "environment")
    CHAINLET = ("chain_id", "chain_deployment_id", "chainlet")
    WORKSPACE = ()
    SOURCE = ("workspace", "source")
    PROCESS = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    ``name`` is the family's name as written in queries (counters with ``_total``). ``labels`` are all label names in order, the key labels
    of the scope first. ``source`` names the source (design: feed, inventory, queues, …) that the values come from; ``help`` names the API
    field. ``buckets`` are the upper bounds of a histogram, without +Inf. ``values`` has, for each label whose values are enumerated, all of
    them that are known; a label without an entry is an id, a name or a number.
    """

    name: str
    type: MetricType
    scope: Scope
    help: str
    source: str
    extra_labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """All label names in the order of the label values, without ``workspace``."""
        return (self.scope.value or ()) + self.extra_labels

    @property
    def is_platform(self) -> bool:
        """Whether it describes the platform; the others describe the exporter itself."""
        return self.scope not in (Scope.SOURCE, Scope.PROCESS)

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The names of its samples: what a query may ask for. A histogram's own name is not one of them."""
        if self.type is MetricType.HISTOGRAM:
            return tuple(self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return (self.name,)

    def sample_labels(self, sample: str) -> tuple[str, ...]:
        """Every label name that a sample of this family has on the page: with ``workspace``, and with ``le`` on a bucket."""
        workspace = ("workspace",) if self.is_platform else ()
        bound = ("le",) if self.type is MetricType.HISTOGRAM and sample.endswith("_bucket") else ()
        return workspace + self.labels + bound


class MetricSet:
    """Metrics in the order of their definition, which is their order on a page.

    ``values`` are the enumerations of labels that mean the same in all of them; a metric may have enumerations of its own.
    """

    def __init__(self, **values: tuple[str, ...]) -> None:
        self._values = values
        self._metrics: list[Metric] = []

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics)

    def gauge(self, name: str, scope: Scope, source: str, help_text: str, /, *extra_labels: str, **values: tuple[str, ...]) -> Metric:
        """Define a gauge; ``values`` are enumerations of its labels, where they differ from those of the set."""
        return self._add(MetricType.GAUGE, name, scope, source, help_text, extra_labels, values)

    def counter(self, name: str, scope: Scope, source: str, help_text: str, /, *extra_labels: str, **values: tuple[str, ...]) -> Metric:
        """Define a counter, as ``gauge`` does a gauge."""
        return self._add(MetricType.COUNTER, name, scope, source, help_text, extra_labels, values)

    def histogram(
        self,
        name: str,
        scope: Scope,
        source: str,
        help_text: str,
        /,
        *extra_labels: str,
        buckets: tuple[float, ...],
        **values: tuple[str, ...],
    ) -> Metric:
        """Define a histogram, as ``gauge`` does a gauge."""
        return self._add(MetricType.HISTOGRAM, name, scope, source, help_text, extra_labels, values, buckets)

    def _add(
        self,
        kind: MetricType,
        name: str,
        scope: Scope,
        source: str,
        help_text: str,
        extra_labels: tuple[str, ...],
        values: Mapping[str, tuple[str, ...]],
        buckets: tuple[float, ...] = (),
    ) -> Metric:
        labels = (scope.value or ()) + extra_labels
        shared = {label: words for label, words in self._values.items() if label in labels}
        metric = Metric(name, kind, scope, help_text, source, extra_labels, buckets, MappingProxyType({**shared, **values}))
        self._metrics.append(metric)
        return metric
