"""How the containers of a task definition start, and start again.

A container runs its image, or App Mesh's Envoy where the definition says so: then its whole environment, with files and
secrets, configures Envoy. A container whose environment can't be resolved does not start, and ends its task with the
reason.

Restart promise: a container with a restart policy that ends by itself starts again when it ran for at least its
``restartAttemptPeriod`` and its exit code is not ignored; its task neither stops nor is replaced. Each start has a
number that is recorded before the runtime starts the container, so an interrupted start is repeated, but none is made
twice. A container that can't start again has ended for good. In a task that is to stop, nothing restarts. An App Mesh
proxy starts again, for whatever reason it ended, up to ``APPNET_ENVOY_RESTART_COUNT`` times.

Sources: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.appmesh.agent_settings import Agent, AgentSettings, agent_settings
from moyai.domain.ecs.task import Container, ContainerStatus, DesiredStatus, TaskStatus
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import resource_of_proxy
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ProxyId
from moyai.kernel.secret import Secret
from moyai.plan.action import StartContainer, StartMeshProxy
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.context import TaskContext, TaskStep
from moyai.plan.task.environment import Unresolved

PROXY_START_TIMEOUT = 180
"""Seconds a proxy gets to become HEALTHY, as long as Fargate gives any dependency."""

RESTART_ATTEMPT_PERIOD = 300
"""Seconds; ECS's default for ``restartAttemptPeriod``."""

_ALIVE = frozenset({TaskStatus.PENDING, TaskStatus.ACTIVATING, TaskStatus.RUNNING})


def start_of(context: TaskContext, container: Container) -> StartContainer | StartMeshProxy:
    """The action that starts one of the definition's containers. Raises Unresolved."""
    spec = container_spec(context, container)
    if not container.is_proxy:
        return StartContainer(spec)
    identity = context.task.identity
    if identity is None:
        raise Unresolved(
            f"ResourceInitializationError: the environment of the proxy {container.name} does not name"
            " its mesh resource in APPMESH_RESOURCE_ARN"
        )
    agent = Agent(ProxyId(context.task.arn), identity, _agent_settings(spec), context.task.availability_zone)
    return StartMeshProxy(spec, agent)


def unstartable_reason(context: TaskContext, container: Container) -> str | None:
    """Why the container's environment can't be resolved; None when it can."""
    try:
        start_of(context, container)
    except Unresolved as unresolved:
        return str(unresolved)
    return None


def mesh_proxy_deadline(context: TaskContext) -> Instant | None:
    """Until when the task's App Mesh proxy has to become ready; None when there is none, or it is ready."""
    proxy = context.task.mesh_proxy
    if proxy is None or proxy.started_at is None or proxy.last_status is not ContainerStatus.RUNNING:
        return None
    if proxy.health_status is not Health.UNKNOWN:
        return None
    return later(proxy.started_at, _proxy_start_timeout(context, proxy))


def mesh_proxy_reason(context: TaskContext, reason: str | None = None) -> str:
    """Why a task that waits for its App Mesh proxy fails: its mesh resource does not exist, or else ``reason``."""
    proxy, identity = context.task.mesh_proxy, context.task.identity
    if proxy is None or identity is None:
        return reason or ""
    not_ready = f"the proxy {proxy.name} was not ready within {_proxy_start_timeout(context, proxy)} s"
    if resource_of_proxy(context.world, identity, scope_of(context.task.arn)) is None:
        return f"ResourceInitializationError: {identity.text} does not exist or isn't shared; {reason or not_ready}"
    return reason or f"ResourceInitializationError: {not_ready}"


def schedule_restarts(context: TaskContext) -> TaskContext:
    """The context, with the containers that are to start again PENDING."""
    if not _may_restart(context.task.desired_status, context.task.last_status) or context.sandbox is None:
        return context
    containers = tuple(_after_restart_decision(context, c) for c in context.task.containers)
    if containers == context.task.containers:
        return context
    return replace(context, task=context.updated_task(containers=containers))


def with_restarts(context: TaskContext, step: TaskStep) -> TaskStep:
    """The step with the starts of the containers that are to start again."""
    if not _may_restart(step.task.desired_status, step.task.last_status):
        return step
    due = [c for c in context.defined_containers if is_restarting(c) and unstartable_reason(context, c) is None]
    starts = tuple(start_of(context, c) for c in due)
    return replace(step, effects=(*step.effects, *starts)) if starts else step


def is_restarting(container: Container) -> bool:
    """Whether the container ran before and is to run again."""
    return container.restart_count > 0 and container.last_status is ContainerStatus.PENDING


def _may_restart(desired: DesiredStatus, last: TaskStatus) -> bool:
    return desired is DesiredStatus.RUNNING and last in _ALIVE


def _after_restart_decision(context: TaskContext, container: Container) -> Container:
    """The container, PENDING if it is to start again, or STOPPED for good if its restart can't be made."""
    if is_restarting(container):
        reason = context.fault or unstartable_reason(context, container)
        if reason is not None:
            return replace(container, last_status=ContainerStatus.STOPPED, reason=reason)
    is_connect_proxy = container == context.task.connect_proxy
    if is_connect_proxy or context.fault is not None or not _is_due_to_restart(context, container):
        return container
    return replace(
        container,
        last_status=ContainerStatus.PENDING,
        health_status=Health.UNKNOWN,
        exit_code=None,
        reason=None,
        finished_at=None,
        restart_count=container.restart_count + 1,
    )


def _is_due_to_restart(context: TaskContext, container: Container) -> bool:
    if container.last_status is not ContainerStatus.STOPPED or container.exit_code is None:
        return False
    if container.started_at is None or container.finished_at is None:
        return False
    if container.restart_count < _proxy_restarts(context, container):
        return True
    policy = context.definition_of(container).restart_policy
    if policy is None or not policy.enabled:
        return False
    period = RESTART_ATTEMPT_PERIOD if policy.restart_attempt_period is None else policy.restart_attempt_period
    ran_for = container.finished_at - container.started_at
    return ran_for >= period and container.exit_code not in (policy.ignored_exit_codes or ())


def _proxy_restarts(context: TaskContext, container: Container) -> int:
    """How often an App Mesh proxy starts again, whatever its restart policy is; 0 for other containers."""
    try:
        start = start_of(context, container)
    except Unresolved:
        return 0
    return start.agent.settings.restarts if isinstance(start, StartMeshProxy) else 0


def _proxy_start_timeout(context: TaskContext, proxy: Container) -> int:
    return context.definition_of(proxy).start_timeout or PROXY_START_TIMEOUT


def _agent_settings(spec: ContainerSpec) -> AgentSettings:
    environment = {name: v.reveal() if isinstance(v, Secret) else v for name, v in spec.environment.items()}
    try:
        return agent_settings(environment)
    except ValueError as error:
        raise Unresolved(f"CannotStartContainerError: {error}") from error
