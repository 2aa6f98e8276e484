"""The findings of ``moyai doctor``: what keeps services and load balancers from being called, in the world and in
proxies.

Promise: pure. Each finding says what is wrong, with which resource, and what to do next. A PROBLEM fails now; a WARNING
may be intended; a NOTE describes something that works as on AWS and that may surprise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.outside import external_endpoint
from moyai.domain.ecs.cluster import ClusterStatus
from moyai.domain.ecs.service import RolloutState, ServiceStatus
from moyai.domain.ecs.task import ContainerStatus, Task, TaskStatus
from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.elb.target_group import TargetState
from moyai.domain.world import ProxyState, World
from moyai.kernel.ids import DiscoveryServiceArn, ProxyId
from moyai.plan.doctor.finding import Finding, Severity
from moyai.plan.doctor.services import of_services
from moyai.plan.network.published_ports import published_ports
from moyai.plan.service_connect.endpoints import endpoints_in

_REDEPLOY: Final = "Deploy the service again that the name is for, or the one that calls it."
_FREE_DISK: Final = "Free disk space for the state directory. moyai continues by itself; no restart is needed."
_FREE_PORT: Final = (
    "If another program has the port (ss -ltnup shows it), end it, or start moyai with another --gateway port. moyai "
    "tries again every half minute."
)
_CORRECT_MESH: Final = "Correct this setting in the mesh, or create the resource that it names; proxies follow at once."
_ROUTABLE: Final = frozenset({TargetState.HEALTHY, TargetState.UNAVAILABLE})
"""The states in which a target gets requests."""


class ServerObservations(msgspec.Struct, frozen=True):
    """What the server has observed of itself and of its clients."""

    storage_faults: Sequence[str] = ()
    """Why it can't write to its disk."""
    port_failures: Mapping[str, str] = MappingProxyType({})
    """Public ports that could not be opened, each with the reason."""
    ignored_members: Sequence[tuple[str, str]] = ()
    """Operations, and members of their requests that moyai's AWS model does not have."""


_NOTHING_OBSERVED: Final = ServerObservations()


def findings(
    world: World,
    proxies: Mapping[ProxyId, ProxyState],
    left_out: Iterable[tuple[str, str]] = (),
    of_meshes: Iterable[tuple[str, str]] = (),
    server: ServerObservations = _NOTHING_OBSERVED,
) -> tuple[Finding, ...]:
    """All findings, problems first.

    ``left_out``: resources that could not be compiled into the mesh, each with the reason; ``of_meshes``: the same for
    App Mesh.
    """
    compile_findings = chain(
        (_left_out(subject, why, _REDEPLOY) for subject, why in left_out),
        (_left_out(subject, why, _CORRECT_MESH) for subject, why in of_meshes),
    )
    of_world = chain(_clusters(world), of_services(world), _names(world), _load_balancers(world), _target_groups(world))
    all_findings = chain(_of_server(server), _proxies(world, proxies), of_world, compile_findings)
    order = list(Severity)
    return tuple(sorted(all_findings, key=lambda f: (order.index(f.severity), f.kind, f.subject)))


def count_examined(world: World, proxies: Mapping[ProxyId, ProxyState]) -> Mapping[str, int]:
    """The number of things of each sort that ``findings`` looks at."""
    return {
        "proxies": len(proxies),
        "shared proxy": sum(task.shares_proxy for task in world.tasks.each("alive", "yes")),
        "services": sum(service.status is ServiceStatus.ACTIVE for service in world.services),
        "names": sum(len(endpoints_in(world, namespace.arn)) for namespace in world.namespaces),
        "load balancers": len(world.load_balancers),
        "public ports": len(published_ports(world)),
        "clusters": sum(cluster.status is ClusterStatus.ACTIVE for cluster in world.clusters),
    }


def _of_server(server: ServerObservations) -> Iterator[Finding]:
    for why in server.storage_faults:
        yield Finding(Severity.PROBLEM, "disk", "the server's disk", why, _FREE_DISK)
    for port, why in server.port_failures.items():
        yield Finding(Severity.PROBLEM, "port-not-open", port, f"it could not be opened: {why}", _FREE_PORT)
    for operation, member in server.ignored_members:
        yield _ignored_member(operation, member)


def _ignored_member(operation: str, member: str) -> Finding:
    message = f"a client has set {member}, which moyai's AWS model does not have. It had no effect."
    remedy = "Check how the member is spelt. If AWS has introduced it lately, a newer version of moyai may know it."
    return Finding(Severity.WARNING, "ignored-member", operation, message, remedy)


def _left_out(subject: str, why: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, "left-out", subject, why, remedy)


def _proxies(world: World, proxies: Mapping[ProxyId, ProxyState]) -> Iterator[Finding]:
    for task in world.tasks.each("alive", "yes"):
        proxy = task.proxy
        if proxy is None or proxy.last_status is not ContainerStatus.RUNNING or task.last_status is TaskStatus.PENDING:
            continue
        finding = _proxy(task, proxy.name, proxies.get(ProxyId(task.arn), ProxyState()))
        if finding is not None:
            yield finding
    for name, state in proxies.items():
        if state.rejection is not None and name not in world.tasks:
            yield _configuration_refused(name, "the proxy", state.rejection, "the proxy's log")


def _configuration_refused(subject: str, whose: str, why: str, log: str) -> Finding:
    message = f"{whose} refuses its newest configuration and keeps the previous one: {why}"
    remedy = f"This is moyai's fault: please report it with {log}."
    return Finding(Severity.PROBLEM, "configuration-refused", subject, message, remedy)


def _proxy(task: Task, name: str, state: ProxyState) -> Finding | None:
    log = f"moyai logs {task.id} --container {name}"
    if state.rejection is not None:
        return _configuration_refused(task.arn, "its proxy", state.rejection, f"the proxy's log ({log})")
    if not state.connected:
        message = "its proxy has no stream to the control plane, and keeps the configuration that it has."
        remedy = f"A proxy reconnects within seconds. If it doesn't, look at {log}, and stop the task to get a new one."
        return Finding(Severity.PROBLEM, "proxy-not-connected", task.arn, message, remedy)
    if not state.synced:
        message = "its proxy has not acknowledged its newest configuration yet."
        remedy = f"This takes moments. If moyai doctor still reports it, look at {log}."
        return Finding(Severity.WARNING, "configuration-under-way", task.arn, message, remedy)
    return None


def _clusters(world: World) -> Iterator[Finding]:
    for cluster in world.clusters:
        sessions = None if cluster.configuration is None else cluster.configuration.execute_command_configuration
        asks_for_records = sessions is not None and (sessions.logging == "OVERRIDE" or sessions.kms_key_id is not None)
        if asks_for_records and cluster.status is ClusterStatus.ACTIVE:
            message = "its executeCommandConfiguration asks for records or a key; moyai neither records nor encrypts."
            remedy = "Do nothing, unless you need records of ECS Exec sessions: moyai can't make them."
            yield Finding(Severity.WARNING, "sessions-not-recorded", cluster.arn, message, remedy)


def _load_balancers(world: World) -> Iterator[Finding]:
    for balancer in world.load_balancers:
        if balancer.state in {LoadBalancerState.FAILED, LoadBalancerState.ACTIVE_IMPAIRED}:
            message = f"its state is {balancer.state}: {balancer.state_reason}"
            remedy = "It is tried again every few seconds. If the reason stays, change what it names."
            yield Finding(Severity.PROBLEM, "load-balancer-impaired", balancer.arn, message, remedy)


def _target_groups(world: World) -> Iterator[Finding]:
    """Target groups that load balancers use, and in which no target is healthy."""
    for group in world.target_groups:
        if not world.rules.count("target_group", group.arn):
            continue
        healths = [t.health for t in world.targets.by("group", group.arn) if t.deregistered_at is None]
        if not healths:
            message = "no target is registered in it: callers of its load balancer get 503."
            remedy = "Register targets, or give the target group to a service as one of its loadBalancers."
            yield Finding(Severity.WARNING, "no-targets", group.arn, message, remedy)
        elif not any(health.state in _ROUTABLE for health in healths):
            reasons = ", ".join(sorted({health.description or health.state for health in healths}))
            message = f"none of its {len(healths)} targets is healthy: {reasons}."
            is_new = all(health.state is TargetState.INITIAL for health in healths)
            severity = Severity.WARNING if is_new else Severity.PROBLEM
            remedy = "Compare the health check with what the targets answer, and their security groups with its port."
            yield Finding(severity, "no-healthy-target", group.arn, message, remedy)


def _names(world: World) -> Iterator[Finding]:
    for namespace in world.namespaces:
        targets = endpoints_in(world, namespace.arn)
        by_target: dict[DiscoveryServiceArn, list[str]] = {}
        for (name, port), target in targets.items():
            by_target.setdefault(target, []).append(f"{name}:{port}")
        for target, names in sorted(by_target.items()):
            yield from _without_instances(world, target, names)
        for service in world.discovery_services.each("namespace", namespace.arn):
            yield from _hidden_names(service, f"{service.name}.{namespace.name}".lower(), targets)


def _without_instances(world: World, target: DiscoveryServiceArn, names: list[str]) -> Iterator[Finding]:
    discovery_service = world.discovery_services.get(target)
    if discovery_service is None or world.discovery_instances.count("service", target):
        return
    owner = world.services.get(discovery_service.owner)
    message = f"nobody answers at {', '.join(sorted(names))}: callers get 503, or no connection."
    if owner is not None and owner.desired_count == 0:
        options = f"--cluster {owner.cluster.rpartition('/')[2]} --service {owner.name}"
        remedy = f"The service is scaled to 0: aws ecs update-service {options} --desired-count 1"
    elif owner is not None:
        remedy = f"Its tasks are not RUNNING and healthy: see moyai status {owner.name}, and moyai events {owner.name}."
    else:
        remedy = "Register an instance with AWS_INSTANCE_IPV4 and AWS_INSTANCE_PORT in it."
    is_intended = (
        owner is None
        or owner.desired_count == 0
        or any(d.rollout_state is RolloutState.IN_PROGRESS for d in owner.deployments[:1])
    )
    subject = target if owner is None else owner.arn
    yield Finding(Severity.WARNING if is_intended else Severity.PROBLEM, "nobody-answers", subject, message, remedy)


def _hidden_names(
    service: DiscoveryService, full: str, targets: Mapping[tuple[str, int], DiscoveryServiceArn]
) -> Iterator[Finding]:
    """The finding about a Cloud Map service under whose name tasks reach another one."""
    participant = external_endpoint(service.attributes)
    port = None if participant is None else participant.client_port
    for name in (full, service.name.lower()):
        others = [t for (n, p), t in targets.items() if n == name and t != service.arn and (port is None or p == port)]
        reachable = service.owner is None and (service.dns is not None or port is not None)
        if others and reachable and (name == full or port is not None):
            message = f"tasks with Service Connect that call {name} reach {others[0]} and not this one."
            yield Finding(
                Severity.WARNING,
                "name-hidden",
                service.arn,
                message,
                "Give the clientAlias of the other service another dnsName.",
            )
            return
