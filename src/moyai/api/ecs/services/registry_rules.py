"""Rules of service registries, against their Cloud Map service and task definition.

Promise: Cloud Map can answer queries for the tasks of a registry that passes. With awsvpc each task has an IPv4
address, so A and SRV records have an answer; AAAA records have one in subnets with IPv6, and without A or SRV they need
such subnets. With bridge and host a task is a port of an instance, which only SRV records contain. A registry names a
port for SRV records only, or for a service without DNS. AWS's wording is used where it is known.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRegistry.html
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.api.operation import Context
from moyai.domain.cloudmap.service import DiscoveryService, RecordType
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.queries.sharing import may_use
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Subnet
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import ServiceArn

_MAX_REGISTRIES = 1
_LAST_PORT = 65535


def check_registries(
    ctx: Context,
    owner: ServiceArn | None,
    registries: Sequence[ServiceRegistry],
    definition: TaskDefinition,
    network: NetworkConfiguration | None,
) -> None:
    """Check the registries of an ECS service, ``owner``. Raises InvalidParameter."""
    check_members(registries)
    for registry in registries:
        service = _service(ctx, owner, registry)
        _check_records(ctx, service, network)
        _check_port(registry, service, definition)


def check_members(registries: Sequence[ServiceRegistry]) -> None:
    """Check what the registries' members say by themselves. Raises InvalidParameter."""
    if len(registries) > _MAX_REGISTRIES:
        raise InvalidParameter(f"service registries can have at most {_MAX_REGISTRIES} items")
    for registry in registries:
        named = parse_arn(registry.registry_arn)
        if named is None or (named.service, named.kind) != ("servicediscovery", "service"):
            raise InvalidParameter(
                f"The format of the supplied service registry ARN is invalid: {registry.registry_arn}."
            )


def _service(ctx: Context, owner: ServiceArn | None, registry: ServiceRegistry) -> DiscoveryService:
    key = registry.registry_arn
    discovery_service = ctx.store.world.discovery_services.get(key)
    if discovery_service is None or not may_use(ctx.store.world, ctx.scope, discovery_service.namespace):
        raise InvalidParameter(f"The service registry {key} was not found. Create the service in Cloud Map first.")
    if discovery_service.owner not in {None, owner}:
        raise InvalidParameter(
            f"The service registry {key} belongs to the Service Connect of {discovery_service.owner}."
        )
    return discovery_service


def _check_records(ctx: Context, service: DiscoveryService, network: NetworkConfiguration | None) -> None:
    """Check that there is an answer: every task has an IPv4 address, and an IPv6 one in a subnet with IPv6 only."""
    records = service.record_types
    if not records or records & {RecordType.A, RecordType.SRV}:
        return
    if RecordType.AAAA not in records:
        raise InvalidParameter(f"The service registry {service.arn} has no A, AAAA or SRV records.")
    subnet_ids = () if network is None else network.awsvpc_configuration.subnets
    for subnet in (find_in_scope(ctx.store.world, Subnet, ctx.scope, subnet_id) for subnet_id in subnet_ids):
        if subnet is not None and subnet.ipv6 is None:
            raise InvalidParameter(
                f"The service registry {service.arn} has AAAA records alone, and the subnet {subnet.id} has no IPv6"
                " CIDR block."
            )


def _check_port(registry: ServiceRegistry, service: DiscoveryService, definition: TaskDefinition) -> None:
    records = service.record_types
    members = _members_in_use(registry)
    if definition.network_mode is not NetworkMode.AWSVPC:
        _check_on_instance(members, records, service, definition.network_mode)
    if members and records and RecordType.SRV not in records:
        raise InvalidParameter(
            f"The values specified for serviceRegistries do not require a value for '{members[0]}'. Remove the value "
            f"and retry. Registry: {service.arn}"
        )
    if members or RecordType.SRV in records:
        _check_members(members, service)
        _check_exists(registry, definition)


def _check_on_instance(
    members: tuple[str, ...], records: frozenset[RecordType], service: DiscoveryService, mode: NetworkMode
) -> None:
    """Check the registry of tasks without interfaces of their own: callers reach them at a port of their instance."""
    if mode is NetworkMode.NONE:
        raise InvalidParameter("Service registries are not supported with the network mode none.")
    if members != ("containerPort", "containerName"):
        raise InvalidParameter(
            "When specifying 'host' or 'bridge' for networkMode, values for 'containerName' and 'containerPort' must be"
            f" specified from the task definition. Registry: {service.arn}"
        )
    if records and RecordType.SRV not in records:
        raise InvalidParameter(
            "When specifying 'host' or 'bridge' for networkMode, the service registry needs SRV records. Registry:"
            f" {service.arn}"
        )


def _members_in_use(registry: ServiceRegistry) -> tuple[str, ...]:
    values = {
        "containerPort": registry.container_port,
        "containerName": registry.container_name,
        "port": registry.port,
    }
    return tuple(name for name, value in values.items() if value is not None)


def _check_members(members: tuple[str, ...], service: DiscoveryService) -> None:
    if members not in {("port",), ("containerPort", "containerName")}:
        raise InvalidParameter(
            "The values specified for serviceRegistries require either a value for 'port', or values for"
            f" 'containerName' and 'containerPort', and not both. Registry: {service.arn}"
        )


def _check_exists(registry: ServiceRegistry, definition: TaskDefinition) -> None:
    if registry.port is not None:
        if not 1 <= registry.port <= _LAST_PORT:
            raise InvalidParameter(f"The port of a service registry must be between 1 and {_LAST_PORT}.")
        return
    name, port = registry.container_name, registry.container_port
    container = next((c for c in definition.container_definitions if c.name == name), None)
    if container is None:
        raise InvalidParameter(f"The container {name} does not exist in the task definition.")
    if port is None or not any(port in mapping.ports for mapping in container.port_mappings):
        raise InvalidParameter(f"The container {name} did not have a container port {port} defined.")
