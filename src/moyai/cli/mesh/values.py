"""What is shown: edges with their figures, between services of namespaces. Pure.

Promise: the fields are those of ``moyai mesh --json``; one may be added, none changes its name or meaning.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

_JSON = msgspec.json.Encoder(decimal_format="number")


class Party(msgspec.Struct, frozen=True, order=True):
    """A service of a cluster, or a virtual node or a virtual gateway of a mesh."""

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
        """How long it is; what rates are per."""
        return max(self.end - self.start, 1.0)


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One service's calls of one discovery name; in App Mesh (``app_mesh``), a virtual node's or a virtual gateway's
    calls of one virtual service, as far as one virtual node answered them; its mesh is namespace and cluster then.

    ``requests`` are connections where ``protocol`` is tcp. ``success`` is from 0 to 1, None without requests; latencies
    are in ms, of each attempt. ``ejected``: the most hosts that outlier detection kept away at once.
    ``targets`` are the services behind the name; ``deploying`` those of the edge with a deployment in progress.
    ``namespace`` is None when the caller is gone.
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


class Service(msgspec.Struct, frozen=True):
    """A service that takes part in a namespace. ``offers``: its discovery names."""

    party: Party
    namespace: str
    offers: tuple[str, ...] = ()
    deploying: bool = False


class Mesh(msgspec.Struct, frozen=True):
    """The edges of some time, busiest first."""

    span: Span
    edges: tuple[Edge, ...]


class Wanted(msgspec.Struct, frozen=True):
    """Which edges: of a namespace, and with a cluster or a service at either end. None = any."""

    namespace: str | None = None
    cluster: str | None = None
    service: str | None = None

    def fits(self, edge: Edge) -> bool:
        """Whether the edge is one of them. A service may be meant by its discovery name."""
        ends = (edge.caller, *edge.targets)
        return (
            self.namespace in {None, edge.namespace}
            and (self.cluster is None or any(end.cluster == self.cluster for end in ends))
            and (self.service is None or self.service == edge.target or any(e.service == self.service for e in ends))
        )


def as_json(mesh: Mesh) -> str:
    """The mesh as ``--json`` prints it."""
    span = mesh.span
    shown = {"start": _moment(span.start), "end": _moment(span.end), "seconds": span.seconds, "edges": mesh.edges}
    return msgspec.json.format(_JSON.encode(shown), indent=2).decode()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
