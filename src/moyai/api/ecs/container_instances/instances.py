"""Container instances: register, deregister, drain.

Promise: a registered instance is a sandbox on this machine. Its identity document is read, and the signature of the
document is not verified. A document whose ``instanceId`` begins with ``mi-`` registers an EXTERNAL instance.
Deregistering an instance by force stops its tasks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.container_instances.attributes import AttributeRequest, checked_attributes
from moyai.api.ecs.container_instances.view import instance_view
from moyai.api.ecs.lookup import active_cluster, find_instance, instance_arn, known_instance, tag_rules
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus, Resources, VersionInfo
from moyai.domain.ecs.errors import InvalidParameter, NoUpdateAvailable
from moyai.domain.ecs.task import StopCode
from moyai.domain.world import Change, Put
from moyai.plan.capacity.registration import (
    EC2,
    EXTERNAL,
    INSTANCE_TYPE,
    ContainerInstanceRequest,
    RegistrationImpossible,
    new_container_instance,
)
from moyai.plan.task.stop import host_terminated, stop_task

_INSTANCE = re.compile(r"m?i-[0-9a-f]{8,17}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_DOCUMENT = 8192
_MOST_CPU, _MOST_MEMORY = 1_000_000, 16_777_216
_MOST_PORTS, _MOST_GPUS = 100, 64
_TOP_PORT = 65535
_MAX_UPDATED = 10


class Resource(msgspec.Struct, frozen=True):
    """An amount or a set of one kind of resource; the kind decides which member has it."""

    name: str | None = None
    type: str | None = None
    integer_value: int = 0
    long_value: int = 0
    double_value: float = 0.0
    string_set_value: tuple[str, ...] = ()


class PlatformDevice(msgspec.Struct, frozen=True):
    """A device of the instance."""

    id: str
    type: str


class RegisterContainerInstanceRequest(msgspec.Struct, frozen=True):
    cluster: str | None = None
    instance_identity_document: str | None = None
    total_resources: tuple[Resource, ...] = ()
    version_info: VersionInfo = VersionInfo()
    container_instance_arn: str | None = None
    attributes: tuple[AttributeRequest, ...] = ()
    platform_devices: tuple[PlatformDevice, ...] = ()
    tags: tuple[Tag, ...] = ()


class DeregisterContainerInstanceRequest(msgspec.Struct, frozen=True):
    container_instance: str
    cluster: str | None = None
    force: bool = False


class UpdateContainerInstancesStateRequest(msgspec.Struct, frozen=True):
    container_instances: tuple[str, ...]
    status: str
    cluster: str | None = None


class UpdateContainerAgentRequest(msgspec.Struct, frozen=True):
    container_instance: str
    cluster: str | None = None


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    """The members of an instance identity document that are used."""

    instance_id: str | None = None
    availability_zone: str | None = None
    instance_type: str = INSTANCE_TYPE
    architecture: str = "x86_64"


_DOCUMENT_DECODER = msgspec.json.Decoder(_Document)


def register_container_instance(ctx: Context, request: RegisterContainerInstanceRequest) -> dict[str, object]:
    """Register an instance, or update the one whose ARN the request has."""
    cluster = active_cluster(ctx, request.cluster)
    resources = _resources(request)
    attributes = checked_attributes(request.attributes)
    if request.container_instance_arn is not None:
        former = known_instance(ctx.store.world, cluster, request.container_instance_arn)
        built_in = (a for a in former.attributes if a.name.startswith("ecs."))
        by_name = {a.name: a for a in (*former.attributes, *attributes, *built_in)}
        changed_instance = replace(
            former,
            resources=resources,
            version_info=request.version_info,
            attributes=tuple(by_name[name] for name in sorted(by_name)),
        )
        return _save(ctx, changed_instance)
    document = _document(request.instance_identity_document)
    identity = document.instance_id
    if identity is not None and any(ctx.store.world.container_instances.by("ec2_instance", identity)):
        raise InvalidParameter(f"The instance {identity} is registered. Give its containerInstanceArn.")
    new_instance = ContainerInstanceRequest(
        cluster=cluster.arn,
        resources=resources,
        launch_type=EXTERNAL if identity is not None and identity.startswith("mi-") else EC2,
        zone=document.availability_zone,
        ec2_instance_id=identity,
        instance_type=document.instance_type,
        architecture=document.architecture,
        attributes=attributes,
        version_info=request.version_info,
        tags=checked_tags(tag_rules("container-instance"), request.tags),
    )
    try:
        return _save(ctx, new_container_instance(ctx.store.world, new_instance, ctx.now, ctx.ids))
    except RegistrationImpossible as fault:
        raise InvalidParameter(str(fault)) from fault


def deregister_container_instance(ctx: Context, request: DeregisterContainerInstanceRequest) -> dict[str, object]:
    """Make an instance INACTIVE; with ``force``, stop its tasks as well."""
    cluster = active_cluster(ctx, request.cluster)
    instance = known_instance(ctx.store.world, cluster, request.container_instance)
    tasks = ctx.store.world.tasks.by("instance", instance.arn)
    if tasks and not request.force:
        raise InvalidParameter("Found running tasks on the instance.")
    reason = host_terminated(instance)
    changes: list[Change] = [
        Put(stopped) for t in tasks if (stopped := stop_task(t, StopCode.TERMINATION_NOTICE, reason, ctx.now)) != t
    ]
    inactive = replace(instance, status=ContainerInstanceStatus.INACTIVE, drained_for=None, inactive_at=ctx.now)
    return _save(ctx, inactive, changes)


def update_container_instances_state(ctx: Context, request: UpdateContainerInstancesStateRequest) -> dict[str, object]:
    """Set instances to DRAINING, or back to ACTIVE."""
    cluster = active_cluster(ctx, request.cluster)
    if request.status not in {"ACTIVE", "DRAINING"}:
        raise InvalidParameter(f"Container instance status should be one of [ACTIVE,DRAINING], not {request.status}.")
    if not request.container_instances:
        raise InvalidParameter("Container instances cannot be empty.")
    if len(request.container_instances) > _MAX_UPDATED:
        raise InvalidParameter(f"Container instances can have at most {_MAX_UPDATED} items.")
    status = ContainerInstanceStatus(request.status)
    instances, failures = _instances_and_failures(ctx, cluster, request.container_instances)
    changed_instances = [
        i
        if i.status is status and i.drained_for is None
        else replace(i, status=status, drained_for=None, version=i.version + 1)
        for i in instances
    ]
    changes = [Put(after) for before, after in zip(instances, changed_instances, strict=True) if after != before]
    if changes:
        ctx.store.apply(changes)
    return {"container_instances": [instance_view(ctx.store.world, i) for i in changed_instances], "failures": failures}


def update_container_agent(ctx: Context, request: UpdateContainerAgentRequest) -> dict[str, object]:
    """Always refused: the agent is moyai itself, and cannot update itself."""
    cluster = active_cluster(ctx, request.cluster)
    known_instance(ctx.store.world, cluster, request.container_instance)
    raise NoUpdateAvailable("There is no update available for your container agent.")


def _instances_and_failures(
    ctx: Context, cluster: Cluster, identifiers: tuple[str, ...]
) -> tuple[list[ContainerInstance], list[dict[str, object]]]:
    """The registered instances, and a failure for each that is missing or INACTIVE."""
    arns = dict.fromkeys(instance_arn(cluster, identifier) for identifier in identifiers)
    instances = {arn: find_instance(ctx.store.world, cluster, arn) for arn in arns}
    failures: list[dict[str, object]] = [
        {"arn": arn, "reason": "MISSING" if instance is None else "INACTIVE"}
        for arn, instance in instances.items()
        if instance is None or instance.gone
    ]
    return [i for i in instances.values() if i is not None and not i.gone], failures


def _save(ctx: Context, instance: ContainerInstance, changes: list[Change] | None = None) -> dict[str, object]:
    before = ctx.store.world.container_instances.get(instance.arn)
    if before is not None and instance != before:
        instance = replace(instance, version=before.version + 1)
    ctx.store.apply([*(changes or ()), Put(instance)])
    return {"container_instance": instance_view(ctx.store.world, instance, frozenset({"TAGS"}))}


def _document(text: str | None) -> _Document:
    if text is None:
        return _Document()
    if len(text) > _LONGEST_DOCUMENT:
        raise InvalidParameter(f"instanceIdentityDocument has at most {_LONGEST_DOCUMENT} characters.")
    try:
        document = _DOCUMENT_DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidParameter(f"instanceIdentityDocument is not valid: {error}.") from error
    if document.instance_id is not None and not _INSTANCE.fullmatch(document.instance_id):
        raise InvalidParameter(f"instanceIdentityDocument: {document.instance_id!r} is not the id of an instance.")
    for word in (document.instance_type, document.architecture):
        if not _WORD.fullmatch(word):
            raise InvalidParameter(
                f"instanceIdentityDocument: {word!r} is neither an instance type nor an architecture."
            )
    return document


def _resources(request: RegisterContainerInstanceRequest) -> Resources:
    by_name = {resource.name: resource for resource in request.total_resources}
    for name in by_name:
        if name not in {"CPU", "MEMORY", "PORTS", "PORTS_UDP", "GPU"}:
            raise unsupported_value("totalResources", name, "the resources are CPU, MEMORY, PORTS, PORTS_UDP and GPU")
    for device in request.platform_devices:
        if device.type != "GPU":
            raise unsupported_value("platformDevices", device.type, "devices are GPUs")
    ports = by_name.get("PORTS")
    gpus = by_name["GPU"].string_set_value if "GPU" in by_name else tuple(d.id for d in request.platform_devices)
    if len(gpus) > _MOST_GPUS or len(set(gpus)) < len(gpus):
        raise InvalidParameter(f"An instance has at most {_MOST_GPUS} GPUs, each with an id of its own.")
    resources = Resources(
        cpu=_amount(by_name.get("CPU"), "CPU", _MOST_CPU),
        memory=_amount(by_name.get("MEMORY"), "MEMORY", _MOST_MEMORY),
        ports_udp=_ports(by_name.get("PORTS_UDP")),
        gpus=gpus,
    )
    return resources if ports is None else replace(resources, ports=_ports(ports))


def _amount(resource: Resource | None, name: str, most: int) -> int:
    amount = 0 if resource is None else resource.integer_value or resource.long_value or int(resource.double_value)
    if not 1 <= amount <= most:
        raise InvalidParameter(f"totalResources must have {name}, from 1 to {most}.")
    return amount


def _ports(resource: Resource | None) -> tuple[int, ...]:
    texts = () if resource is None else resource.string_set_value
    if len(texts) > _MOST_PORTS:
        raise InvalidParameter(f"totalResources: at most {_MOST_PORTS} ports can be reserved.")
    for text in texts:
        if not (
            text.isascii() and text.isdecimal() and len(text) <= len(str(_TOP_PORT)) and 1 <= int(text) <= _TOP_PORT
        ):
            raise InvalidParameter(f"totalResources: {text!r} is not a port.")
    return tuple(sorted({int(text) for text in texts}))
