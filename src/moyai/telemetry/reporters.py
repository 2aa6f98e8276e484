"""Whose figures a proxy reports, and what they are called.

Promise: remembered after whom it belongs to is gone, since a proxy's last report may come when its record has left. A
proxy of which nothing was ever seen is nobody: its figures are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, Protocol

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.envoy_stats import Endpoint, Figure, Grammar, Spoken
from moyai.telemetry.names import Named
from moyai.telemetry.totals import AnyWhose

Fed = tuple[Named, Sequence[MetricId]]
"""A metric, under all its names."""


class Exported(NamedTuple):
    """How an endpoint's figures leave for others: what their names begin with, what they are told apart by, and which
    of its counts there are.
    """

    prefix: str
    attributes: Sequence[tuple[str, str]]
    figures: frozenset[Figure] = frozenset(Figure)


class Reporter(Protocol):
    """Who a proxy belongs to."""

    @property
    def scope(self) -> Scope:
        """Where its metrics are."""

    @property
    def born_at(self) -> Instant:
        """When the proxy was made, or whom it stands for: no earlier did it count."""

    @property
    def grammar(self) -> Grammar:
        """How it reports."""

    @property
    def group(self) -> Hashable:
        """Reporters with the same have the same ``metrics``."""

    def renewed(self) -> Reporter:
        """As it is by now; itself, while nothing has changed."""

    def metrics(self, spoken: Spoken) -> Iterable[Fed]:
        """What is made of an endpoint's figures."""

    def own_metrics(self, proxy: ProxyId, spoken: Spoken) -> Iterable[Fed]:
        """The same of one proxy by itself."""

    def whose(self, spoken: Spoken) -> AnyWhose | None:
        """Whose total an endpoint's figures are; None when there is none of them."""

    def resource(self, proxy: ProxyId) -> Iterable[tuple[str, str]]:
        """Who a proxy is, in OpenTelemetry's words."""

    def exported(self, endpoint: Endpoint) -> Exported | None:
        """How an endpoint's figures leave for others; None when they don't."""


Identify = Callable[[ProxyId], Reporter | None]
