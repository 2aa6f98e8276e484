"""The mesh as ``moyai mesh`` prints it: edges between services, with their metrics.

The fields are those of ``moyai mesh --json``. Fields may be added; none changes its name or meaning.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

_JSON = msgspec.json.Encoder(decimal_format="number")


class Party(msgspec.Struct, frozen=True, order=True):
    """One end of an edge: a service of a cluster, or a virtual node or virtual gateway of a mesh."""

    cluster: str
    service: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.service}"


class Span(msgspec.Struct, frozen=True):
    """From ``start``, a whole minute, to ``end``; seconds since the epoch."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """The length of the span, at least 1; rates are requests divided by it."""
        return max(self.end - self.start, 1.0)


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one service to one discovery name. In App Mesh (``app_mesh``): the calls of a virtual node or a
    virtual gateway to a virtual service that one virtual node answered; namespace and cluster are then the mesh.

    ``requests`` are connections where ``protocol`` is tcp. ``success`` is from 0 to 1, None without requests; latencies
    are in ms, of each attempt. ``ejected``: the largest number of hosts that outlier detection ejected at once.
    ``targets`` are the services behind the name; ``deploying`` is the ends that have a deployment in progress.
    ``namespace`` is None when the caller has been deleted.
    """

    namespace: str | None
    caller: Party
    target: str
    targets: tuple[Party, ...]
    protocol: str
    requests: int
    failures: int
    retries: int
    timeouts: int
    rate: float
    success: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    ejected: int
    deploying: tuple[Party, ...]
    app_mesh: bool = False


class NamespaceService(msgspec.Struct, frozen=True):
    """A service that uses Service Connect in a namespace. ``offers``: its discovery names."""

    party: Party
    namespace: str
    offers: tuple[str, ...] = ()
    deploying: bool = False


class MeshTraffic(msgspec.Struct, frozen=True):
    """The edges that had traffic in a span, busiest first."""

    span: Span
    edges: tuple[Edge, ...]


class EdgeFilter(msgspec.Struct, frozen=True):
    """Selects the edges of a namespace, and those with this cluster or service at either end. None selects all."""

    namespace: str | None = None
    cluster: str | None = None
    service: str | None = None

    def matches(self, edge: Edge) -> bool:
        """Whether the edge is selected. ``service`` may also be a discovery name."""
        ends = (edge.caller, *edge.targets)
        return (
            self.namespace in {None, edge.namespace}
            and (self.cluster is None or any(end.cluster == self.cluster for end in ends))
            and (self.service is None or self.service == edge.target or any(e.service == self.service for e in ends))
        )


def as_json(mesh: MeshTraffic) -> str:
    """The JSON that ``--json`` prints."""
    span = mesh.span
    document = {"start": _moment(span.start), "end": _moment(span.end), "seconds": span.seconds, "edges": mesh.edges}
    return msgspec.json.format(_JSON.encode(document), indent=2).decode()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
