"""Container instances: register, deregister, drain.

Promise: an instance registered here is a sandbox of this machine, whoever registers it; its identity document is read
for what it says and its signature is not checked. A document whose ``instanceId`` begins with ``mi-`` registers an
EXTERNAL instance. Deregistered by force, an instance ends with its tasks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.attribute_rules import AttributeAsked, checked_attributes
from moyai.api.ecs.instance_lookup import find_instance, instance_arn, known_instance
from moyai.api.ecs.instance_view import instance_view
from moyai.api.ecs.lookup import active_cluster
from moyai.api.ecs.refusal import unsupported
from moyai.api.ecs.tagging import Tag, tag_map
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus, Resources, VersionInfo
from moyai.domain.ecs.errors import InvalidParameter, NoUpdateAvailable
from moyai.domain.ecs.task import StopCode
from moyai.domain.world import Change, Put
from moyai.plan.enrol import EC2, EXTERNAL, INSTANCE_TYPE, NewInstance, NoPlace, enrolled
from moyai.plan.stopping import host_terminated, stop_task

_INSTANCE = re.compile(r"m?i-[0-9a-f]{8,17}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_DOCUMENT = 8192
_MOST_CPU, _MOST_MEMORY = 1_000_000, 16_777_216
_MOST_PORTS, _MOST_GPUS = 100, 64
_TOP_PORT = 65535
_MAX_UPDATED = 10


class Resource(msgspec.Struct, frozen=True):
    """An amount, or a set, of one kind of resource; which of the members is meant goes by the kind."""

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
    """Input of RegisterContainerInstance."""

    cluster: str | None = None
    instance_identity_document: str | None = None
    total_resources: tuple[Resource, ...] = ()
    version_info: VersionInfo = VersionInfo()
    container_instance_arn: str | None = None
    attributes: tuple[AttributeAsked, ...] = ()
    platform_devices: tuple[PlatformDevice, ...] = ()
    tags: tuple[Tag, ...] = ()


class DeregisterContainerInstanceRequest(msgspec.Struct, frozen=True):
    """Input of DeregisterContainerInstance."""

    container_instance: str
    cluster: str | None = None
    force: bool = False


class UpdateContainerInstancesStateRequest(msgspec.Struct, frozen=True):
    """Input of UpdateContainerInstancesState."""

    container_instances: tuple[str, ...]
    status: str
    cluster: str | None = None


class UpdateContainerAgentRequest(msgspec.Struct, frozen=True):
    """Input of UpdateContainerAgent."""

    container_instance: str
    cluster: str | None = None


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of an instance identity document."""

    instance_id: str | None = None
    availability_zone: str | None = None
    instance_type: str = INSTANCE_TYPE
    architecture: str = "x86_64"


_READER = msgspec.json.Decoder(_Document)


def register_container_instance(ctx: Context, request: RegisterContainerInstanceRequest) -> dict[str, object]:
    """A new instance; the one there is, with what is said of it now, where its ARN is given."""
    cluster = active_cluster(ctx, request.cluster)
    resources = _resources(request)
    attributes = checked_attributes(request.attributes)
    if request.container_instance_arn is not None:
        known = known_instance(ctx.store.world, cluster, request.container_instance_arn)
        given = {a.name: a for a in (*attributes, *(a for a in known.attributes if a.name.startswith("ecs.")))}
        merged = {a.name: a for a in known.attributes} | given
        changed = replace(
            known,
            resources=resources,
            version_info=request.version_info,
            attributes=tuple(merged[name] for name in sorted(merged)),
        )
        return _kept(ctx, changed)
    document = _document(request.instance_identity_document)
    identity = document.instance_id
    if identity is not None and any(ctx.store.world.container_instances.by("ec2_instance", identity)):
        raise InvalidParameter(f"The instance {identity} is registered. Give its containerInstanceArn.")
    wanted = NewInstance(
        cluster=cluster.arn,
        resources=resources,
        launch_type=EXTERNAL if identity is not None and identity.startswith("mi-") else EC2,
        zone=document.availability_zone,
        ec2_instance_id=identity,
        instance_type=document.instance_type,
        architecture=document.architecture,
        attributes=attributes,
        version_info=request.version_info,
        tags=tag_map(request.tags, "container-instance"),
    )
    try:
        return _kept(ctx, enrolled(ctx.store.world, wanted, ctx.now, ctx.ids))
    except NoPlace as fault:
        raise InvalidParameter(str(fault)) from fault


def deregister_container_instance(ctx: Context, request: DeregisterContainerInstanceRequest) -> dict[str, object]:
    """Make an instance INACTIVE; with ``force``, and its tasks STOPPED."""
    cluster = active_cluster(ctx, request.cluster)
    instance = known_instance(ctx.store.world, cluster, request.container_instance)
    tasks = ctx.store.world.tasks.by("instance", instance.arn)
    if tasks and not request.force:
        raise InvalidParameter("Found running tasks on the instance.")
    reason = host_terminated(instance)
    changes: list[Change] = [
        Put(stopped) for t in tasks if (stopped := stop_task(t, StopCode.TERMINATION_NOTICE, reason, ctx.now)) != t
    ]
    gone = replace(instance, status=ContainerInstanceStatus.INACTIVE, inactive_at=ctx.now)
    return _kept(ctx, gone, changes)


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
    found, failures = _sorted_out(ctx, cluster, request.container_instances)
    changed = [i if i.status is status else replace(i, status=status, version=i.version + 1) for i in found]
    changes = [Put(after) for before, after in zip(found, changed, strict=True) if after != before]
    if changes:
        ctx.store.apply(changes)
    return {"container_instances": [instance_view(ctx.store.world, i) for i in changed], "failures": failures}


def update_container_agent(ctx: Context, request: UpdateContainerAgentRequest) -> dict[str, object]:
    """Always refused: the agent is moyai itself, of which there is no newer one here."""
    cluster = active_cluster(ctx, request.cluster)
    known_instance(ctx.store.world, cluster, request.container_instance)
    raise NoUpdateAvailable("There is no update available for your container agent.")


def _sorted_out(
    ctx: Context, cluster: Cluster, identifiers: tuple[str, ...]
) -> tuple[list[ContainerInstance], list[dict[str, object]]]:
    """The instances that are there, and a failure for each that is not."""
    asked = dict.fromkeys(instance_arn(cluster, one) for one in identifiers)
    seen = {arn: find_instance(ctx.store.world, cluster, arn) for arn in asked}
    failures: list[dict[str, object]] = [
        {"arn": arn, "reason": "MISSING" if one is None else "INACTIVE"}
        for arn, one in seen.items()
        if one is None or one.gone
    ]
    return [one for one in seen.values() if one is not None and not one.gone], failures


def _kept(ctx: Context, instance: ContainerInstance, changes: list[Change] | None = None) -> dict[str, object]:
    known = ctx.store.world.container_instances.get(instance.arn)
    if known is not None and instance != known:
        instance = replace(instance, version=known.version + 1)
    ctx.store.apply([*(changes or ()), Put(instance)])
    return {"container_instance": instance_view(ctx.store.world, instance, frozenset({"TAGS"}))}


def _document(text: str | None) -> _Document:
    if text is None:
        return _Document()
    if len(text) > _LONGEST_DOCUMENT:
        raise InvalidParameter(f"instanceIdentityDocument has at most {_LONGEST_DOCUMENT} characters.")
    try:
        read = _READER.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidParameter(f"instanceIdentityDocument is not one: {error}.") from error
    if read.instance_id is not None and not _INSTANCE.fullmatch(read.instance_id):
        raise InvalidParameter(f"instanceIdentityDocument: {read.instance_id!r} is no id of an instance.")
    for word in (read.instance_type, read.architecture):
        if not _WORD.fullmatch(word):
            raise InvalidParameter(
                f"instanceIdentityDocument: {word!r} is neither an instance type nor an architecture."
            )
    return read


def _resources(request: RegisterContainerInstanceRequest) -> Resources:
    given = {one.name: one for one in request.total_resources}
    for name in given:
        if name not in {"CPU", "MEMORY", "PORTS", "PORTS_UDP", "GPU"}:
            raise unsupported("totalResources", name, "the resources are CPU, MEMORY, PORTS, PORTS_UDP and GPU")
    for device in request.platform_devices:
        if device.type != "GPU":
            raise unsupported("platformDevices", device.type, "devices are GPUs")
    ports = given.get("PORTS")
    gpus = given["GPU"].string_set_value if "GPU" in given else tuple(d.id for d in request.platform_devices)
    if len(gpus) > _MOST_GPUS or len(set(gpus)) < len(gpus):
        raise InvalidParameter(f"An instance has at most {_MOST_GPUS} GPUs, each with an id of its own.")
    found = Resources(
        cpu=_amount(given.get("CPU"), "CPU", _MOST_CPU),
        memory=_amount(given.get("MEMORY"), "MEMORY", _MOST_MEMORY),
        ports_udp=_ports(given.get("PORTS_UDP")),
        gpus=gpus,
    )
    return found if ports is None else replace(found, ports=_ports(ports))


def _amount(given: Resource | None, name: str, most: int) -> int:
    amount = 0 if given is None else given.integer_value or given.long_value or int(given.double_value)
    if not 1 <= amount <= most:
        raise InvalidParameter(f"totalResources: an instance has {name}, from 1 to {most}.")
    return amount


def _ports(given: Resource | None) -> tuple[int, ...]:
    texts = () if given is None else given.string_set_value
    if len(texts) > _MOST_PORTS:
        raise InvalidParameter(f"totalResources: at most {_MOST_PORTS} ports can be kept from tasks.")
    for text in texts:
        if not (
            text.isascii() and text.isdecimal() and len(text) <= len(str(_TOP_PORT)) and 1 <= int(text) <= _TOP_PORT
        ):
            raise InvalidParameter(f"totalResources: {text!r} is no port.")
    return tuple(sorted({int(text) for text in texts}))
