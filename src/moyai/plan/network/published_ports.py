"""The ports at which the host's loopback answers for tasks, container instances and load balancers' nodes with a public
address.

Promise: a task has every port in its definition published; an instance every port that one of its tasks is bound to; a
node every port with a listener. At TCP ports a PROXY header gives the load balancer the client's address. UDP ports
have no names.
A port is published for as long as the task's sandbox exists, so that draining connections are not cut. Of a range of
ports, only the first RANGE_PUBLISHED are published, because each port needs a listener of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.elb.front import front_sandbox, proxied_address
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerState
from moyai.domain.elb.rule import Listener, ListenerProtocol
from moyai.domain.sandbox.network_spec import TCP, UDP, PublishedPort
from moyai.domain.world import World
from moyai.kernel.ids import TaskId

RANGE_PUBLISHED: Final = 100
"""The most ports of a range that are published."""

_NO_SANDBOX = frozenset({TaskStatus.PROVISIONING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
_PUBLIC = ("public", "yes")
_DATAGRAMS = frozenset({ListenerProtocol.UDP, ListenerProtocol.TCP_UDP})
_SERVER_NAME = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)


def published_ports(world: World) -> tuple[PublishedPort, ...]:
    """All published ports, in a stable order."""
    tasks = (task.arn for task in world.tasks.by(*_PUBLIC))
    instances = (instance.arn for instance in world.container_instances.by(*_PUBLIC))
    balancers = (balancer.arn for balancer in world.load_balancers.by(*_PUBLIC))
    return sort_ports(chain.from_iterable(published_ports_of(world, key) for key in (*tasks, *instances, *balancers)))


def sort_ports(ports: Iterable[PublishedPort]) -> tuple[PublishedPort, ...]:
    """The ports in a stable order."""
    return tuple(sorted(ports, key=lambda p: (p.public_address, p.port, p.protocol, p.task)))


def published_ports_of(world: World, key: str) -> tuple[PublishedPort, ...]:
    """The ports of one task, container instance or load balancer; none where it is gone or has no public address."""
    task, balancer = world.tasks.get(key), world.load_balancers.get(key)
    if task is not None:
        return tuple(_of_task(world, task))
    if balancer is not None:
        return tuple(_of_balancer(world, balancer))
    instance = world.container_instances.get(key)
    return () if instance is None or instance.gone else tuple(_of_instance(world, instance))


def _of_task(world: World, task: Task) -> Iterator[PublishedPort]:
    own = task.own_interface
    if own is None or own.public_address is None or task.last_status in _NO_SANDBOX:
        return
    service = _service_name(task)
    where = (task.id, own.public_address, own.vpc, own.address)
    definition = world.task_definitions[task.task_definition]
    for port in _tcp_ports(task, definition):
        yield PublishedPort(*where, port, service)
    for port in _mapped_ports(definition, UDP):
        yield PublishedPort(*where, port, protocol=UDP)


def _service_name(task: Task) -> str | None:
    """``SERVICE.CLUSTER``; None for a task that is to stop, because it gets no new requests by name."""
    if task.service is None or task.desired_status is DesiredStatus.STOPPED:
        return None
    return f"{task.service.rpartition('/')[2]}.{task.cluster.rpartition('/')[2]}"


def _of_instance(world: World, instance: ContainerInstance) -> Iterator[PublishedPort]:
    own = instance.interface
    if own.public_address is None:
        return
    for projection in world.tasks.projection(_instance_ports).by("instance", instance.arn):
        where = (projection.task, own.public_address, own.vpc, own.address)
        for protocol, ports in zip((TCP, UDP), projection.ports, strict=True):
            yield from (PublishedPort(*where, port, protocol=protocol) for port in ports)


def _of_balancer(world: World, balancer: LoadBalancer) -> Iterator[PublishedPort]:
    every = world.listeners.by("load_balancer", balancer.arn)
    listeners = sorted((at for at in every if at.protocol is not ListenerProtocol.UDP), key=lambda at: at.port)
    encrypted = [listener for listener in listeners if listener.protocol.is_encrypted]
    server_names = {
        listener.port: tuple(_server_names(world, balancer, listener, is_first=listener is encrypted[0]))
        for listener in encrypted
    }
    # the gateway of UDP ports is started in the VPC's router, which may not exist before the load balancer is active
    is_served = balancer.state not in {LoadBalancerState.PROVISIONING, LoadBalancerState.FAILED}
    datagram_ports = sorted(listener.port for listener in every if listener.protocol in _DATAGRAMS) if is_served else ()
    sandbox, name = front_sandbox(balancer.vpc), balancer.dns_name
    for interface in (node.interface for node in balancer.nodes):
        if interface.public_address is not None:
            where = (sandbox, interface.public_address, balancer.vpc, proxied_address(interface.address))
            for port in (listener.port for listener in listeners):
                names = server_names.get(port, ())
                yield PublishedPort(*where, port, name, proxy_header=True, server_names=names)
            yield from (PublishedPort(*where, port, protocol=UDP) for port in datagram_ports)


def _server_names(world: World, balancer: LoadBalancer, listener: Listener, *, is_first: bool) -> Iterator[str]:
    """The TLS server names of an encrypted listener: the load balancer's name with the port in front, the name alone
    for the lowest such port, and the names of the listener's certificates.
    """
    yield f"{listener.port}.{balancer.dns_name}"
    if is_first:
        yield balancer.dns_name
    yield from certificate_names(world, listener)


def certificate_names(world: World, listener: Listener) -> Iterator[str]:
    """The names of a listener's certificates that a client can ask for in its TLS handshake."""
    certificates = (world.managed_certificates.get(arn) for arn in listener.certificates)
    names = (name.lower() for record in certificates if record is not None for name in record.names)
    yield from (name for name in names if _SERVER_NAME.fullmatch(name))


class _InstancePorts(NamedTuple):
    """The ports of its instance at which a task answers: those of TCP, and those of UDP."""

    task: TaskId
    ports: tuple[tuple[int, ...], tuple[int, ...]]


def _instance_ports(task: Task) -> _InstancePorts:
    if task.last_status in _NO_SANDBOX:
        return _InstancePorts(task.id, ((), ()))
    return _InstancePorts(task.id, (_bound_ports(task, TCP), _bound_ports(task, UDP)))


def _bound_ports(task: Task, protocol: str) -> tuple[int, ...]:
    bindings = (b for c in task.containers for b in c.network_bindings if b.protocol == protocol)
    return tuple(sorted({port for b in bindings for port in islice(b.host_ports, RANGE_PUBLISHED)}))


def _mapped_ports(definition: TaskDefinition, protocol: str) -> set[int]:
    mappings = (m for c in definition.container_definitions for m in c.port_mappings if m.protocol == protocol)
    return {port for m in mappings for port in islice(m.ports, RANGE_PUBLISHED)}


def _tcp_ports(task: Task, definition: TaskDefinition) -> set[int]:
    mapped = _mapped_ports(definition, TCP)
    overridden = {o.ingress_port for o in (() if task.view is None else task.view.offers) if o.ingress_port is not None}
    return mapped | overridden
