"""Worlds from which everything derived is computed, and changes to any record of any of their tables.

A change is made from the record's own type, member by member, so a new table or member needs no line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.appmesh.identity import identity_of
from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, DiscoveryInstance
from moyai.domain.connect.names import ConnectView
from moyai.domain.connect.outside import CLIENT_PORT
from moyai.domain.defaults import Defaults
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from moyai.domain.elb.load_balancer import LoadBalancerType
from moyai.domain.ram.share import AssociationStatus, ResourceShare, ShareAssociation
from moyai.domain.record import StoredRecord
from moyai.domain.vpc.network_acl import AclEntry, NetworkAcl
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.world import Change, Delete, Put, World, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, InstanceId, NetworkAclId, ShareArn, TaskArn, TaskId, VpcId
from moyai.kernel.scope import Scope
from moyai.plan.cloudmap.task_registration import register
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.store.memory import MemoryStore
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import SCOPE, Builder, container
from tests.golden.appmesh import meshes
from tests.golden.mesh import worlds
from tests.unit.plan.instances import definition, instance, on
from tests.unit.plan.nets import ANYWHERE, Nets

GOLDEN = Path(__file__).parent.parent / "golden"
CONNECT = sorted(path.name for path in (GOLDEN / "mesh").glob("*.in.yaml"))
APP_MESH = sorted(path.name for path in (GOLDEN / "appmesh").glob("*.in.yaml"))
PARTICIPANT = AccountId("222222222222")


def world_of(connect: str, app_mesh: str) -> MemoryStore:
    """Two golden cases in one world, and beside them the networks, public addresses, container instances, load
    balancers and live names that neither has.
    """
    store = MemoryStore()
    nets = Nets(store)
    for world in (worlds.load(GOLDEN / "mesh" / connect), meshes.world_of(meshes.read(GOLDEN / "appmesh" / app_mesh))):
        store.apply([Put(record) for record in world.records()])
    _networks(nets)
    _instances(nets.build)
    _names(nets.build)
    _mesh_proxies(nets.build)
    _load_balancers(nets.build)
    return store


def variants(value: Any) -> Iterator[Any]:
    """The values that may take the place of a value."""
    match value:
        case bool():
            yield not value
        case Enum():
            yield from (member for member in type(value) if member is not value)
        case str():
            yield f"{value}0"
        case int() | float():
            yield value + 1
        case msgspec.Struct():
            yield from _of_struct(value)
        case tuple():
            yield from (value[:place] + value[place + 1 :] for place in range(len(value)))
            for place, member in enumerate(value):
                yield from ((*value[:place], other, *value[place + 1 :]) for other in variants(member))
        case Mapping():
            for key, member in value.items():
                yield {name: one for name, one in value.items() if name != key}
                yield from ({**value, key: other} for other in variants(member))


def _of_struct(value: Any) -> Iterator[Any]:
    """The same with one member left out, or as another."""
    for field in msgspec.structs.fields(type(value)):
        member = getattr(value, field.name)
        if not field.required:
            yield replace(value, **{field.name: _default(field)})
        yield from (replace(value, **{field.name: other}) for other in variants(member))


def changes_of(world: World, record: Any) -> list[Put]:
    """Every variant of the record that the world takes in its place."""
    puts = (Put(variant) for variant in variants(record) if variant.key == record.key)
    return [put for put in puts if _is_accepted(world, put)]


def deletion(record: Any) -> Delete:
    return Delete(type(record), record.key)


def records(world: World) -> list[StoredRecord]:
    return sorted(world.records(), key=lambda record: (table_name(type(record)), record.key))


def draw_change(data: st.DataObject, world: World, deleted: list[StoredRecord]) -> Change:
    """A change to a record of a table that is drawn first, so that each table has its turn; deleted
    records are kept in ``gone``.
    """
    there = records(world)
    table = data.draw(st.sampled_from(sorted({table_name(type(record)) for record in (*there, *deleted)})))
    record = data.draw(st.sampled_from([record for record in (*there, *deleted) if table_name(type(record)) == table]))
    if record in deleted:
        deleted.remove(record)
        return Put(record)
    others = changes_of(world, record)
    place = data.draw(st.integers(-1, len(others) - 1))
    if place < 0:
        deleted.append(record)
        return deletion(record)
    return others[place]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def _is_accepted(world: World, put: Put) -> bool:
    try:
        world.check(put)
    except (KeyError, TypeError, ValueError):
        return False
    return True


def _load_balancers(build: Builder) -> None:
    """One that this machine reaches, and one for connections without security groups."""
    balancers = BalancerBuilder(build)
    group = balancers.group()
    balancers.listener(balancers.balancer(public=True), group)
    balancers.balancer("inside", kind=LoadBalancerType.NETWORK)
    balancers.target(group, "172.31.0.200")


_ACL_ENTRY = AclEntry(100, egress=False, allow=True, protocol="-1", cidr=ANYWHERE)


def _networks(nets: Nets) -> None:
    """Two peered VPCs with tasks, one of them with ways out."""
    for number, name in enumerate("ab", start=1):
        nets.vpc(name, number, ipv6=name == "a")
        nets.group(f"{name}-web", name)
        nets.put(
            Put(NetworkAcl(NetworkAclId(f"acl-{name}"), SCOPE, VpcId(f"vpc-{name}"), (_ACL_ENTRY,), is_default=True))
        )
    nets.peer("ab", "a", "b", PeeringStatus.ACTIVE)
    nets.route("a", "10.2.0.0/16", "pcx-ab")
    nets.route("b", "10.1.0.0/16", "pcx-ab")
    nets.gateway("a", "a")
    nets.route("a", ANYWHERE, "igw-a")
    nets.nat("a", "a")
    nets.route("b", ANYWHERE, "nat-a")
    new_definition = definition(nets.build, NetworkMode.AWSVPC, PortMapping(80, name="web"))
    for place, groups in (("a", ("a-web",)), ("a", ()), ("b", ("b-web",))):
        task = nets.task(place, *groups, public="127.83.0.1" if groups else None)
        changed_task = replace(task, task_definition=new_definition.arn, last_status=TaskStatus.RUNNING)
        nets.put(Put(changed_task))


def _instances(build: Builder) -> None:
    """A container instance with a public address and a task behind it."""
    host = instance(build, public="127.83.0.7")
    on(build, host, definition(build, NetworkMode.BRIDGE, PortMapping(8080)), ConnectView(build.namespace()))


def _names(build: Builder) -> None:
    """Services that call each other and one that no ECS service made, by names that are live."""
    build.live("on")
    build.book.apply([Put(Defaults(live_endpoints=False))])
    outside = build.world.discovery_services[build.registry("db").registry_arn]
    at = {INSTANCE_IPV4: "172.31.0.99", INSTANCE_PORT: "5433"}
    discovery_instance = DiscoveryInstance(outside.arn, InstanceId("one"), at, Instant(0))
    build.book.apply([Put(replace(outside, attributes={CLIENT_PORT: "5432"})), Put(discovery_instance)])
    for name in ("web", "api"):
        service = build.service(name, build.definition(name, container("http", port=8080)), 1, offers=["http"])
        build.encrypt(service)
        _run(build, build.world.services[service])


def _run(build: Builder, service: Service) -> None:
    """A task of the service, registered, and one that drains."""
    task_definition = build.world.task_definitions[service.primary.task_definition]
    request = LaunchRequest(service.cluster, task_definition, "", service=service.arn, view=service.primary.view)
    for status in (TaskStatus.RUNNING, TaskStatus.DEACTIVATING):
        task = replace(launch(build.world, request, build.clock.now(), build.ids), last_status=status)
        build.book.apply([Put(task)])
        if status is TaskStatus.RUNNING:
            build.book.apply(register(build.world, task, task_definition, build.clock.now()))


def _mesh_proxies(build: Builder) -> None:
    """For every virtual node a task of its own account and one of an account that the mesh is shared with."""
    tasks = []
    for node in build.world.virtual_nodes:
        for account in (SCOPE.account, PARTICIPANT):
            resource = f"mesh/shop@{SCOPE.account}/virtualNode/{node.name}"
            task = build.world.tasks[build.run(build.definition("envoy"))]
            owned_task = replace(
                task, arn=TaskArn(task.arn.replace(SCOPE.account, account)), id=TaskId(f"{task.id}{account}")
            )
            identity = identity_of(resource, Scope(account, SCOPE.region))
            tasks.append(replace(owned_task, identity=identity, last_status=TaskStatus.RUNNING))
    at = Instant(0)
    mesh, participant = (
        ShareAssociation(one, AssociationStatus.ASSOCIATED, at, at) for one in (meshes.MESH, PARTICIPANT)
    )
    share = ShareArn(f"arn:aws:ram:{SCOPE.region}:{SCOPE.account}:resource-share/one")
    resource_share = ResourceShare(share, "one", at, at, resources=(mesh,), principals=(participant,))
    build.book.apply([*map(Put, tasks), Put(resource_share)])
