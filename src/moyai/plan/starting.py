"""The first half of a task's life: PROVISIONING, PENDING, ACTIVATING, RUNNING."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.config import ProxyLogLevel
from moyai.domain.ecs.task import Container, ContainerStatus, DesiredStatus, StopCode, Task, TaskStatus
from moyai.domain.logs.driver import buffer_bytes
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ProxyId
from moyai.plan import events, failure, order, registration
from moyai.plan.action import Prepare, StartProxy, earliest
from moyai.plan.certificates import missing
from moyai.plan.ending import deprovision, leave
from moyai.plan.images import settled
from moyai.plan.log_streams import NoLogGroup, opened
from moyai.plan.readiness import (
    LISTEN_LIMIT,
    awaits_readiness,
    is_ready_at_once,
    listening_from,
    look_again_at,
    missing_listeners,
    ready_from,
    record_listening,
)
from moyai.plan.sight import Case
from moyai.plan.specs import DEFAULT_STOP_TIMEOUT, sandbox_spec
from moyai.plan.starts import PROXY_PATIENCE, not_ready, patience_ends, start_of, unstartable
from moyai.plan.step import Step
from moyai.plan.stopping import ESSENTIAL_EXITED, stop_task

SANDBOX_LOST = "ResourceInitializationError: the task's sandbox is gone (the host was restarted or reset)"


def provisioning(case: Case) -> Step:
    """The sandbox is being made."""
    if case.task.desired_status is DesiredStatus.STOPPED:
        return deprovision(case)
    if case.fault is not None:
        return _fail(case, StopCode.TASK_FAILED_TO_START, case.fault)
    if case.sandbox is None:
        try:
            streams = opened(case.world, case.task, case.definition, case.now, case.ids)
        except NoLogGroup as error:
            return _fail(case, StopCode.TASK_FAILED_TO_START, str(error))
        return Step(case.task, streams, effects=(Prepare(sandbox_spec(case.world, case.task, case.definition)),))
    containers, changes = settled(case)
    times = {"connectivity_at": case.now, "pull_started_at": case.now}
    return Step(case.moved(last_status=TaskStatus.PENDING, containers=containers, **times), changes)


def pending(case: Case) -> Step:
    """Containers are being started, Service Connect's proxy before all others."""
    if (ended := _ended(case)) is not None:
        return ended
    if all(c.last_status is not ContainerStatus.PENDING for c in case.task.containers):
        return _started(case)
    if case.exited() is not None:
        return _fail(case, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    proxy = case.task.connect_proxy
    if proxy is not None and proxy.health_status is not Health.HEALTHY:
        return _await_proxy(case, proxy)
    if (reason := order.hopeless(case)) is not None:
        return _fail(case, StopCode.TASK_FAILED_TO_START, not_ready(case, reason))
    starts = tuple(start_of(case, c) for c in order.startable(case))
    return Step(case.task, effects=starts, wake_at=earliest(order.patience_ends(case), patience_ends(case)))


def activating(case: Case) -> Step:
    """All containers are up; the task is registered when it is ready."""
    if (ended := _ended(case)) is not None:
        return ended
    if case.exited() is not None:
        return _fail(case, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    case = record_listening(case)
    ready = ready_from(case)
    if case.now < ready:
        return Step(case.task, wake_at=earliest(ready, look_again_at(case), patience_ends(case)))
    registered = registration.register(case.world, case.task, case.definition, case.now)
    task = case.moved(last_status=TaskStatus.RUNNING, started_at=case.now, ready_at=case.now)
    return Step(task, (*registered, *_silent(case), *failure.after_start(case.world, case.task)))


def running(case: Case) -> Step:
    """Its health and readiness are followed until an essential container ends or somebody wants the task stopped."""
    if (ended := _ended(case)) is not None:
        return ended
    if case.exited() is not None:
        return _fail(case, StopCode.ESSENTIAL_CONTAINER_EXITED, ESSENTIAL_EXITED)
    reported = registration.report(case.world, case.task)
    if not awaits_readiness(case.task):
        return Step(case.task, reported, wake_at=patience_ends(case))
    case = record_listening(case)
    ready = listening_from(case)
    if case.now < ready:
        return Step(case.task, reported, wake_at=earliest(ready, look_again_at(case), patience_ends(case)))
    return Step(case.moved(ready_at=case.now), (*reported, *_silent(case)))


def _silent(case: Case) -> tuple[Change, ...]:
    """What its service says of a task that is ready without listening where it is expected to."""
    if case.task.service is None or not (missing := missing_listeners(case)):
        return ()
    text = events.not_listening(case.task, missing, LISTEN_LIMIT)
    return events.announce(case.world, case.task.service, [text], case.now, case.ids)


def _ended(case: Case) -> Step | None:
    """The step of a task that is not to go on, whatever its containers do."""
    if case.task.desired_status is DesiredStatus.STOPPED:
        return leave(case)
    starting = case.task.last_status is TaskStatus.PENDING
    if starting and case.fault is not None:
        return _fail(_blamed(case, case.fault), StopCode.TASK_FAILED_TO_START, case.fault)
    if starting and (missing := _missing(case)) is not None:
        return _fail(case, StopCode.TASK_FAILED_TO_START, missing)
    if case.sandbox is None:
        code = StopCode.TASK_FAILED_TO_START if starting else StopCode.ESSENTIAL_CONTAINER_EXITED
        return _fail(case, code, SANDBOX_LOST)
    if (patience := patience_ends(case)) is not None and case.now >= patience:
        return _fail(case, StopCode.TASK_FAILED_TO_START, not_ready(case))
    return None


def _missing(case: Case) -> str | None:
    """What a container that is yet to start needs and can't have: then none is started."""
    waiting = (c for c in case.own if c.last_status is ContainerStatus.PENDING)
    return next(filter(None, (unstartable(case, c) for c in waiting)), None)


def _blamed(case: Case, fault: str) -> Case:
    """The case with the fault as a container's reason: containers are started in turn, so it is the first one due."""
    proxy = case.task.connect_proxy
    due = (proxy,) if proxy is not None and proxy.started_at is None else order.startable(case)
    first = {c.name for c in due[:1]}
    containers = tuple(replace(c, reason=fault) if c.name in first else c for c in case.task.containers)
    return replace(case, task=case.moved(containers=containers))


def _started(case: Case) -> Step:
    """Every container has been started: on to registration, where there is something to register."""
    pulled = min((c.started_at for c in case.own if c.started_at is not None), default=case.now)
    if registration.endpoints(case.task):
        return Step(
            case.moved(last_status=TaskStatus.ACTIVATING, activated_at=case.now, pull_stopped_at=pulled),
        )
    ready = case.now if is_ready_at_once(case) else None
    task = case.moved(last_status=TaskStatus.RUNNING, started_at=case.now, ready_at=ready, pull_stopped_at=pulled)
    return Step(task, failure.after_start(case.world, case.task))


def _await_proxy(case: Case, proxy: Container) -> Step:
    if proxy.started_at is None and (offer := missing(case.world, case.task.view, case.now)) is not None:
        return _await_certificate(case, offer.discovery_name)
    if proxy.started_at is None:
        return Step(case.task, effects=(_start_proxy(case.task, proxy),))
    deadline: Instant = later(proxy.started_at, PROXY_PATIENCE)
    if case.now < deadline:
        return Step(case.task, wake_at=deadline)
    reason = f"ResourceInitializationError: the proxy {proxy.name} was not healthy within {PROXY_PATIENCE} s"
    return _fail(case, StopCode.TASK_FAILED_TO_START, reason)


def _await_certificate(case: Case, name: str) -> Step:
    """Nothing is started before everything that the proxy shows is there: it would not open its ports."""
    deadline: Instant = later(case.task.connectivity_at or case.now, PROXY_PATIENCE)
    if case.now < deadline:
        return Step(case.task, wake_at=deadline)
    reason = f"ResourceInitializationError: the TLS certificate of {name} was not there within {PROXY_PATIENCE} s"
    return _fail(case, StopCode.TASK_FAILED_TO_START, f"{reason}; the service's events say why")


def _start_proxy(task: Task, proxy: Container) -> StartProxy:
    level = ProxyLogLevel.INFO if task.view is None else task.view.proxy_log_level
    held = 0 if task.view is None else buffer_bytes(task.view.log_configuration)
    return StartProxy(task.id, ProxyId(task.arn), proxy.name, DEFAULT_STOP_TIMEOUT, level.value, held)


def _fail(case: Case, code: StopCode, reason: str) -> Step:
    """The task ends by itself; its service is told."""
    task = stop_task(case.task, code, reason, case.now)
    step = leave(replace(case, task=task))
    return Step(step.task, (*step.changes, *failure.after_stop(case.world, task, case.now, case.ids)))
