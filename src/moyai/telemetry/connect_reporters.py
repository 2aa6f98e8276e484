"""Service Connect's reporters: the proxy of a service's task reports for the service.

Promise: each metric twice, by discovery name alone, and by discovery name, service and cluster; see ``names``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from moyai.domain.ecs.task_definition import AppProtocol
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.connect_stats import CONNECT
from moyai.telemetry.envoy_stats import Endpoint, Grammar, Side, Spoken
from moyai.telemetry.names import METRICS, OF_TASKS, Named, id_of_task, ids_of
from moyai.telemetry.reporters import Exported, Fed
from moyai.telemetry.totals import Whose

_PREFIX: Final = "moyai.mesh."


class ServiceReporter(msgspec.Struct, frozen=True):
    """A service. ``grpc``: the discovery names under which it offers gRPC."""

    scope: Scope
    cluster: str
    service: str
    born_at: Instant
    grpc: frozenset[str] = frozenset()
    namespace: str = ""
    """The name of the Cloud Map namespace that it calls in, or is called in."""

    @property
    def grammar(self) -> Grammar:
        """See Reporter."""
        return CONNECT

    @property
    def group(self) -> tuple[Scope, str, str, str, frozenset[str]]:
        """See Reporter."""
        return self.scope, self.namespace, self.cluster, self.service, self.grpc

    def renewed(self) -> ServiceReporter:
        """See Reporter: a task's service is always the same."""
        return self

    def metrics(self, spoken: Spoken) -> Iterator[Fed]:
        """See Reporter."""
        for named in METRICS:
            if named.side is spoken.endpoint.side and self._speaks(named, spoken):
                yield named, ids_of(named, spoken.endpoint.name, self.service, self.cluster)

    def own_metrics(self, proxy: ProxyId, spoken: Spoken) -> Iterator[Fed]:
        """See Reporter: those of a task behind a name."""
        if spoken.endpoint.side is Side.SERVER:
            task = proxy.rpartition("/")[2]
            for named in OF_TASKS:
                yield named, (id_of_task(named, spoken.endpoint.name, self.service, self.cluster, task),)

    def whose(self, spoken: Spoken) -> Whose:
        """See Reporter."""
        return Whose(self.scope, self.namespace, self.cluster, self.service, *spoken)

    def resource(self, proxy: ProxyId) -> Iterator[tuple[str, str]]:
        """See Reporter."""
        arn, _, task = proxy.rpartition("/")
        yield "cloud.provider", "aws"
        yield "cloud.platform", "aws_ecs"
        yield "cloud.account.id", self.scope.account
        yield "cloud.region", self.scope.region
        yield "service.name", self.service
        if self.namespace:
            yield "service.namespace", self.namespace
        yield "service.instance.id", task
        yield "aws.ecs.cluster.arn", arn.replace(":task/", ":cluster/")
        yield "aws.ecs.task.arn", proxy

    def exported(self, endpoint: Endpoint) -> Exported:
        """See Reporter."""
        return Exported(_PREFIX, (("target" if endpoint.side is Side.CLIENT else "name", endpoint.name),))

    def _speaks(self, named: Named, spoken: Spoken) -> bool:
        if named.protocol == "grpc":
            return spoken.endpoint.name in self.grpc
        return named.protocol in {None, spoken.protocol}


def service_reporter_of(world: World, proxy: ProxyId) -> ServiceReporter | None:
    """The service behind a proxy; None when there is no such task, it belongs to no service, or its proxy is
    App Mesh's.
    """
    task = world.tasks.get(proxy)
    if task is not None and task.identity is not None:
        return None
    service = parse_arn(task.service) if task is not None and task.service is not None else None
    if task is None or service is None:
        return None
    namespace = world.namespaces.get(task.view.namespace) if task.view is not None else None
    offers = task.view.offers if task.view is not None else ()
    return ServiceReporter(
        scope=scope_of(task.arn),
        cluster=task.cluster.rpartition("/")[2],
        service=service.path[-1],
        born_at=task.created_at,
        grpc=frozenset(offer.discovery_name for offer in offers if offer.protocol is AppProtocol.GRPC),
        namespace="" if namespace is None else namespace.name,
    )
