"""The operations that the container agent of AWS calls.

Promise: the state of a task is what moyai observes. A report on a known task is acknowledged and changes nothing. The
endpoint to poll is moyai's own, which expects no agent.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SubmitTaskStateChange.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecs.lookup import active_cluster, known_instance, task_arn
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import ClusterNotFound, InvalidParameter
from moyai.domain.ecs.task import Task

ACKNOWLEDGED = "ACK"


class DiscoverPollEndpointRequest(msgspec.Struct, frozen=True):
    container_instance: str | None = None
    cluster: str | None = None


class Bound(msgspec.Struct, frozen=True):
    """A reported port of a container."""

    bind_ip: str | None = None
    container_port: int | None = None
    host_port: int | None = None
    protocol: str | None = None
    container_port_range: str | None = None
    host_port_range: str | None = None


class ContainerStateChange(msgspec.Struct, frozen=True):
    """The reported state of a container."""

    container_name: str | None = None
    image_digest: str | None = None
    runtime_id: str | None = None
    exit_code: int | None = None
    network_bindings: tuple[Bound, ...] = ()
    reason: str | None = None
    status: str | None = None


class AttachmentStateChange(msgspec.Struct, frozen=True):
    """The reported state of an attachment."""

    attachment_arn: str
    status: str


class ManagedAgentStateChange(msgspec.Struct, frozen=True):
    """The reported state of a managed agent in a container."""

    container_name: str
    managed_agent_name: str
    status: str
    reason: str | None = None


class SubmitTaskStateChangeRequest(msgspec.Struct, frozen=True):
    """Input of SubmitTaskStateChange; the report is validated and ignored."""

    cluster: str | None = None
    task: str | None = None
    status: str | None = None
    reason: str | None = None
    containers: tuple[ContainerStateChange, ...] = ()
    attachments: tuple[AttachmentStateChange, ...] = ()
    managed_agents: tuple[ManagedAgentStateChange, ...] = ()
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    execution_stopped_at: float | None = None


class SubmitContainerStateChangeRequest(msgspec.Struct, frozen=True):
    """Input of SubmitContainerStateChange; the report is validated and ignored."""

    cluster: str | None = None
    task: str | None = None
    container_name: str | None = None
    runtime_id: str | None = None
    status: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    network_bindings: tuple[Bound, ...] = ()


class SubmitAttachmentStateChangesRequest(msgspec.Struct, frozen=True):
    """Input of SubmitAttachmentStateChanges; the report is validated and ignored."""

    attachments: tuple[AttachmentStateChange, ...]
    cluster: str | None = None


def discover_poll_endpoint(ctx: Context, request: DiscoverPollEndpointRequest) -> dict[str, object]:
    """The endpoint that the request was sent to. An unknown cluster has no error in this operation's model."""
    if request.container_instance is not None:
        try:
            cluster = active_cluster(ctx, request.cluster)
        except ClusterNotFound as error:
            raise InvalidParameter(error.message) from error
        known_instance(ctx.store.world, cluster, request.container_instance)
    endpoint = f"http://{ctx.host}/"
    return {"endpoint": endpoint, "telemetry_endpoint": endpoint, "service_connect_endpoint": endpoint}


def submit_task_state_change(ctx: Context, request: SubmitTaskStateChangeRequest) -> dict[str, object]:
    """Acknowledge a report, and ignore it."""
    cluster = active_cluster(ctx, request.cluster)
    for change in request.containers:
        _check_container(ctx, cluster, request.task, change.container_name)
    _task(ctx, cluster, request.task)
    return {"acknowledgment": ACKNOWLEDGED}


def submit_container_state_change(ctx: Context, request: SubmitContainerStateChangeRequest) -> dict[str, object]:
    """Acknowledge a report, and ignore it."""
    _check_container(ctx, active_cluster(ctx, request.cluster), request.task, request.container_name)
    return {"acknowledgment": ACKNOWLEDGED}


def submit_attachment_state_changes(ctx: Context, request: SubmitAttachmentStateChangesRequest) -> dict[str, object]:
    """Acknowledge a report, and ignore it."""
    cluster = active_cluster(ctx, request.cluster)
    attachments = {t.interface.attachment for t in ctx.store.world.tasks.by("cluster", cluster.arn)}
    for change in request.attachments:
        if change.attachment_arn.rpartition("/")[2] not in attachments:
            raise InvalidParameter("The referenced attachment was not found.")
    return {"acknowledgment": ACKNOWLEDGED}


def _task(ctx: Context, cluster: Cluster, identifier: str | None) -> Task:
    task = ctx.store.world.tasks.get(task_arn(cluster, identifier or ""))
    if task is None or task.cluster != cluster.arn:
        raise InvalidParameter("The referenced task was not found.")
    return task


def _check_container(ctx: Context, cluster: Cluster, task: str | None, name: str | None) -> None:
    if name not in {c.name for c in _task(ctx, cluster, task).containers}:
        raise InvalidParameter("The referenced container was not found.")
