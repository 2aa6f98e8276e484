"""The tables of ECS."""

from __future__ import annotations

from moyai.domain.ecs.account_setting import AccountSetting
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.daemon import Daemon, DaemonDeployment, DaemonRevision
from moyai.domain.ecs.express import ExpressService
from moyai.domain.ecs.family import TaskDefinitionFamily
from moyai.domain.ecs.gateway import GatewayAssociation, ServiceGateway
from moyai.domain.ecs.hook_function import HookFunction
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.service import Service, ServiceLog, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import wanted_key
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import interface_address, interface_addresses, interface_value, optional, scope_in_arn


class EcsTables:
    """Clusters, services, gateways, daemons, tasks, task definitions and container instances."""

    account_settings = TableSpec(AccountSetting)
    capacity_providers = TableSpec(CapacityProvider, scope=scope_in_arn)
    hook_functions = TableSpec(HookFunction)
    clusters = TableSpec(Cluster, scope=scope_in_arn)

    families = TableSpec(TaskDefinitionFamily)
    task_definitions = TableSpec(TaskDefinition, scope=scope_in_arn, family=lambda d: (d.family_key,))

    daemons = TableSpec(Daemon, scope=scope_in_arn, cluster=lambda d: (d.cluster,))
    daemon_revisions = TableSpec(
        DaemonRevision, daemon=lambda r: (r.daemon,), task_definition=lambda r: (r.task_definition,)
    )
    daemon_deployments = TableSpec(
        DaemonDeployment, daemon=lambda d: (d.daemon,), alarm=lambda d: d.alarms if d.moves_forward else ()
    )
    """``alarm``: deployments that move forward, by the alarms that watch them."""

    services = TableSpec(
        Service,
        scope=scope_in_arn,
        cluster=lambda s: (s.cluster,),
        daemon=lambda s: (s.cluster,) if s.is_daemon and s.status is ServiceStatus.ACTIVE else (),
        namespace=lambda s: tuple({d.view.namespace for d in s.deployments if d.view is not None}),
        task_definition=lambda s: tuple({d.task_definition for d in s.deployments}),
        authority=lambda s: tuple(
            {o.authority for d in s.deployments if d.view is not None for o in d.view.offers if o.authority}
        ),
    )
    """``daemon``: ACTIVE services with a task on each instance, by cluster; the last three: what deployments use."""
    service_logs = TableSpec(ServiceLog)
    service_deployments = TableSpec(
        ServiceDeployment, service=lambda d: (d.service,), alarm=lambda d: () if d.finished else d.alarms
    )
    """``alarm``: unfinished deployments, by the alarms that watch them."""
    service_revisions = TableSpec(ServiceRevision, service=lambda r: (r.service,))

    express_services = TableSpec(ExpressService, security_group=lambda s: (s.security_group,), vpc=lambda s: (s.vpc,))
    ingress_paths = TableSpec(
        IngressPath,
        service=lambda p: (p.service,),
        pool=lambda p: (p.pool,),
        load_balancer=lambda p: (p.load_balancer,),
        resource=lambda p: p.resources,
        route=lambda p: optional(p.route),
    )
    service_gateways = TableSpec(ServiceGateway, scope=scope_in_arn, vpc=lambda g: (g.vpc,))
    gateway_associations = TableSpec(GatewayAssociation, gateway=lambda a: (a.gateway,), cluster=lambda a: (a.cluster,))

    tasks = TableSpec(
        Task,
        id=lambda t: (t.id,),
        scope=scope_in_arn,
        cluster=lambda t: (t.cluster,),
        wanted=lambda t: (wanted_key(t.cluster, t.desired_status),),
        group=lambda t: () if t.stopped else (f"{t.cluster}/{t.group}",),
        service=lambda t: optional(t.service),
        daemon=lambda t: optional(t.daemon),
        task_definition=lambda t: () if t.stopped else (t.task_definition,),
        mesh=lambda t: () if t.identity is None or t.stopped else t.identity.index_values,
        namespace=lambda t: () if t.view is None or t.stopped else (t.view.namespace,),
        instance=lambda t: () if t.stopped else optional(t.container_instance),
        vpc=lambda t: () if t.stopped else interface_value(t.own_interface, "vpc"),
        subnet=lambda t: interface_value(t.own_interface, "subnet"),
        address=lambda t: interface_address(t.own_interface),
        own_address=lambda t: () if t.stopped else interface_addresses(t.own_interface),
        public=lambda t: ("yes",) if not t.stopped and interface_value(t.own_interface, "public_address") else (),
        public_address=lambda t: () if t.stopped else interface_value(t.own_interface, "public_address"),
        interface=lambda t: interface_value(t.own_interface, "id"),
        alive=lambda t: () if t.stopped else ("yes",),
    )
    """``group``: ``cluster ARN/group``; ``mesh``: the App Mesh mesh of the task's proxy; ``address`` to ``interface``:
    the task's own network interface (``address``: ``subnet/address``, ``own_address``: its
    addresses, of both families).
    Stopped tasks are found by id, scope, cluster, ``wanted``, service, daemon, subnet, ``address`` and ``interface``
    only.
    """
    container_instances = TableSpec(
        ContainerInstance,
        id=lambda i: (i.id,),
        scope=scope_in_arn,
        cluster=lambda i: (i.cluster,),
        ec2_instance=lambda i: () if i.gone else (i.ec2_instance_id,),
        vpc=lambda i: () if i.gone else (i.interface.vpc,),
        subnet=lambda i: () if i.gone else (i.interface.subnet,),
        address=lambda i: () if i.gone else interface_address(i.interface),
        public=lambda i: ("yes",) if i.interface.public_address and not i.gone else (),
        public_address=lambda i: () if i.gone else interface_value(i.interface, "public_address"),
        interface=lambda i: () if i.gone else (i.interface.id,),
        alive=lambda i: () if i.gone else ("yes",),
    )
    """INACTIVE instances are found by id, scope and cluster only."""
