"""Task definitions: register, describe, list. ``deletion`` deregisters and deletes them.

Promise: a revision is stored as it was registered, with AWS's defaults, and never changes; its number is never reused.
The runtime implements a revision's members, except those that are only stored and shown: roles, tags, dockerLabels,
memoryReservation, runtimePlatform.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.api.ecs.lookup import find_definition
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.ecs.task_definitions.registration import RegisterTaskDefinitionRequest, new_definition, put_definition
from moyai.api.operation import Context, PageRequest, operation
from moyai.api.tagging import tag_list
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, PortMapping, TaskDefinition, TaskDefinitionStatus
from moyai.domain.keys import family_key, scope_key
from moyai.plan.placement.constraints import required_attributes


class DescribeTaskDefinitionRequest(msgspec.Struct, frozen=True):
    task_definition: str
    include: frozenset[str] = frozenset()


class ListTaskDefinitionsRequest(PageRequest, frozen=True):
    family_prefix: str | None = None
    status: str = "ACTIVE"
    sort: str = "ASC"


class ListTaskDefinitionFamiliesRequest(PageRequest, frozen=True):
    family_prefix: str = ""
    status: str = "ALL"


@operation(input_fault=ClientException)
def register_task_definition(ctx: Context, request: RegisterTaskDefinitionRequest) -> dict[str, object]:
    """Register the next revision of a family."""
    definition = new_definition(ctx, request)
    ctx.store.apply(put_definition(definition))
    return {"task_definition": definition_view(definition), "tags": tag_list(definition.tags)}


def describe_task_definition(ctx: Context, request: DescribeTaskDefinitionRequest) -> dict[str, object]:
    """Describe a revision, or the newest ACTIVE one of a family."""
    definition = find_definition(ctx.store.world, ctx.scope, request.task_definition)
    if definition is None:
        raise ClientException("Unable to describe task definition.")
    tags = tag_list(definition.tags) if "TAGS" in request.include else []
    return {"task_definition": definition_view(definition), "tags": tags}


def list_task_definitions(ctx: Context, request: ListTaskDefinitionsRequest) -> dict[str, object]:
    """The ARNs of revisions by family and number. As on AWS, ``familyPrefix`` is the name of a family."""
    world = ctx.store.world
    if request.family_prefix is None:
        definitions: Iterable[TaskDefinition] = world.task_definitions.by("scope", scope_key(ctx.scope))
    else:
        definitions = world.task_definitions.by("family", family_key(ctx.scope, request.family_prefix))
    arns = (d.arn for d in definitions if d.status == request.status and not d.is_daemon)
    listing = ("ListTaskDefinitions", request.family_prefix, request.status, request.sort)
    query = PageQuery(listing, request.next_token, request.max_results)
    page = paginate(arns, query, family_and_number, descending=request.sort == "DESC")
    return {"task_definition_arns": page.keys, "next_token": page.next_token}


def list_task_definition_families(ctx: Context, request: ListTaskDefinitionFamiliesRequest) -> dict[str, object]:
    """The names of families. A family is INACTIVE when none of its revisions is ACTIVE."""
    all_definitions = ctx.store.world.task_definitions.by("scope", scope_key(ctx.scope))
    definitions = [d for d in all_definitions if not d.is_daemon]
    families = {d.family for d in definitions if d.family.startswith(request.family_prefix)}
    active = {d.family for d in definitions if d.status is TaskDefinitionStatus.ACTIVE}
    if request.status == "ACTIVE":
        families &= active
    elif request.status == "INACTIVE":
        families -= active
    listing = ("ListTaskDefinitionFamilies", request.family_prefix, request.status)
    page = paginate(families, PageQuery(listing, request.next_token, request.max_results))
    return {"families": page.keys, "next_token": page.next_token}


def definition_view(definition: TaskDefinition) -> dict[str, object]:
    """A task definition as the API shows it."""
    return {
        "task_definition_arn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        "container_definitions": [_container_view(c) for c in definition.container_definitions],
        "network_mode": definition.network_mode,
        "pid_mode": definition.pid_mode,
        "ipc_mode": definition.ipc_mode,
        "cpu": definition.cpu,
        "memory": definition.memory,
        "requires_compatibilities": definition.requires_compatibilities,
        "compatibilities": definition.compatibilities,
        "task_role_arn": definition.task_role_arn,
        "execution_role_arn": definition.execution_role_arn,
        "runtime_platform": definition.runtime_platform,
        "proxy_configuration": definition.proxy_configuration,
        "volumes": definition.volumes,
        "ephemeral_storage": definition.ephemeral_storage,
        "placement_constraints": definition.placement_constraints,
        "requires_attributes": [{"name": name} for name in required_attributes(definition)],
        "registered_at": definition.registered_at,
        "registered_by": definition.registered_by,
        "deregistered_at": definition.deregistered_at,
        "delete_requested_at": definition.delete_requested_at,
    }


def _container_view(container: ContainerDefinition) -> dict[str, object]:
    ports = [_port_view(port) for port in container.port_mappings]
    return {**msgspec.structs.asdict(container), "port_mappings": ports}


def _port_view(port: PortMapping) -> dict[str, object]:
    """The mapping; the mapping of a range has no single ports."""
    view = msgspec.structs.asdict(port)
    return view if port.container_port_range is None else {**view, "container_port": None, "host_port": None}


def family_and_number(arn: str) -> tuple[str, int]:
    """The family's key and the revision number in a task definition's ARN, by which revisions are ordered."""
    family, _, number = arn.rpartition(":")
    return family, int(number) if number.isascii() and number.isdecimal() else 0
