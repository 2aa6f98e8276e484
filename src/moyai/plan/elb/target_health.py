"""The health of targets as the front proxy observes it, and the end of targets that drain.

Promise: a target is ``unused`` while no rule uses its group, ``initial`` until the front proxy has it and has checked
it once, and then has the health by which Envoy routes. A deregistered target is removed when no worker of the front
proxy sends it new requests and none is under way there, or when its deregistration delay is over.
While the front proxy doesn't run or doesn't answer, the last observed health stays.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from moyai.domain.elb.attributes import DEREGISTRATION_DELAY
from moyai.domain.elb.front import FRONT_NAME, front_sandbox, group_of_cluster
from moyai.domain.elb.target_group import (
    DEREGISTRATION_IN_PROGRESS,
    HEALTH_CHECK_DISABLED,
    INITIAL_HEALTH_CHECKING,
    NOT_IN_USE,
    REGISTRATION_IN_PROGRESS,
    ZONE_NOT_ENABLED,
    Target,
    TargetGroup,
    TargetHealth,
    TargetState,
)
from moyai.domain.queries.load_balancing import load_balancers_of_group, serves_zone
from moyai.domain.sandbox.state import WORKER_LAG, ContainerPhase, EndpointHealth, ProxyEndpoint
from moyai.domain.world import Change, Delete, Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import VpcId
from moyai.plan.action import earliest

DRAIN_POLL = 0.25
"""Seconds between two checks whether requests are under way at targets that drain."""
INITIAL_POLL = 1.0
"""Seconds between two checks of targets whose first health check is awaited."""

HEALTHY = TargetHealth(TargetState.HEALTHY)

_Places = Mapping[tuple[str, str, int], Sequence[ProxyEndpoint]]
"""The front proxy's endpoints by target group, address and port: one for each zone whose nodes use it."""


def plan_targets(
    world: World, observed: Observed, vpc: VpcId, now: Instant
) -> tuple[tuple[Change, ...], Instant | None]:
    """Changes of the targets of the VPC's target groups, and when to look again though nothing may have happened."""
    changes: list[Change] = []
    wake_at: Instant | None = None
    places, can_serve = _places(observed, vpc), _is_front_running(observed, vpc)
    for group in world.target_groups.by("vpc", vpc):
        for target in world.targets.by("group", group.arn):
            own = None if places is None else places.get((group.arn, target.address, target.port), ())
            if target.deregistered_at is not None and not can_serve:
                own = ()
            change, look_at = _target_step(group, target, own, now, _unused_health(world, group, target))
            changes += () if change is None else (change,)
            wake_at = earliest(wake_at, look_at)
    return tuple(changes), wake_at


def _places(observed: Observed, vpc: VpcId) -> _Places | None:
    """The endpoints of the VPC's front proxy; None when it doesn't answer."""
    endpoints = observed.endpoints.get(front_sandbox(vpc))
    if endpoints is None:
        return None
    places: defaultdict[tuple[str, str, int], list[ProxyEndpoint]] = defaultdict(list)
    for endpoint in endpoints:
        places[group_of_cluster(endpoint.cluster), endpoint.address, endpoint.port].append(endpoint)
    return places


def _is_front_running(observed: Observed, vpc: VpcId) -> bool:
    """Whether the VPC's front proxy runs, so that something may be under way at a target."""
    sandbox = observed.sandboxes.get(front_sandbox(vpc))
    proxy = None if sandbox is None else sandbox.containers.get(FRONT_NAME)
    return proxy is not None and proxy.phase is ContainerPhase.RUNNING


def _unused_health(world: World, group: TargetGroup, target: Target) -> TargetHealth | None:
    """The health of a target that no load balancer may call; None for one that is in use."""
    balancers = [world.load_balancers.get(arn) for arn in load_balancers_of_group(world, group.arn)]
    if not balancers:
        return NOT_IN_USE
    served = any(balancer is not None and serves_zone(balancer, group, target.zone) for balancer in balancers)
    return None if served else ZONE_NOT_ENABLED


def _target_step(
    group: TargetGroup,
    target: Target,
    own: Sequence[ProxyEndpoint] | None,
    now: Instant,
    unused: TargetHealth | None,
) -> tuple[Change | None, Instant | None]:
    """The change of one target. ``own``: its endpoints; None when they are not known. ``unused``: its health if nobody
    may call it.
    """
    if target.deregistered_at is not None:
        return _drain_step(target, own, now, later(target.deregistered_at, DEREGISTRATION_DELAY.of(group)))
    if unused is not None:
        return _put(target, unused), None
    health = _observed_health(group, target, own)
    return _put(target, health), later(now, INITIAL_POLL) if health.state is TargetState.INITIAL else None


def _drain_step(
    target: Target, own: Sequence[ProxyEndpoint] | None, now: Instant, ends_at: Instant
) -> tuple[Change | None, Instant | None]:
    """The change of a deregistered target, which is removed at ``ends_at`` in any case."""
    unrouted_since = target.unrouted_since
    if unrouted_since is None and own is not None and all(endpoint.draining for endpoint in own):
        unrouted_since = now
    is_unrouted = unrouted_since is not None and now >= later(unrouted_since, WORKER_LAG)
    has_ended = own is not None and not any(endpoint.active for endpoint in own) and (is_unrouted or not own)
    if now >= ends_at or has_ended:
        return Delete(Target, target.key), None
    draining = replace(target, health=DEREGISTRATION_IN_PROGRESS, unrouted_since=unrouted_since)
    return None if draining == target else Put(draining), min(ends_at, later(now, DRAIN_POLL))


def _put(target: Target, health: TargetHealth) -> Put | None:
    return None if target.health == health else Put(replace(target, health=health))


def _observed_health(group: TargetGroup, target: Target, own: Sequence[ProxyEndpoint] | None) -> TargetHealth:
    if own is None:
        return target.health if target.health.state in _OBSERVED_STATES else REGISTRATION_IN_PROGRESS
    if not own or any(endpoint.draining for endpoint in own):
        return REGISTRATION_IN_PROGRESS
    if not group.health_check.enabled:
        return HEALTH_CHECK_DISABLED
    failed = [endpoint for endpoint in own if endpoint.health is EndpointHealth.UNHEALTHY]
    if failed:
        return _failure(failed[0])
    if any(endpoint.health is EndpointHealth.PENDING for endpoint in own):
        return INITIAL_HEALTH_CHECKING
    return HEALTHY


_OBSERVED_STATES = frozenset({TargetState.HEALTHY, TargetState.UNHEALTHY, TargetState.UNAVAILABLE, TargetState.INITIAL})


def _failure(endpoint: ProxyEndpoint) -> TargetHealth:
    if endpoint.timed_out:
        return TargetHealth(TargetState.UNHEALTHY, "Target.Timeout", "Request timed out")
    if endpoint.status is not None:
        text = f"Health checks failed with these codes: [{endpoint.status}]"
        return TargetHealth(TargetState.UNHEALTHY, "Target.ResponseCodeMismatch", text)
    return TargetHealth(TargetState.UNHEALTHY, "Target.FailedHealthChecks", "Health checks failed")
