"""The tables of the world, each with the indexes that its readers need.

The index ``scope`` takes ``scope_key(scope)``; the others take an ARN or an id, or ``yes`` where they only mark.
"""

from __future__ import annotations

from typing import Any

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import Operation
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import family_key, scope_key, scope_of, wanted_key
from moyai.domain.logs.group import LogGroup, LogStream
from moyai.domain.pca.authority import CertificateAuthority
from moyai.domain.pca.certificate import IssuedCertificate
from moyai.domain.ram.share import Invitation, ResourceShare
from moyai.domain.table import Table
from moyai.domain.vpc.gateway import ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import Vpc
from moyai.kernel.scope import Scope


def clusters() -> Table[Cluster]:
    """By scope."""
    return Table({"scope": _scope})


def task_definitions() -> Table[TaskDefinition]:
    """By scope and by family (``family_key``)."""
    return Table({"scope": _scope, "family": lambda d: (family_key(scope_of(d.arn), d.family),)})


def services() -> Table[Service]:
    """By scope, cluster (``daemon``: ACTIVE ones with a task on each instance), and by what their deployments use."""
    return Table(
        {
            "scope": _scope,
            "cluster": lambda s: (s.cluster,),
            "daemon": lambda s: (s.cluster,) if s.is_daemon and s.status is ServiceStatus.ACTIVE else (),
            "namespace": lambda s: tuple({d.view.namespace for d in s.deployments if d.view is not None}),
            "task_definition": lambda s: tuple({d.task_definition for d in s.deployments}),
            "authority": lambda s: tuple(
                {o.authority for d in s.deployments if d.view is not None for o in d.view.offers if o.authority}
            ),
        }
    )


def service_deployments() -> Table[ServiceDeployment]:
    """By service, and those under way by the alarms that they are watched by (``alarm``)."""
    return Table({"service": lambda d: (d.service,), "alarm": lambda d: () if d.finished else d.alarms})


def service_revisions() -> Table[ServiceRevision]:
    """By service."""
    return Table({"service": lambda r: (r.service,)})


def tasks() -> Table[Task]:
    """By what they belong to (``group``: ``cluster ARN/group``) and where they are: ``instance``, and by the
    interface that they have for themselves (``address``: ``subnet/address``; ``own_address``: whatever its subnet).
    ``mesh``: the App Mesh mesh that their proxy is of.
    Stopped ones only by id, cluster, ``wanted``, service, subnet, ``address`` and ``interface``.
    """
    return Table(
        {
            "id": lambda t: (t.id,),
            "cluster": lambda t: (t.cluster,),
            "wanted": lambda t: (wanted_key(t.cluster, t.desired_status),),
            "group": lambda t: () if t.stopped else (f"{t.cluster}/{t.group}",),
            "service": lambda t: () if t.service is None else (t.service,),
            "task_definition": lambda t: () if t.stopped else (t.task_definition,),
            "mesh": lambda t: () if t.identity is None or t.stopped else t.identity.found_by,
            "namespace": lambda t: () if t.view is None or t.stopped else (t.view.namespace,),
            "instance": lambda t: () if t.container_instance is None or t.stopped else (t.container_instance,),
            "vpc": lambda t: () if t.stopped else _of_interface(t.own_interface, "vpc"),
            "subnet": lambda t: _of_interface(t.own_interface, "subnet"),
            "address": lambda t: _address(t.own_interface),
            "own_address": lambda t: () if t.stopped else _of_interface(t.own_interface, "address"),
            "public": lambda t: ("yes",) if not t.stopped and _of_interface(t.own_interface, "public_address") else (),
            "public_address": lambda t: () if t.stopped else _of_interface(t.own_interface, "public_address"),
            "interface": lambda t: _of_interface(t.own_interface, "id"),
            "alive": lambda t: () if t.stopped else ("yes",),
        }
    )


def container_instances() -> Table[ContainerInstance]:
    """By id, scope and cluster; those that are there (not INACTIVE) by machine and, as tasks, by interface."""
    return Table(
        {
            "id": lambda i: (i.id,),
            "scope": _scope,
            "cluster": lambda i: (i.cluster,),
            "ec2_instance": lambda i: () if i.gone else (i.ec2_instance_id,),
            "vpc": lambda i: () if i.gone else (i.interface.vpc,),
            "subnet": lambda i: () if i.gone else (i.interface.subnet,),
            "address": lambda i: () if i.gone else _address(i.interface),
            "public": lambda i: ("yes",) if i.interface.public_address and not i.gone else (),
            "public_address": lambda i: () if i.gone else _of_interface(i.interface, "public_address"),
            "interface": lambda i: () if i.gone else (i.interface.id,),
            "alive": lambda i: () if i.gone else ("yes",),
        }
    )


def namespaces() -> Table[Namespace]:
    """By scope, id, and by ``account/region/name``."""
    return Table(
        {"scope": _scope, "id": lambda n: (n.id,), "name": lambda n: (f"{scope_key(scope_of(n.arn))}/{n.name}",)}
    )


def discovery_services() -> Table[DiscoveryService]:
    """By scope, namespace, id, owner, and by ``namespace ARN/name``; ``folded`` is the same in lower case, as DNS
    compares, and ``creator`` has ``namespace ARN/creator request id``.
    """
    return Table(
        {
            "scope": _scope,
            "namespace": lambda s: (s.namespace,),
            "id": lambda s: (s.id,),
            "name": lambda s: (f"{s.namespace}/{s.name}",),
            "folded": lambda s: (f"{s.namespace}/{s.name.lower()}",),
            "creator": lambda s: () if s.creator_request_id is None else (f"{s.namespace}/{s.creator_request_id}",),
            "owner": lambda s: () if s.owner is None else (s.owner,),
        }
    )


def discovery_instances() -> Table[DiscoveryInstance]:
    """By discovery service and by task."""
    return Table({"service": lambda i: (i.service,), "task": lambda i: () if i.task is None else (i.task,)})


def operations() -> Table[Operation]:
    """By scope and by request (``scope/type/creator request id``); unfinished ones by what they work on (``open``) and
    by where they add something (``coming``).
    """
    return Table(
        {
            "scope": lambda o: (o.key.rpartition("/")[0],),
            "request": lambda o: () if o.creator_request_id is None else (request_key(o),),
            "open": lambda o: () if o.finished else (o.subject,),
            "coming": lambda o: () if o.finished or not o.within else (o.within,),
        }
    )


def vpcs() -> Table[Vpc]:
    """By scope."""
    return Table({"scope": _place})


def subnets() -> Table[Subnet]:
    """By scope and VPC."""
    return Table({"scope": _place, "vpc": lambda s: (s.vpc,)})


def security_groups() -> Table[SecurityGroup]:
    """By scope, VPC, and by the other groups that their rules name (``referenced``)."""
    return Table(
        {
            "scope": _place,
            "vpc": lambda g: (g.vpc,),
            "referenced": lambda g: tuple(
                rule.group.id for rule in g.rules if rule.group is not None and rule.group.id != g.id
            ),
        }
    )


def vpc_peerings() -> Table[VpcPeering]:
    """By the VPCs and the scopes on both sides."""
    return Table(
        {
            "vpc": lambda p: tuple({side.vpc for side in p.sides}),
            "scope": lambda p: tuple({scope_key(side.scope) for side in p.sides}),
        }
    )


def route_tables() -> Table[RouteTable]:
    """By scope, VPC, associated subnet, and by request (``scope/client token``)."""
    return Table(
        {
            "scope": _place,
            "vpc": lambda t: (t.vpc,),
            "subnet": lambda t: tuple(a.subnet for a in t.associations if a.subnet is not None),
            "request": lambda t: client_request(t.scope, t.client_token),
        }
    )


def internet_gateways() -> Table[InternetGateway]:
    """By scope and VPC."""
    return Table({"scope": _place, "vpc": lambda g: () if g.vpc is None else (g.vpc,)})


def nat_gateways() -> Table[NatGateway]:
    """By scope, request (``scope/client token``); working ones by VPC, subnet, ``subnet/address`` and allocation."""
    return Table(
        {
            "scope": _place,
            "vpc": lambda g: _while_there(g, g.vpc),
            "subnet": lambda g: _while_there(g, g.subnet),
            "address": lambda g: _while_there(g, f"{g.subnet}/{g.address}"),
            "allocation": lambda g: _while_there(g, g.allocation),
            "request": lambda g: client_request(g.scope, g.client_token),
        }
    )


def elastic_addresses() -> Table[ElasticAddress]:
    """By scope and by address."""
    return Table({"scope": _place, "public_address": lambda a: (a.public_address,)})


def client_request(scope: Scope, token: str | None) -> tuple[str, ...]:
    """Under which what a request made is found again by who repeats it."""
    return () if token is None else (f"{scope_key(scope)}/{token}",)


def resource_shares() -> Table[ResourceShare]:
    """By scope, and by what is shared (``resource``, an ARN) and with whom (``consumer``, as a scope)."""
    return Table(
        {
            "scope": _scope,
            "resource": lambda s: tuple(one.entity for one in s.resources),
            "consumer": lambda s: tuple(f"{one.entity}/{scope_of(s.arn).region}" for one in s.principals),
        }
    )


def invitations() -> Table[Invitation]:
    """By share, and by whom it is for (``receiver``, as a scope)."""
    return Table({"share": lambda i: (i.share,), "receiver": lambda i: (f"{i.receiver}/{scope_of(i.arn).region}",)})


def authorities() -> Table[CertificateAuthority]:
    """By scope; ``built_in`` has the scopes of those that are the installation's own."""
    return Table({"scope": _scope, "built_in": lambda a: _scope(a) if a.built_in else ()})


def issued_certificates() -> Table[IssuedCertificate]:
    """By authority."""
    return Table({"authority": lambda c: (c.authority,)})


def server_certificates() -> Table[ServerCertificate]:
    """By service and discovery service."""
    return Table({"service": lambda c: (c.service,), "discovery_service": lambda c: (c.discovery_service,)})


def log_groups() -> Table[LogGroup]:
    """By scope and id."""
    return Table({"scope": _scope, "id": lambda g: (g.id,)})


def log_streams() -> Table[LogStream]:
    """By group and id."""
    return Table({"group": lambda s: (s.group,), "id": lambda s: (s.id,)})


def request_key(operation: Operation) -> str:
    """Under which an operation is found again by who asks for the same."""
    return f"{operation.key.rpartition('/')[0]}/{operation.type}/{operation.creator_request_id}"


def _scope(record: Any) -> tuple[str, ...]:  # noqa: ANN401 (one index for every record with an ARN)
    return (scope_key(scope_of(record.arn)),)


def _place(record: Any) -> tuple[str, ...]:  # noqa: ANN401 (one index for every record with a scope)
    return (scope_key(record.scope),)


def _of_interface(interface: NetworkInterface | None, member: str) -> tuple[str, ...]:
    value = None if interface is None else getattr(interface, member)
    return () if value is None else (value,)


def _address(interface: NetworkInterface | None) -> tuple[str, ...]:
    return () if interface is None else (f"{interface.subnet}/{interface.address}",)


def _while_there(gateway: NatGateway, value: str) -> tuple[str, ...]:
    return () if gateway.deleted_at is not None else (value,)
