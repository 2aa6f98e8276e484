"""Figures and services put together. Pure.

Promise: an edge is in its caller's namespace, since a service takes part in one; its targets are the services there
that offer the name. Where the caller is gone, the only namespace that offers the name is taken. App Mesh's edges say
all of it themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.cli.mesh.figures import AnyKey, Figures, MeshKey
from moyai.cli.mesh.values import Edge, Mesh, Party, Service, Span, Wanted


def joined(figures: Mapping[AnyKey, Figures], services: Iterable[Service], span: Span, wanted: Wanted) -> Mesh:
    """The wanted edges, busiest first."""
    known = _Known(services)
    edges = (_edge(key, found, known, span) for key, found in figures.items())
    ordered = sorted((e for e in edges if wanted.fits(e)), key=lambda e: (-e.requests, e.caller, e.target))
    return Mesh(span, tuple(ordered))


class _Known:
    def __init__(self, services: Iterable[Service]) -> None:
        self.by_party: dict[Party, Service] = {}
        self._offered: dict[str, dict[str, list[Service]]] = defaultdict(lambda: defaultdict(list))
        for service in services:
            self.by_party[service.party] = service
            for name in service.offers:
                self._offered[name][service.namespace].append(service)

    def namespace(self, caller: Party, target: str) -> str | None:
        if caller in self.by_party:
            return self.by_party[caller].namespace
        offering = self._offered.get(target, {})
        return next(iter(offering)) if len(offering) == 1 else None

    def behind(self, namespace: str | None, target: str) -> list[Service]:
        return [] if namespace is None else self._offered.get(target, {}).get(namespace, [])


def _edge(key: AnyKey, figures: Figures, known: _Known, span: Span) -> Edge:
    if isinstance(key, MeshKey):
        caller, node = Party(key.mesh, key.caller), Party(key.mesh, key.node)
        return _with_figures(figures, span, _Ends(key.mesh, caller, key.service, (node,), (), app_mesh=True))
    caller = Party(key.cluster, key.service)
    namespace = known.namespace(caller, key.target)
    targets = tuple(sorted(s.party for s in known.behind(namespace, key.target)))
    ends = sorted({caller, *targets})
    deploying = tuple(end for end in ends if end in known.by_party and known.by_party[end].deploying)
    return _with_figures(figures, span, _Ends(namespace, caller, key.target, targets, deploying))


class _Ends(NamedTuple):
    """Between whom an edge is."""

    namespace: str | None
    caller: Party
    target: str
    targets: tuple[Party, ...]
    deploying: tuple[Party, ...]
    app_mesh: bool = False


def _with_figures(figures: Figures, span: Span, ends: _Ends) -> Edge:
    tcp = "connections" in figures
    requests = round(figures.get("connections" if tcp else "requests", 0))
    failures = round(figures.get("failures", 0))
    return Edge(
        **ends._asdict(),
        protocol="tcp" if tcp else "http",
        requests=requests,
        failures=failures,
        retries=round(figures.get("retries", 0)),
        timeouts=round(figures.get("timeouts", 0)),
        rate=requests / span.seconds,
        success=max(1 - failures / requests, 0.0) if requests else None,
        p50=figures.get("p50"),
        p95=figures.get("p95"),
        p99=figures.get("p99"),
        ejected=round(figures.get("ejected", 0)),
    )
