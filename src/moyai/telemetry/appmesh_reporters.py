"""App Mesh's reporters: a proxy reports for the virtual node or the virtual gateway that it stands for.

Promise: a cluster or a route that the mesh does not know is nobody's, and counts for nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.appmesh import lookup
from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.mesh.ir import Protocol
from moyai.telemetry import appmesh_names as names
from moyai.telemetry import appmesh_stats as stats
from moyai.telemetry.appmesh_standing import Standing, Standings, Workload, workload_of
from moyai.telemetry.envoy_stats import Endpoint, Figure, Grammar, Spoken
from moyai.telemetry.names import Named
from moyai.telemetry.reporters import Exported, Fed
from moyai.telemetry.totals import MeshWhose, Part

_OUTSIDE: Final = "#"
"""In the id of a proxy that no task has, behind whom it stands for."""
_PREFIX: Final = "moyai.appmesh."
_OF_TARGET: Final = frozenset(Figure)
_OF_ROUTE: Final = frozenset({Figure.REQUESTS, Figure.FAILURES, Figure.RETRIES, Figure.TIMEOUTS})
_OF_LISTENER: Final = frozenset({Figure.REQUESTS, Figure.CONNECTIONS, Figure.BYTES})
_OF_HANDSHAKES: Final = frozenset({Figure.TLS_ERRORS})


class _Subject(NamedTuple):
    """What an endpoint is of. ``service``: the virtual service that is called; ``target``: the virtual node, or the
    route.
    """

    part: Part
    named: Sequence[Named]
    figures: frozenset[Figure]
    service: str = ""
    target: str = ""


class MeshReporter(msgspec.Struct, frozen=True):
    """A proxy's. ``look``: for a standing as it is by now."""

    standing: Standing
    born_at: Instant
    look: Callable[[Standing], Standing]

    @property
    def scope(self) -> Scope:
        """See Reporter."""
        return self.standing.scope

    @property
    def grammar(self) -> Grammar:
        """See Reporter."""
        return stats.APPMESH

    @property
    def group(self) -> Hashable:
        """See Reporter: a standing is one object as long as it is the same."""
        return id(self.standing)

    def renewed(self) -> MeshReporter:
        """See Reporter."""
        standing = self.look(self.standing)
        return self if standing is self.standing else replace(self, standing=standing)

    def metrics(self, spoken: Spoken) -> Iterator[Fed]:
        """See Reporter."""
        found = self._subject(spoken.endpoint)
        if found is None:
            return
        dimensions = (*self.standing.dimensions, *names.dimensions_of(found.part, found.service, found.target))
        for named in found.named:
            namespace = named.namespace or self.standing.namespace
            yield named, (metric_id(namespace, named.name, dimensions),)

    def own_metrics(self, proxy: ProxyId, spoken: Spoken) -> Iterator[Fed]:
        """See Reporter: there are none."""
        del proxy, spoken
        yield from ()

    def whose(self, spoken: Spoken) -> MeshWhose | None:
        """See Reporter."""
        found, standing = self._subject(spoken.endpoint), self.standing
        if found is None or not found.figures:
            return None
        whose = (standing.scope, standing.mesh, standing.kind, standing.name)
        return MeshWhose(*whose, found.part, spoken.protocol, found.service, found.target)

    def resource(self, proxy: ProxyId) -> Iterator[tuple[str, str]]:
        """See Reporter."""
        standing = self.standing
        yield "cloud.provider", "aws"
        yield "cloud.account.id", standing.scope.account
        yield "cloud.region", standing.scope.region
        yield "service.name", standing.name
        yield "service.namespace", standing.mesh
        task, _, suffix = proxy.partition(_OUTSIDE)
        yield "service.instance.id", suffix or task.rpartition("/")[2]
        yield "appmesh.mesh", standing.mesh
        yield f"appmesh.{standing.kind}", standing.name

    def exported(self, endpoint: Endpoint) -> Exported | None:
        """See Reporter."""
        found = self._subject(endpoint)
        if found is None:
            return None
        if found.part in {Part.LISTENER, Part.HANDSHAKES}:
            return Exported(_PREFIX, (("listener", stats.prefix_of(endpoint)),), found.figures)
        if found.part is Part.PROXY:
            return Exported(_PREFIX, (), found.figures)
        within = "" if found.part is Part.TARGET else f"{found.part}_"
        return Exported(f"{_PREFIX}{within}", names.labels_of(found.part, found.service, found.target), found.figures)

    def _subject(self, endpoint: Endpoint) -> _Subject | None:
        if endpoint == stats.PROXY:
            return _Subject(Part.PROXY, names.OF_PROXY, frozenset())
        if endpoint.name.startswith(stats.CLUSTER):
            return self._target(stats.cluster_of(endpoint))
        if endpoint.name.startswith(stats.ROUTE):
            return self._route(*stats.route_of(endpoint))
        if endpoint.name.startswith(stats.LISTENER):
            return _Subject(Part.HANDSHAKES, names.OF_HANDSHAKES, _OF_HANDSHAKES)
        is_grpc = self.standing.subjects.listeners.get(stats.prefix_of(endpoint)) is Protocol.GRPC
        named = (*names.OF_LISTENER, *names.OF_GRPC_LISTENER) if is_grpc else names.OF_LISTENER
        return _Subject(Part.LISTENER, named, _OF_LISTENER)

    def _target(self, cluster: str) -> _Subject | None:
        found = self.standing.subjects.target(cluster)
        if found is None:
            return None
        return _Subject(Part.TARGET, names.OF_TARGET, _OF_TARGET, ",".join(found.services), found.node)

    def _route(self, host: str, route: str) -> _Subject | None:
        found = self.standing.subjects.route(host, route)
        if found is None:
            return None
        part = Part.GATEWAY_ROUTE if found.is_gateways else Part.ROUTE
        return _Subject(part, names.OF_ROUTE, _OF_ROUTE, found.service, route)


class MeshReporters:
    """Knows whose proxy an App Mesh proxy is."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._standings = Standings(world)

    def of(self, proxy: ProxyId) -> MeshReporter | None:
        """The reporter of a proxy; None when it is not one of App Mesh, or stands for nobody."""
        world = self._world()
        task = world.tasks.get(proxy)
        if task is None:
            workload = workload_of(world, proxy.partition(_OUTSIDE)[0])
            return None if workload is None else self._reporter(workload, workload.created_at)
        workload = None if task.identity is None else lookup.led_as(world, task.identity, scope_of(task.arn))
        return None if workload is None else self._reporter(workload, task.created_at)

    def _reporter(self, workload: Workload, born_at: Instant) -> MeshReporter:
        return MeshReporter(self._standings.of(workload), born_at, self._standings.now)
