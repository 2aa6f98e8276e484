"""The world: everything that was asked for, everything decided about it, and what was seen of it.

``World`` is durable and has one owner, the store; everybody else reads. ``Observed`` is what the
shell saw a moment ago: it is never written down, because it can be looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any, TypeVar

import msgspec

from moyai.domain import tables
from moyai.domain.acm.certificate import ManagedCertificate, ManagedKey
from moyai.domain.acm.tables import managed_certificates
from moyai.domain.appmesh import tables as appmesh
from moyai.domain.appmesh.gateway_route import GatewayRoute
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.route import Route
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.autoscaling import tables as autoscaling
from moyai.domain.autoscaling.activity import ScalingActivity
from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.autoscaling.scheduled import ScheduledAction
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import Operation
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService, Revision
from moyai.domain.cloudwatch import tables as cloudwatch
from moyai.domain.cloudwatch.alarm import Alarm, AlarmEvent
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.defaults import KEY, Defaults
from moyai.domain.ecs.account_setting import AccountSetting
from moyai.domain.ecs.capacity_provider import CapacityProvider
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.hook_function import HookFunction
from moyai.domain.ecs.service import Service, ServiceLog
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import Family, TaskDefinition
from moyai.domain.logs.group import LogGroup, LogStream
from moyai.domain.pca.authority import AuthorityKey, CertificateAuthority
from moyai.domain.pca.certificate import IssuedCertificate
from moyai.domain.ram.share import Invitation, ResourceShare
from moyai.domain.s3.env_file import EnvFile
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.state import SandboxState
from moyai.domain.secretsmanager.secret import ManagedSecret
from moyai.domain.secretsmanager.tables import secrets
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.ssm.tables import parameters
from moyai.domain.sts.session import KEY as SESSION_KEY
from moyai.domain.sts.session import SessionRoot
from moyai.domain.table import Table
from moyai.domain.vpc.gateway import ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import DefaultVpc, Vpc
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, ServiceArn, TaskId

AnyRecord = (
    AccountSetting
    | Cluster
    | TaskDefinition
    | Family
    | Service
    | ServiceLog
    | ServiceDeployment
    | ServiceRevision
    | HookFunction
    | Task
    | ContainerInstance
    | CapacityProvider
    | Namespace
    | DiscoveryService
    | DiscoveryInstance
    | Revision
    | Operation
    | Mesh
    | VirtualNode
    | VirtualService
    | VirtualRouter
    | Route
    | VirtualGateway
    | GatewayRoute
    | ResourceShare
    | Invitation
    | Vpc
    | DefaultVpc
    | Subnet
    | SecurityGroup
    | VpcPeering
    | RouteTable
    | InternetGateway
    | NatGateway
    | ElasticAddress
    | Defaults
    | CertificateAuthority
    | Parameter
    | ManagedSecret
    | EnvFile
    | SessionRoot
    | AuthorityKey
    | IssuedCertificate
    | ServerCertificate
    | ManagedCertificate
    | ManagedKey
    | Alarm
    | AlarmEvent
    | Dashboard
    | LogGroup
    | LogStream
    | ScalableTarget
    | ScalingPolicy
    | ScalingActivity
    | ScheduledAction
)
"""Everything that can be stored; each has a tag, which is its table's name."""
R = TypeVar("R", bound=AnyRecord)


class Put(msgspec.Struct, frozen=True):
    """Add or replace a record in its table."""

    record: AnyRecord


class Delete(msgspec.Struct, frozen=True):
    """Remove the record with this key from its type's table."""

    kind: type[AnyRecord]
    key: str


Change = Put | Delete


def table_name(kind: type[AnyRecord]) -> str:
    """The name of the table that keeps records of this type."""
    return str(kind.__struct_config__.tag)


class World:
    """All tables; their indexes are in ``tables``."""

    def __init__(self) -> None:  # noqa: PLR0915  (a line for each table)
        self.account_settings: Table[AccountSetting] = Table()
        self.clusters = tables.clusters()
        self.task_definitions = tables.task_definitions()
        self.families: Table[Family] = Table()
        self.services = tables.services()
        self.service_logs: Table[ServiceLog] = Table()
        self.service_deployments = tables.service_deployments()
        self.service_revisions = tables.service_revisions()
        self.hook_functions: Table[HookFunction] = Table()
        self.tasks = tables.tasks()
        self.container_instances = tables.container_instances()
        self.capacity_providers: Table[CapacityProvider] = Table()
        self.namespaces = tables.namespaces()
        self.discovery_services = tables.discovery_services()
        self.discovery_instances = tables.discovery_instances()
        self.discovery_revisions: Table[Revision] = Table()
        self.operations = tables.operations()
        self.meshes = appmesh.meshes()
        self.virtual_nodes = appmesh.virtual_nodes()
        self.virtual_services = appmesh.virtual_services()
        self.virtual_routers = appmesh.virtual_routers()
        self.routes = appmesh.routes()
        self.virtual_gateways = appmesh.virtual_gateways()
        self.gateway_routes = appmesh.gateway_routes()
        self.resource_shares = tables.resource_shares()
        self.invitations = tables.invitations()
        self.vpcs = tables.vpcs()
        self.default_vpcs: Table[DefaultVpc] = Table()
        self.subnets = tables.subnets()
        self.security_groups = tables.security_groups()
        self.vpc_peerings = tables.vpc_peerings()
        self.route_tables = tables.route_tables()
        self.internet_gateways = tables.internet_gateways()
        self.nat_gateways = tables.nat_gateways()
        self.elastic_addresses = tables.elastic_addresses()
        self._defaults: Table[Defaults] = Table()
        self.authorities = tables.authorities()
        self.parameters = parameters()
        self.secrets = secrets()
        self.env_files: Table[EnvFile] = Table()
        self._session_roots: Table[SessionRoot] = Table()
        self.authority_keys: Table[AuthorityKey] = Table()
        self.issued_certificates = tables.issued_certificates()
        self.server_certificates = tables.server_certificates()
        self.managed_certificates = managed_certificates()
        self.managed_keys: Table[ManagedKey] = Table()
        self.alarms = cloudwatch.alarms()
        self.alarm_history = cloudwatch.alarm_history()
        self.dashboards = cloudwatch.dashboards()
        self.log_groups = tables.log_groups()
        self.log_streams = tables.log_streams()
        self.scalable_targets = autoscaling.scalable_targets()
        self.scaling_policies = autoscaling.scaling_policies()
        self.scaling_activities = autoscaling.scaling_activities()
        self.scheduled_actions = autoscaling.scheduled_actions()
        self._by_kind = self._kinds()

    def table(self, kind: type[R]) -> Table[R]:
        """The table that keeps records of this type."""
        return self._by_kind[kind]

    @property
    def defaults(self) -> Defaults:
        """What holds where a resource says nothing itself."""
        return self._defaults.get(KEY) or Defaults()

    @property
    def session_root(self) -> SessionRoot | None:
        """What keys of roles follow from; None before the installation has it."""
        return self._session_roots.get(SESSION_KEY)

    def check(self, change: Change) -> None:
        """Raise TypeError or ValueError when ``apply`` couldn't make this change; change nothing."""
        kind = type(change.record) if isinstance(change, Put) else change.kind
        table = self._by_kind.get(kind)
        if table is None:
            raise TypeError(f"there is no table for {kind!r}")
        if isinstance(change, Put):
            table.check(change.record)

    def apply(self, change: Change) -> None:
        """Make one change; for the store."""
        if isinstance(change, Put):
            self._by_kind[type(change.record)].put(change.record)
        else:
            self._by_kind[change.kind].delete(change.key)

    def shown_by(self, look: Callable[[str, Table[Any]], Table[Any]]) -> World:
        """The same world, each table as ``look`` shows it; it is told the table's name."""
        shown = {id(table): look(table_name(kind), table) for kind, table in self._by_kind.items()}
        view = copy(self)
        vars(view).update({name: shown[id(table)] for name, table in vars(self).items() if id(table) in shown})
        view._by_kind = view._kinds()  # noqa: SLF001  (it is of this class)
        return view

    def _kinds(self) -> Mapping[type, Table[Any]]:
        """The table of each kind of record."""
        return {
            AccountSetting: self.account_settings,
            Cluster: self.clusters,
            TaskDefinition: self.task_definitions,
            Family: self.families,
            Service: self.services,
            ServiceLog: self.service_logs,
            ServiceDeployment: self.service_deployments,
            ServiceRevision: self.service_revisions,
            HookFunction: self.hook_functions,
            Task: self.tasks,
            ContainerInstance: self.container_instances,
            CapacityProvider: self.capacity_providers,
            Namespace: self.namespaces,
            DiscoveryService: self.discovery_services,
            DiscoveryInstance: self.discovery_instances,
            Revision: self.discovery_revisions,
            Operation: self.operations,
            ResourceShare: self.resource_shares,
            Invitation: self.invitations,
            Vpc: self.vpcs,
            DefaultVpc: self.default_vpcs,
            Subnet: self.subnets,
            SecurityGroup: self.security_groups,
            VpcPeering: self.vpc_peerings,
            RouteTable: self.route_tables,
            InternetGateway: self.internet_gateways,
            NatGateway: self.nat_gateways,
            ElasticAddress: self.elastic_addresses,
            Defaults: self._defaults,
            LogGroup: self.log_groups,
            LogStream: self.log_streams,
            **self._secret_kinds(),
            **self._app_mesh_kinds(),
            **self._watching_kinds(),
        }

    def _secret_kinds(self) -> Mapping[type, Table[Any]]:
        """Those of secrets, keys and certificates."""
        return {
            Parameter: self.parameters,
            ManagedSecret: self.secrets,
            EnvFile: self.env_files,
            SessionRoot: self._session_roots,
            CertificateAuthority: self.authorities,
            AuthorityKey: self.authority_keys,
            IssuedCertificate: self.issued_certificates,
            ServerCertificate: self.server_certificates,
            ManagedCertificate: self.managed_certificates,
            ManagedKey: self.managed_keys,
        }

    def _app_mesh_kinds(self) -> Mapping[type, Table[Any]]:
        """Those of App Mesh."""
        return {
            Mesh: self.meshes,
            VirtualNode: self.virtual_nodes,
            VirtualService: self.virtual_services,
            VirtualRouter: self.virtual_routers,
            Route: self.routes,
            VirtualGateway: self.virtual_gateways,
            GatewayRoute: self.gateway_routes,
        }

    def _watching_kinds(self) -> Mapping[type, Table[Any]]:
        """Those of alarms and of what acts on them."""
        return {
            Alarm: self.alarms,
            AlarmEvent: self.alarm_history,
            Dashboard: self.dashboards,
            ScalableTarget: self.scalable_targets,
            ScalingPolicy: self.scaling_policies,
            ScalingActivity: self.scaling_activities,
            ScheduledAction: self.scheduled_actions,
        }

    def records(self) -> Iterator[AnyRecord]:
        """Every record of every table."""
        for table in self._by_kind.values():
            yield from table


class ProxyState(msgspec.Struct, frozen=True):
    """A proxy as its streams show it."""

    connected: bool = False
    synced: bool = False
    """It has acknowledged the newest configuration meant for it."""
    rejected: str | None = None
    """Why it refused its newest configuration; it goes on with the one before."""
    reported_at: Instant | None = None
    """When its statistics last came in."""


class Drain(msgspec.Struct, frozen=True):
    """How far a task's endpoints are from being forgotten."""

    waiting_on: frozenset[ProxyId] = frozenset()
    """Proxies that know the endpoint and have not yet acknowledged a configuration without it."""
    forgotten_at: Instant | None = None
    """When the last of them was first seen to have acknowledged; None when that isn't known."""
    in_flight: int | None = None
    """Requests its own proxy still serves; None when that can't be asked."""
    closed: bool = False
    """This process has closed its ports to new connections. After a restart nobody knows, so it is done again."""


class Rerouting(msgspec.Struct, frozen=True):
    """How far callers are from sending as a service's traffic says."""

    published: bool = True
    """The proxies' configuration has been made from it."""
    waiting_on: frozenset[ProxyId] = frozenset()
    """Callers' proxies that have not yet acknowledged it."""


class Observed(msgspec.Struct, frozen=True):
    """What the shell saw. ``faults``: why a task's sandbox or container could not be had. ``carried``: the tasks
    whose proxy has acknowledged all that they are yet to find by name. ``listeners``: of the sockets that a task needs
    before it is ready, those that are there.
    """

    sandboxes: Mapping[TaskId, SandboxState] = {}
    faults: Mapping[TaskId, str] = {}
    proxies: Mapping[ProxyId, ProxyState] = {}
    drains: Mapping[TaskId, Drain] = {}
    carried: frozenset[TaskId] = frozenset()
    listeners: Mapping[TaskId, frozenset[ExpectedListener]] = {}
    reroutings: Mapping[ServiceArn, Rerouting] = {}
