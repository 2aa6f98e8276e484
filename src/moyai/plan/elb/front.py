"""The front proxy of a VPC, which exists for as long as the VPC has load balancers.

Promise: its sandbox has the addresses of all nodes, and no others. A front proxy that has ended starts again in its
sandbox, at most every RESTART_AFTER seconds; what can't be made is tried again. The state of a load balancer is what
was observed of the front proxy, never what was decided.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from moyai.domain.ecs.gateway import GatewayFailure, GatewayStatus, ServiceGateway
from moyai.domain.elb.front import FRONT_NAME, front_proxy, front_sandbox, proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode, LoadBalancerState
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.sandbox.network import NodesNetwork, SubnetAddress
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import LoadBalancerArn, VpcId
from moyai.plan.action import Effect, Plan, PrepareSandbox, ReleaseSandbox, SetAddresses, StartProxy, earliest, plan
from moyai.plan.elb.target_health import plan_targets

RETRY_AFTER = 5.0
"""Seconds from a failure until it is tried again."""
RESTART_AFTER = 5.0
"""Seconds between two starts of a front proxy."""

_CONCURRENCY = 2
_FLUSH_INTERVAL = 50
"""Milliseconds, so that the reason of a failed health check is known with its result."""
_HELD_OUTPUT = 64 * 1024 * 1024
"""Bytes of the proxy's output, with access log entries, that are kept while the control plane is down."""
_HOST_NAME = "front"
_MAC_DIGITS = 10
_FAILURE_STATES: Mapping[LoadBalancerState, LoadBalancerState] = MappingProxyType(
    {
        LoadBalancerState.PROVISIONING: LoadBalancerState.FAILED,
        LoadBalancerState.ACTIVE: LoadBalancerState.ACTIVE_IMPAIRED,
    }
)


def plan_front(world: World, observed: Observed, vpc: VpcId, now: Instant) -> Plan:
    """The next step of a VPC's front proxy, of its load balancers' states, and of the targets of its target groups.
    Of ``observed``, only the front proxy's sandbox, fault, proxy and endpoints are read.
    """
    balancers = sorted(world.load_balancers.by("vpc", vpc), key=lambda balancer: balancer.arn)
    target_changes, targets_at = plan_targets(world, observed, vpc, now)
    effects, front_at = _front_step(world, observed, vpc, balancers, now)
    states = (change for balancer in balancers for change in _state_change(world, observed, balancer))
    served = {balancer.arn for balancer in balancers if _is_served(world, observed, balancer)}
    failure = _failure(observed, vpc)
    refused = {} if failure is None else {balancer.arn: failure for balancer in balancers}
    updates = finish_updates(world, vpc, served, refused)
    return plan((*states, *updates, *target_changes), effects, earliest(front_at, targets_at))


def front_spec(world: World, vpc: VpcId, balancers: Sequence[LoadBalancer]) -> SandboxSpec:
    """The sandbox of a front proxy. KeyError when the VPC or a subnet does not exist."""
    record = find_in_scope(world, Vpc, scope_of(balancers[0].arn), vpc)
    if record is None:
        raise KeyError(vpc)
    task = front_sandbox(vpc)
    digits = f"02{task[:_MAC_DIGITS]}"
    mac = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    return SandboxSpec(task, NodesNetwork(vpc, record.cidr, mac, _HOST_NAME, front_addresses(world, balancers)))


def front_addresses(world: World, balancers: Sequence[LoadBalancer]) -> tuple[SubnetAddress, ...]:
    """The addresses of all nodes, and those at which the public ones take a PROXY header."""
    return tuple(sorted({a for b in balancers for node in b.nodes for a in _addresses(world, b, node)}))


def _addresses(world: World, balancer: LoadBalancer, node: LoadBalancerNode) -> Iterator[SubnetAddress]:
    subnet = find_in_scope(world, Subnet, scope_of(balancer.arn), node.subnet)
    if subnet is None:
        raise KeyError(node.subnet)
    address = node.interface.address
    yield SubnetAddress(address, subnet.cidr)
    if node.interface.ipv6_address is not None and subnet.ipv6 is not None:
        yield SubnetAddress(node.interface.ipv6_address, subnet.ipv6.cidr)
    if node.interface.public_address is not None:
        yield SubnetAddress(proxied_address(address), subnet.cidr)


def _front_step(
    world: World, observed: Observed, vpc: VpcId, balancers: Sequence[LoadBalancer], now: Instant
) -> tuple[tuple[Effect, ...], Instant | None]:
    task = front_sandbox(vpc)
    sandbox, has_failed = observed.sandboxes.get(task), task in observed.faults
    if not balancers:
        return (() if sandbox is None else (ReleaseSandbox(task),)), None
    if has_failed:
        return (), later(now, RETRY_AFTER)
    if sandbox is None:
        return (PrepareSandbox(front_spec(world, vpc, balancers)),), later(now, RETRY_AFTER)
    proxy = sandbox.containers.get(FRONT_NAME)
    has_ended = proxy is not None and proxy.phase is ContainerPhase.STOPPED
    if proxy is not None and has_ended and now < (restart_at := later(proxy.started_at, RESTART_AFTER)):
        return (), restart_at
    effects: list[Effect] = []
    addresses = front_addresses(world, balancers)
    if sandbox.addresses != addresses:
        effects.append(SetAddresses(task, addresses))
    if (proxy is None or has_ended) and front_proxy(vpc) in observed.proxies:
        start = StartProxy(
            task,
            front_proxy(vpc),
            FRONT_NAME,
            held_output=_HELD_OUTPUT,
            concurrency=_CONCURRENCY,
            flush_interval=_FLUSH_INTERVAL,
            attempt=0 if proxy is None else proxy.attempt + 1,
        )
        effects.append(start)
    return tuple(effects), None


def _state_change(world: World, observed: Observed, balancer: LoadBalancer) -> Iterator[Put]:
    failure = _failure(observed, balancer.vpc)
    if failure is not None:
        state = _FAILURE_STATES.get(balancer.state, balancer.state)
        if (state, failure) != (balancer.state, balancer.state_reason):
            yield Put(replace(balancer, state=state, state_reason=failure))
        return
    if balancer.state is not LoadBalancerState.ACTIVE and _is_served(world, observed, balancer):
        yield Put(replace(balancer, state=LoadBalancerState.ACTIVE, state_reason=""))


def _failure(observed: Observed, vpc: VpcId) -> str | None:
    """Why the VPC's front proxy can't be made, or has refused its newest configuration."""
    proxy = observed.proxies.get(front_proxy(vpc))
    return observed.faults.get(front_sandbox(vpc)) or (None if proxy is None else proxy.rejection)


def _is_served(world: World, observed: Observed, balancer: LoadBalancer) -> bool:
    """Whether the front proxy has acknowledged the load balancer as it is."""
    sandbox = observed.sandboxes.get(front_sandbox(balancer.vpc))
    proxy = observed.proxies.get(front_proxy(balancer.vpc))
    if sandbox is None or not _is_live(sandbox.containers.get(FRONT_NAME)) or proxy is None or not proxy.synced:
        return False
    has_addresses = set(front_addresses(world, [balancer])) <= set(sandbox.addresses)
    return has_addresses and balancer.arn in observed.published


def _is_live(proxy: ContainerState | None) -> bool:
    return proxy is not None and proxy.phase is ContainerPhase.RUNNING and proxy.health is Health.HEALTHY


def finish_updates(
    world: World, vpc: VpcId, served: Collection[LoadBalancerArn], refused: Mapping[LoadBalancerArn, str]
) -> Iterator[Put]:
    """Changes of the VPC's gateways whose updates are under way. ``refused``: load balancers that can't be served as
    they are, with the reasons.
    """
    for gateway in world.service_gateways.by("vpc", vpc):
        if gateway.status is GatewayStatus.UPDATE_IN_PROGRESS:
            changed = _with_acknowledgements(world, gateway, served, refused)
            if changed != gateway:
                yield Put(changed)


def _with_acknowledgements(
    world: World,
    gateway: ServiceGateway,
    served: Collection[LoadBalancerArn],
    refused: Mapping[LoadBalancerArn, str],
) -> ServiceGateway:
    pending = [arn for arn in gateway.updating if arn in world.load_balancers and arn not in served]
    new_failures = (GatewayFailure(arn, refused[arn]) for arn in pending if arn in refused)
    failures = (*gateway.failures, *new_failures)
    updating = tuple(arn for arn in pending if arn not in refused)
    ended = GatewayStatus.UPDATE_FAILED if failures else GatewayStatus.UPDATE_COMPLETE
    status = GatewayStatus.UPDATE_IN_PROGRESS if updating else ended
    return replace(gateway, status=status, updating=updating, failures=failures)
