"""Builds worlds for tests.

Promise: the records are those that the API's operations would have made (with defaults, and with Service Connect's
names resolved), but without the API's validation. All changes go through ``apply`` of the target: a plain World, or a
store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryService, DnsConfig, DnsRecord, RecordType
from moyai.domain.connect.config import ClientAlias, ServiceConnectConfiguration, ServiceConnectService
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import (
    AwsVpcConfiguration,
    Deployment,
    DeploymentConfiguration,
    DeploymentStatus,
    NetworkConfiguration,
    Service,
    ServiceStatus,
)
from moyai.domain.ecs.service_deployment import HookStatus, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.ecs.task_definition import (
    AppProtocol,
    ContainerDefinition,
    ContainerHealthCheck,
    NetworkMode,
    PortMapping,
    TaskDefinition,
)
from moyai.domain.own_tags import LIVE_ENDPOINTS
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Change, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.ids import (
    AccountId,
    CertificateAuthorityArn,
    ClusterArn,
    DeploymentId,
    DiscoveryServiceArn,
    DiscoveryServiceId,
    Ids,
    NamespaceArn,
    NamespaceId,
    Region,
    ServiceArn,
    TaskArn,
    TaskDefinitionArn,
)
from moyai.kernel.scope import Scope
from moyai.plan.service_connect.resolution import ConnectRequest, resolve
from moyai.plan.strategy.start import begin_deployment
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.stop import STOPPED_BY_USER, stop_task
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.tls import with_tls

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
NAMESPACE = "shop"
NETWORK = NetworkConfiguration(AwsVpcConfiguration(tuple(s.id for s in default_vpc(SCOPE).subnets)))
CHECK = ContainerHealthCheck(("CMD-SHELL", "true"), interval=5, timeout=2, retries=2)


class Book(Protocol):
    """Has a World and accepts changes to it; a store is one."""

    @property
    def world(self) -> World:
        """The World with all changes that were applied."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply the changes to the World."""


class PlainBook:
    """A World that is not stored."""

    def __init__(self) -> None:
        self.world = World()

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply the changes to the World."""
        for change in changes:
            self.world.apply(change)


def container(
    name: str = "app", command: tuple[str, ...] | None = None, port: int | None = None
) -> ContainerDefinition:
    """An essential container of the sim image; its port, if any, has the same name and the protocol HTTP."""
    mappings = () if port is None else (PortMapping(port, port, name=name, app_protocol=AppProtocol.HTTP),)
    return ContainerDefinition(name=name, image="moyai.local/host", command=command, port_mappings=mappings)


class Builder:
    """Records resources in a book. Names are as in the API; ARNs are made from them."""

    def __init__(self, book: Book | None = None, clock: ManualClock | None = None, ids: Ids | None = None) -> None:
        self.book: Book = book or PlainBook()
        self.clock = clock or ManualClock()
        self.ids: Ids = ids or SeededIds()

    @property
    def world(self) -> World:
        """The World that is built."""
        return self.book.world

    def cluster(self, name: str = "default") -> ClusterArn:
        """The cluster with this name, recorded if it does not exist."""
        key = ClusterArn(arn("ecs", SCOPE, f"cluster/{name}"))
        if key not in self.world.clusters:
            self.book.apply([Put(Cluster(key, name, self.clock.now()))])
        return key

    def live(self, value: str, name: str = "default") -> None:
        """Tag a cluster with moyai:live-endpoints, as TagResource does."""
        cluster = self.world.clusters[self.cluster(name)]
        self.book.apply([Put(replace(cluster, tags={**cluster.tags, LIVE_ENDPOINTS: value}))])

    def namespace(self, name: str = NAMESPACE) -> NamespaceArn:
        """The HTTP namespace with this name, recorded if it does not exist."""
        existing = next((n for n in self.world.namespaces if n.name == name), None)
        if existing is not None:
            return existing.arn
        identity = NamespaceId(f"ns-{self.ids.alphanumeric(16)}")
        key = NamespaceArn(arn("servicediscovery", SCOPE, f"namespace/{identity}"))
        self.book.apply([Put(Namespace(key, identity, name, NamespaceType.HTTP, self.clock.now()))])
        return key

    def registry(self, name: str, *ttls: int, srv: bool = False, custom_health: bool = True) -> ServiceRegistry:
        """A Cloud Map service in NAMESPACE as a registry: an A record for each TTL in seconds, or SRV at port 80."""
        identity = DiscoveryServiceId(f"srv-{self.ids.alphanumeric(16)}")
        records = tuple(DnsRecord(RecordType.SRV if srv else RecordType.A, ttl) for ttl in ttls)
        service = DiscoveryService(
            arn=DiscoveryServiceArn(arn("servicediscovery", SCOPE, f"service/{identity}")),
            id=identity,
            name=name,
            namespace=self.namespace(),
            created_at=self.clock.now(),
            dns=DnsConfig(records) if records else None,
            custom_health=custom_health,
        )
        self.book.apply([Put(service)])
        return ServiceRegistry(service.arn, 80 if srv else None)

    def definition(self, family: str, *containers: ContainerDefinition) -> TaskDefinition:
        """The next revision of a family; one container that runs until it is stopped when none is given."""
        revision = 1 + sum(d.family == family for d in self.world.task_definitions)
        definition = TaskDefinition(
            arn=TaskDefinitionArn(arn("ecs", SCOPE, f"task-definition/{family}:{revision}")),
            family=family,
            revision=revision,
            registered_at=self.clock.now(),
            registered_by="test",
            container_definitions=containers or (container(),),
            network_mode=NetworkMode.AWSVPC,
            cpu="256",
            memory="512",
        )
        self.book.apply([Put(definition)])
        return definition

    def service(
        self,
        name: str,
        definition: TaskDefinition,
        desired_count: int = 1,
        *,
        offers: Sequence[str] | None = None,
        bounds: DeploymentConfiguration | None = None,
        namespace: str = NAMESPACE,
    ) -> ServiceArn:
        """A service in the default cluster. ``offers``: names of ports to offer in the namespace under the
        service's own name and port 80; empty = a client only; None = no Service Connect.
        """
        cluster = self.cluster()
        key = ServiceArn(arn("ecs", SCOPE, f"service/default/{name}"))
        service = Service(
            arn=key,
            name=name,
            cluster=cluster,
            created_at=self.clock.now(),
            created_by="test",
            deployments=(),
            desired_count=desired_count,
            deployment_configuration=bounds or DeploymentConfiguration(),
        )
        self._deploy(service, definition, None if offers is None else self._connect(name, offers, namespace))
        return key

    def discover(self, service: ServiceArn, *registries: ServiceRegistry) -> None:
        """Set a new service's registries, as serviceRegistries in CreateService does."""
        record = self.world.services[service]
        first = replace(record.primary, service_registries=registries)
        self.book.apply([Put(replace(record, deployments=(first,)))])

    def deploy(self, service: ServiceArn, definition: TaskDefinition) -> DeploymentId:
        """Deploy another task definition, as UpdateService does."""
        record = self.world.services[service]
        return self._deploy(record, definition, record.primary.service_connect if record.deployments else None)

    def roll_back(self, service: ServiceArn) -> None:
        """Roll a deployment back, as StopServiceDeployment does."""
        self._change(service, status=ServiceDeploymentStatus.ROLLBACK_REQUESTED, status_reason="it was asked for")

    def abort(self, service: ServiceArn) -> None:
        """Abort a deployment, as StopServiceDeployment with ABORT does."""
        self._change(service, status=ServiceDeploymentStatus.STOP_REQUESTED)

    def go_on(self, service: ServiceArn) -> None:
        """Continue every waiting hook, as ContinueServiceDeployment does."""
        hooks = self.deployment(service).hooks
        self._change(service, hooks=tuple(replace(run, status=HookStatus.SUCCEEDED) for run in hooks))

    def deployment(self, service: ServiceArn) -> ServiceDeployment:
        """The newest service deployment."""
        return self.world.service_deployments.by("service", service)[-1]

    def configure(self, service: ServiceArn, configuration: DeploymentConfiguration) -> None:
        """Change the deployment configuration, as UpdateService does."""
        self.book.apply([Put(replace(self.world.services[service], deployment_configuration=configuration))])

    def _change(self, service: ServiceArn, **changes: object) -> None:
        self.book.apply([Put(replace(self.deployment(service), updated_at=self.clock.now(), **changes))])

    def encrypt(self, service: ServiceArn, authority: CertificateAuthorityArn | None = None) -> DeploymentId:
        """Encrypt a service, as UpdateService with ``tls`` does; by the built-in authority, or by this one."""
        record = self.world.services[service]
        definition = self.world.task_definitions[record.primary.task_definition]
        return self._deploy(record, definition, with_tls(record.primary.service_connect, authority))

    def scale(self, service: ServiceArn, desired_count: int) -> None:
        """Change the desired count, as UpdateService does."""
        self.book.apply([Put(replace(self.world.services[service], desired_count=desired_count))])

    def delete(self, service: ServiceArn) -> None:
        """Delete a service, as DeleteService does."""
        record = self.world.services[service]
        self.book.apply([Put(replace(record, desired_count=0, status=ServiceStatus.DRAINING))])

    def run(self, definition: TaskDefinition) -> TaskArn:
        """Run a standalone task, as RunTask does."""
        request = LaunchRequest(self.cluster(), definition, f"family:{definition.family}")
        task = launch(self.world, request, self.clock.now(), self.ids)
        self.book.apply([Put(task)])
        return task.arn

    def stop(self, task: TaskArn) -> None:
        """Stop a task, as StopTask does."""
        record = self.world.tasks[task]
        self.book.apply([Put(stop_task(record, StopCode.USER_INITIATED, STOPPED_BY_USER, self.clock.now()))])

    def tasks(self, service: ServiceArn) -> list[Task]:
        """The service's tasks that are not STOPPED."""
        return [t for t in self.world.tasks.by("service", service) if not t.stopped]

    def messages(self, service: ServiceArn) -> list[str]:
        """The service's events, oldest first."""
        log = self.world.service_logs.get(service)
        return [] if log is None else [e.message for e in reversed(log.events)]

    def _connect(self, name: str, ports: Sequence[str], namespace: str) -> ServiceConnectConfiguration:
        self.namespace(namespace)
        services = tuple(ServiceConnectService(p, f"{name}-{p}", (ClientAlias(80, f"{name}-{p}"),)) for p in ports)
        return ServiceConnectConfiguration(enabled=True, namespace=namespace, services=services)

    def _deploy(
        self, service: Service, definition: TaskDefinition, connect: ServiceConnectConfiguration | None
    ) -> DeploymentId:
        now = self.clock.now()
        wish = ConnectRequest(service.arn, connect, definition, None)
        resolution = resolve(self.world, wish, now, self.ids)
        identity = DeploymentId(f"ecs-svc/{self.ids.decimal(19)}")
        deployment = Deployment(
            id=identity,
            status=DeploymentStatus.PRIMARY,
            task_definition=definition.arn,
            created_at=now,
            updated_at=now,
            network_configuration=NETWORK,
            service_connect=connect,
            view=resolution.view,
            service_registries=service.primary.service_registries if service.deployments else (),
            load_balancers=service.primary.load_balancers if service.deployments else (),
            rollout_state_reason=f"ECS deployment {identity} in progress.",
        )
        service_after, changes = begin_deployment(self.world, service, deployment, now, self.ids)
        self.book.apply([*resolution.changes, Put(service_after), *changes])
        return identity
