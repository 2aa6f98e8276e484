"""Why a task's calls of a name succeed or fail: whether the task knows the name, and which endpoints are behind it.

Promise: pure. The explanation follows from the names that the task's deployment knows, from the instances behind the
name, and from the endpoints as the task's proxy has them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.connect.names import SeenName
from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.state import EndpointHealth, ProxyEndpoint
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, ServiceArn
from moyai.plan import events
from moyai.plan.service_connect.endpoints import endpoints_in

_ADDRESS, _PORT = "AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"
_SIMILAR: Final = 3


_CHECK_ENDPOINTS: Final = (
    "Does the program listen on that port, and answer within the timeout? See the events of its service, the logs and "
    "the security groups of its tasks, and moyai trace."
)


class Reachability(StrEnum):
    """Whether a call of a name reaches an endpoint."""

    REACHABLE = "reachable"
    DEGRADED = "degraded"
    """Some endpoints get no requests."""
    UNREACHABLE = "unreachable"
    """Callers get 503, or no connection."""
    UNKNOWN = "unknown"
    """No obstacle to calls is known, but no proxy has reported a success either."""
    UNKNOWN_NAME = "unknown-name"
    """The task does not resolve the name, or resolves it by other means than Service Connect."""


class Candidate(msgspec.Struct, frozen=True):
    """An endpoint behind a name. ``known_to_proxy``: the task's proxy has it; ``why_not``: why it gets no request."""

    address: str
    port: int
    task: str
    known_to_proxy: bool
    active: int = 0
    requests: int = 0
    errors: int = 0
    why_not: str = ""


class Explanation(msgspec.Struct, frozen=True):
    """Whether a task's calls of ``name`` succeed, and why (with the port, if the user gave one)."""

    verdict: Reachability
    name: str
    reason: str
    remedy: str = ""
    names: tuple[str, ...] = ()
    """The names that the task's deployment knows, with their ports."""
    target: str = ""
    """The discovery service behind the name."""
    service: str = ""
    """The ECS service that offers it."""
    candidates: tuple[Candidate, ...] = ()


def explain(
    world: World, task: Task, name: str, port: int | None, seen_endpoints: Sequence[ProxyEndpoint] | None
) -> Explanation:
    """Why this task's calls of a name succeed or fail. ``seen_endpoints``: its proxy's; None if it did not answer."""
    seen_names = () if task.view is None else tuple(n for n in task.view.names if n.left_at is None)
    names = tuple(sorted(f"{n.dns_name}:{n.port}" for n in seen_names))
    label = name if port is None else f"{name}:{port}"
    match = next((n for n in seen_names if n.dns_name == name.lower() and port in {None, n.port}), None)
    if match is None:
        reason, remedy = _unknown(world, task, name.lower(), port, seen_names)
        return Explanation(Reachability.UNKNOWN_NAME, label, reason, remedy, names)
    return _explain_known_name(world, match, names, seen_endpoints)


def _unknown(
    world: World, task: Task, name: str, port: int | None, seen_names: Collection[SeenName]
) -> tuple[str, str]:
    """Why the task does not know the name, and what to do."""
    if task.view is None:
        reason = (
            "the task has no Service Connect: its service has no serviceConnectConfiguration, or it has no service."
        )
        return reason, "Give its service a serviceConnectConfiguration with enabled true, and deploy it again."
    ports = sorted(n.port for n in seen_names if n.dns_name == name)
    if ports:
        return f"the task knows {name} at port {', '.join(map(str, ports))} only.", "Call that port."
    offered = endpoints_in(world, task.view.namespace)
    if any(n == name and port in {None, p} for n, p in offered):
        return (
            f"{name} is newer than the task's deployment, which froze the names that it sees.",
            events.HOW_TO_SEE_NAMES,
        )
    elsewhere = _namespaces_with(world, name)
    if elsewhere:
        own = world.namespaces[task.view.namespace].name
        reason = f"{name} is a name of {', '.join(elsewhere)}, and the task is in the namespace {own}."
        return reason, "Services see the names of their own namespace only: put both into one."
    similar = get_close_matches(name, {n for n, _ in offered}, n=_SIMILAR)
    hint = f" Similar names: {', '.join(similar)}." if similar else ""
    remedy = "Give the service that it is for a clientAlias with this dnsName. Other names are resolved by DNS."
    return f"no service of the namespace offers {name}.{hint}", remedy


def _namespaces_with(world: World, name: str) -> list[str]:
    return sorted(n.name for n in world.namespaces if any(known == name for known, _ in endpoints_in(world, n.arn)))


def _explain_known_name(
    world: World, match: SeenName, names: tuple[str, ...], seen_endpoints: Sequence[ProxyEndpoint] | None
) -> Explanation:
    discovery_service = world.discovery_services.get(match.target)
    owner = None if discovery_service is None else world.services.get(ServiceArn(discovery_service.owner or ""))
    candidates = tuple(_candidates(world, match.target, seen_endpoints))
    able = [candidate for candidate in candidates if not candidate.why_not]
    label = f"{match.dns_name}:{match.port}"
    if not candidates and owner is not None and owner.desired_count == 0:
        verdict, reason, remedy = Reachability.UNREACHABLE, f"{owner.name} is scaled to 0.", "Raise its desiredCount."
    elif not candidates:
        verdict, reason = Reachability.UNREACHABLE, "no endpoint is behind the name: callers get 503, or no connection."
        whose = "" if owner is None else f" {owner.name}"
        remedy = f"See why its tasks are not running and healthy: moyai status{whose}, and moyai events{whose}."
    elif not able:
        verdict, reason = Reachability.UNREACHABLE, f"none of the {len(candidates)} endpoints gets requests."
        remedy = "See the reason at each endpoint."
    elif len(able) < len(candidates):
        verdict, reason = Reachability.DEGRADED, f"{len(able)} of {len(candidates)} endpoints get requests."
        remedy = "See the reason at the others."
    else:
        verdict, reason, remedy = _without_obstacle(able, is_answered=seen_endpoints is not None)
    service = "" if owner is None else f"{owner.cluster.rpartition('/')[2]}/{owner.name}"
    return Explanation(verdict, label, reason, remedy, names, str(match.target), service, candidates)


def _without_obstacle(able: Sequence[Candidate], *, is_answered: bool) -> tuple[Reachability, str, str]:
    """The verdict, its reason and a remedy where each endpoint may get requests. ``is_answered``: by the proxy."""
    number = f"{len(able)} endpoint{'s' if len(able) > 1 else ''}"
    if not is_answered:
        reason = f"{number} should get requests, by moyai's records: the task's proxy was not asked, or did not answer."
        return Reachability.UNKNOWN, reason, "Ask again, or call the name in the task: moyai exec."
    if any(c.errors for c in able) and not any(c.requests > c.errors + c.active for c in able):
        reason = f"the proxy has {number}, and everything that it sent there failed, or is not answered yet."
        return Reachability.UNKNOWN, reason, _CHECK_ENDPOINTS
    return Reachability.REACHABLE, f"requests go to {number}.", ""


def _candidates(
    world: World, target: DiscoveryServiceArn, seen_endpoints: Sequence[ProxyEndpoint] | None
) -> Iterator[Candidate]:
    """The instances behind a name, each as the task's proxy has it."""
    by_place = {(e.address, e.port): e for e in seen_endpoints or () if not e.draining}
    for instance in sorted(world.discovery_instances.by("service", target), key=lambda i: i.id):
        place = _place(instance)
        if place is None:
            continue
        endpoint, task = by_place.get(place), (instance.task or "").rpartition("/")[2]
        if endpoint is None:
            why = "" if seen_endpoints is None else "the proxy does not have it (yet): see moyai doctor"
            yield Candidate(*place, task, known_to_proxy=seen_endpoints is None, why_not=why)
            continue
        yield Candidate(
            *place,
            task,
            known_to_proxy=True,
            active=endpoint.active,
            requests=endpoint.requests,
            errors=endpoint.errors,
            why_not=_why_not(endpoint),
        )


def _place(instance: DiscoveryInstance) -> tuple[str, int] | None:
    address, port = instance.attributes.get(_ADDRESS, ""), instance.attributes.get(_PORT, "")
    return (address, int(port)) if address and port.isdecimal() else None


def _why_not(endpoint: ProxyEndpoint) -> str:
    if endpoint.ejected:
        return "outlier detection has ejected it: too many of its answers were errors; it comes back after a while"
    return "" if endpoint.health is EndpointHealth.HEALTHY else "its health check fails"
