"""The first half of a task's life: PROVISIONING, PENDING, ACTIVATING, RUNNING."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from moyai.domain.connect.config import ProxyLogLevel
from moyai.domain.ecs.task import Container, ContainerStatus, DesiredStatus, StopCode, Task, TaskStatus
from moyai.domain.logs.driver import buffer_bytes
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ProxyId, TargetGroupArn
from moyai.plan import events
from moyai.plan.action import PrepareSandbox, StartProxy, earliest
from moyai.plan.certificates.server_certificate import offer_without_certificate
from moyai.plan.cloudmap.task_registration import endpoints, register, report_task_health
from moyai.plan.elb.task_targets import register_targets
from moyai.plan.network.balancer_urls import urls_of_group
from moyai.plan.task.container_order import hopeless_reason, next_timeout_at, startable_containers
from moyai.plan.task.container_spec import DEFAULT_STOP_TIMEOUT
from moyai.plan.task.container_start import (
    PROXY_START_TIMEOUT,
    mesh_proxy_deadline,
    mesh_proxy_reason,
    start_of,
    unstartable_reason,
)
from moyai.plan.task.context import TaskContext, TaskStep
from moyai.plan.task.environment import Unresolved
from moyai.plan.task.images import missing_credentials, pin_images, pull_faults, pull_texts, pulls_left
from moyai.plan.task.log_streams import NoLogGroup, create_log_streams
from moyai.plan.task.readiness import (
    LISTEN_LIMIT,
    awaits_readiness,
    is_ready_at_once,
    listening_from,
    look_again_at,
    missing_listeners,
    ready_from,
    record_listening,
)
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.plan.task.service_feedback import report_start, report_stop
from moyai.plan.task.shared_proxy import CANNOT_LISTEN
from moyai.plan.task.shutdown import begin_shutdown, deprovision
from moyai.plan.task.stop import ESSENTIAL_EXITED, stop_task

SANDBOX_LOST = "ResourceInitializationError: the task's sandbox is gone (the host was restarted or reset)"


def provisioning_step(context: TaskContext) -> TaskStep:
    """The step of a PROVISIONING task: the runtime makes its sandbox."""
    if context.task.desired_status is DesiredStatus.STOPPED:
        return deprovision(context)
    if context.fault is not None:
        return _fail(context, StopCode.TASK_FAILED_TO_START, context.fault)
    if context.sandbox is None:
        try:
            sandbox = sandbox_spec(context.world, context.task, context.definition)
            streams = create_log_streams(context.world, context.task, context.definition, context.now, context.ids)
        except (NoLogGroup, Unresolved) as error:
            return _fail(context, StopCode.TASK_FAILED_TO_START, str(error))
        return TaskStep(context.task, streams, effects=(PrepareSandbox(sandbox),))
    times = {"connectivity_at": context.now, "pull_started_at": context.now}
    pulls = pulls_left(context) if missing_credentials(context) is None else ()
    return TaskStep(context.updated_task(last_status=TaskStatus.PENDING, **times), effects=pulls)


def pending_step(context: TaskContext) -> TaskStep:
    """The step of a PENDING task: the runtime pulls its images, and then starts its containers, Service Connect's proxy
    before all others.
    """
    if (end := _end_of_task(context)) is not None:
        return end
    if context.task.pull_stopped_at is None:
        return _pull_images(context)
    if all(c.last_status is not ContainerStatus.PENDING for c in context.task.containers):
        return _after_last_start(context)
    return _start_containers(context)


def _pull_images(context: TaskContext) -> TaskStep:
    """The step of a PENDING task whose images were not all pulled; its containers start as soon as they are."""
    if faults := pull_faults(context):
        return _fail_pulls(context, faults)
    texts = pull_texts(context)
    if pulls := pulls_left(context):
        return TaskStep(context.task, effects=pulls, texts=texts)
    containers, changes = pin_images(context)
    task = context.updated_task(containers=containers, pull_stopped_at=context.now)
    context = replace(context, task=task)
    step = pending_step(context)
    return replace(step, changes=(*changes, *step.changes), texts=(*texts, *_isolation_texts(context), *step.texts))


def _isolation_texts(context: TaskContext) -> tuple[str, ...]:
    """The service's event about a machine that has no user namespaces for the task's images. The machine's own root,
    which has no digest, never has one.
    """
    reason = None if context.sandbox is None else context.sandbox.missing_user_namespace
    service = context.task.service
    if reason is None or service is None or all(c.image_digest is None for c in context.task.containers):
        return ()
    text = events.runs_without_user_namespaces(reason)
    return (text,) if events.should_report(context.world, service, text, context.now) else ()


def _start_containers(context: TaskContext) -> TaskStep:
    """The step of a PENDING task with containers that have not started yet."""
    if context.exited_essential() is not None:
        return _fail(context, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    proxy = context.task.connect_proxy
    if proxy is not None and proxy.health_status is not Health.HEALTHY:
        return _await_proxy(context, proxy)
    if (reason := hopeless_reason(context)) is not None:
        return _fail(context, StopCode.TASK_FAILED_TO_START, mesh_proxy_reason(context, reason))
    starts = tuple(start_of(context, container) for container in startable_containers(context))
    wake_at = earliest(next_timeout_at(context), mesh_proxy_deadline(context))
    return TaskStep(context.task, effects=starts, wake_at=wake_at)


def activating_step(context: TaskContext) -> TaskStep:
    """The step of an ACTIVATING task: all its containers run, and it is registered when it is ready."""
    if (end := _end_of_task(context)) is not None:
        return end
    if context.exited_essential() is not None:
        return _fail(context, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    context = record_listening(context)
    ready_at = ready_from(context)
    if context.now < ready_at:
        wake_at = earliest(ready_at, look_again_at(context), mesh_proxy_deadline(context))
        return TaskStep(context.task, wake_at=wake_at)
    world, task, now = context.world, context.task, context.now
    registration = (*register(world, task, context.definition, now), *register_targets(world, task, now))
    running = context.updated_task(last_status=TaskStatus.RUNNING, started_at=now, ready_at=now)
    groups = tuple(target.group for target in task.targets if target.group in world.target_groups)
    texts = (*_missing_listeners_texts(context), *events.targets_registered(groups))
    changes = (*registration, *report_start(world, task))
    return TaskStep(running, changes, texts=(*texts, *_urls_events(context, groups)))


def running_step(context: TaskContext) -> TaskStep:
    """The step of a RUNNING task: follow its health and readiness until it ends or is to stop."""
    if (end := _end_of_task(context)) is not None:
        return end
    if context.exited_essential() is not None:
        return _fail(context, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    health = report_task_health(context.world, context.task)
    if not awaits_readiness(context.task):
        return TaskStep(context.task, health, wake_at=mesh_proxy_deadline(context))
    context = record_listening(context)
    ready_at = listening_from(context)
    if context.now < ready_at:
        wake_at = earliest(ready_at, look_again_at(context), mesh_proxy_deadline(context))
        return TaskStep(context.task, health, wake_at=wake_at)
    task = context.updated_task(ready_at=context.now)
    return TaskStep(task, health, texts=_missing_listeners_texts(context))


def _urls_events(context: TaskContext, groups: Iterable[TargetGroupArn]) -> tuple[events.UrlsEvent, ...]:
    """The service's events about the URLs of these target groups, as far as they are new."""
    world, service = context.world, context.task.service
    current = (events.callable_at(group, urls) for group in groups if (urls := urls_of_group(world, group)))
    return tuple(event for event in current if service is not None and not events.is_reported(world, service, event))


def _missing_listeners_texts(context: TaskContext) -> tuple[str, ...]:
    """The service's event about a task that is ready without listening where it is expected to."""
    missing = missing_listeners(context)
    return (events.not_listening(context.task, missing, LISTEN_LIMIT),) if missing else ()


def _end_of_task(context: TaskContext) -> TaskStep | None:
    """The step of a task that has to end, whatever its containers do; None for any other task."""
    if context.task.desired_status is DesiredStatus.STOPPED:
        return begin_shutdown(context)
    starting = context.task.last_status is TaskStatus.PENDING
    if starting and context.fault is not None:
        return _fail(_with_container_reason(context, context.fault), StopCode.TASK_FAILED_TO_START, context.fault)
    if starting and (reason := _missing_input(context)) is not None:
        return _fail(context, StopCode.TASK_FAILED_TO_START, reason)
    if context.sandbox is None:
        code = StopCode.TASK_FAILED_TO_START if starting else StopCode.ESSENTIAL_CONTAINER_EXITED
        return _fail(context, code, SANDBOX_LOST)
    if (deadline := mesh_proxy_deadline(context)) is not None and context.now >= deadline:
        return _fail(context, StopCode.TASK_FAILED_TO_START, mesh_proxy_reason(context))
    return None


def _missing_input(context: TaskContext) -> str | None:
    """Why an image can't be pulled, or a container can't start, in which case none is started; None when nothing is
    missing.
    """
    if context.task.pull_stopped_at is None and (reason := missing_credentials(context)) is not None:
        return reason
    waiting = (c for c in context.defined_containers if c.last_status is ContainerStatus.PENDING)
    return next(filter(None, (unstartable_reason(context, container) for container in waiting)), None)


def _fail_pulls(context: TaskContext, faults: Mapping[str, str]) -> TaskStep:
    """The step of a task whose images can't be pulled; each container has the reason of its own image."""
    containers = tuple(replace(c, reason=faults.get(c.name, c.reason)) for c in context.task.containers)
    context = replace(context, task=context.updated_task(containers=containers, pull_stopped_at=context.now))
    return _fail(context, StopCode.TASK_FAILED_TO_START, next(iter(faults.values())))


def _with_container_reason(context: TaskContext, fault: str) -> TaskContext:
    """The context with the fault as the reason of the first container that is to start, because the runtime starts
    containers one after the other.
    """
    proxy = context.task.connect_proxy
    next_containers = (proxy,) if proxy is not None and proxy.started_at is None else startable_containers(context)
    first = {c.name for c in next_containers[:1]}
    containers = tuple(replace(c, reason=fault) if c.name in first else c for c in context.task.containers)
    return replace(context, task=context.updated_task(containers=containers))


def _after_last_start(context: TaskContext) -> TaskStep:
    """The step after every container has been started: ACTIVATING where the task has something to register."""
    if endpoints(context.task) or context.task.targets:
        return TaskStep(context.updated_task(last_status=TaskStatus.ACTIVATING, activated_at=context.now))
    ready_at = context.now if is_ready_at_once(context) else None
    task = context.updated_task(last_status=TaskStatus.RUNNING, started_at=context.now, ready_at=ready_at)
    return TaskStep(task, report_start(context.world, context.task))


def _await_proxy(context: TaskContext, proxy: Container) -> TaskStep:
    if proxy.started_at is None:
        offer = offer_without_certificate(context.world, context.task.view, context.now)
        if offer is not None:
            return _await_certificate(context, offer.discovery_name)
        if not context.task.shares_proxy:
            return TaskStep(context.task, effects=(_start_proxy(context.task, proxy),))
    if context.task.shares_proxy and context.proxy is not None and context.proxy.lacks_listener:
        return _fail(context, StopCode.TASK_FAILED_TO_START, f"{CANNOT_LISTEN}: {context.proxy.rejection}")
    started_at = proxy.started_at or context.task.pull_stopped_at or context.now
    deadline: Instant = later(started_at, PROXY_START_TIMEOUT)
    if context.now < deadline:
        return TaskStep(context.task, wake_at=deadline)
    reason = f"ResourceInitializationError: the proxy {proxy.name} was not healthy within {PROXY_START_TIMEOUT} s"
    if context.proxy is not None and context.proxy.rejection is not None:
        reason = f"{reason}: {context.proxy.rejection}"
    return _fail(context, StopCode.TASK_FAILED_TO_START, reason)


def _await_certificate(context: TaskContext, name: str) -> TaskStep:
    """Wait for a TLS certificate, without which the proxy would not open its ports."""
    deadline: Instant = later(context.task.connectivity_at or context.now, PROXY_START_TIMEOUT)
    if context.now < deadline:
        return TaskStep(context.task, wake_at=deadline)
    reason = f"ResourceInitializationError: the TLS certificate of {name} was not there within {PROXY_START_TIMEOUT} s"
    return _fail(context, StopCode.TASK_FAILED_TO_START, f"{reason}; the service's events say why")


def _start_proxy(task: Task, proxy: Container) -> StartProxy:
    level = ProxyLogLevel.INFO if task.view is None else task.view.proxy_log_level
    held_output = 0 if task.view is None else buffer_bytes(task.view.log_configuration)
    return StartProxy(task.id, ProxyId(task.arn), proxy.name, DEFAULT_STOP_TIMEOUT, level.value, held_output)


def _fail(context: TaskContext, code: StopCode, reason: str) -> TaskStep:
    """The step of a task that ends by itself; its end is reported to its service."""
    task = stop_task(context.task, code, reason, context.now)
    step = begin_shutdown(replace(context, task=task))
    report = report_stop(context.world, task, context.now)
    return TaskStep(step.task, (*step.changes, *report.changes), texts=(*step.texts, *report.texts))
