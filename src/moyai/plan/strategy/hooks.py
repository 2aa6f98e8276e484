"""Lifecycle hooks: the pauses and Lambda functions whose answer a stage waits for.

Promise: each run of a hook has an id of its own and a time-out, whose action is taken when no answer comes. The call of
a function follows from the record alone, so an interrupted call is made again, as the same invocation; its answer
counts once, and only while the stage waits for it. A function that fails, is unknown or answers anything else rolls the
deployment back. During a rollback an answer has no effect.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.hook_function import names_of
from moyai.domain.ecs.service import DeploymentConfiguration, Service
from moyai.domain.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookAction, HookTarget, HookTimeout, LifecycleHook, LifecycleStage
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DeploymentId, HookId, Ids, Pool, ServiceDeploymentArn
from moyai.plan.strategy.context import rollback_reason
from moyai.plan.strategy.start import revision_arn

DEFAULT_CALL_BACK_DELAY = 30.0
"""Seconds until a function that answers IN_PROGRESS is called again, unless it says when."""
MAX_HOOK_DETAILS = 16 * 1024
"""The most bytes of JSON that a function may pass on to its next invocation."""
_SHORTEST_DELAY, _LONGEST_DELAY = 1.0, 3600.0
_ID_LENGTH = 43
_SECONDS = 60
_PERCENT = 100
_WITHOUT_ANSWER = frozenset({HookStatus.AWAITING_ACTION, HookStatus.IN_PROGRESS})
_FUNCTION_STATUSES = frozenset({HookStatus.SUCCEEDED, HookStatus.FAILED, HookStatus.IN_PROGRESS})
_PRODUCTION_STAGES = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})


class HookFunctionCall(NamedTuple):
    """The invocation of a function. ``url`` is None where no address is registered for the function."""

    deployment: ServiceDeploymentArn
    hook: HookId
    invocation: int
    target: str
    url: str | None
    event: Mapping[str, object]


class HookFunctionAnswer(NamedTuple):
    """The answer of a function; ``fault`` says why there is none."""

    status: HookStatus | None = None
    call_back: float = DEFAULT_CALL_BACK_DELAY
    details: Mapping[str, Any] | None = None
    fault: str | None = None


class _FunctionResponse(msgspec.Struct, rename="camel"):
    hook_status: str | None = None
    call_back_delay: float | None = None
    hook_details: dict[str, Any] | None = None


_DECODER = msgspec.json.Decoder(_FunctionResponse)


def start_hooks(
    configuration: DeploymentConfiguration, stage: LifecycleStage | None, now: Instant, ids: Ids
) -> tuple[HookRun, ...]:
    """The runs of the hooks of a stage that begins now."""
    return tuple(_run(hook, now, ids) for hook in configuration.lifecycle_hooks if stage in hook.lifecycle_stages)


def start_rollback_hooks(configuration: DeploymentConfiguration, now: Instant, ids: Ids) -> tuple[HookRun, ...]:
    """The runs of the hooks of a rollback: functions are called once more for the production traffic, and the
    rollback continues without their answer.
    """
    runs = start_hooks(configuration, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT, now, ids)
    return tuple(replace(run, timeout_action=HookAction.CONTINUE) for run in runs)


def unanswered_hooks(record: ServiceDeployment) -> tuple[HookRun, ...]:
    """The runs that the deployment waits for."""
    return tuple(run for run in record.hooks if run.status in _WITHOUT_ANSWER)


def answer_hook(record: ServiceDeployment, hook: HookId, status: HookStatus) -> tuple[HookRun, ...]:
    """The record's runs, the one with this id answered with ``status``."""
    return tuple(replace(run, status=status) if run.hook_id == hook else run for run in record.hooks)


def expired_hook(record: ServiceDeployment, now: Instant) -> HookRun | None:
    """A run whose time-out is over, if there is one."""
    return next((run for run in unanswered_hooks(record) if now >= run.expires_at), None)


def unanswered_functions(record: ServiceDeployment) -> tuple[HookRun, ...]:
    """The runs of functions that the deployment waits for."""
    unanswered = () if record.finished else unanswered_hooks(record)
    return tuple(run for run in unanswered if run.target_type is HookTarget.AWS_LAMBDA)


def due_call(world: World, record: ServiceDeployment, hook: HookId, now: Instant) -> HookFunctionCall | Instant | None:
    """The call that is due for a hook, or when it will be; None for a hook that the deployment does not wait for."""
    run = next((run for run in unanswered_functions(record) if run.hook_id == hook), None)
    service = world.services.get(record.service)
    if run is None or service is None:
        return None
    return _call(world, service, record, run) if run.call_at <= now else run.call_at


def parse_answer(body: bytes) -> HookFunctionAnswer:
    """The answer in the body of a function's response."""
    try:
        response = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return HookFunctionAnswer(fault=f"ECS was unable to parse the response from {{target}} due to {error}")
    unparsable = "ECS was unable to parse the response from {target} due to"
    if response.hook_status is None:
        return HookFunctionAnswer(fault=f"{unparsable} HookStatus must not be null")
    if response.hook_status not in _FUNCTION_STATUSES:
        return HookFunctionAnswer(fault=f"{unparsable} an unknown HookStatus")
    if response.hook_details is not None and len(msgspec.json.encode(response.hook_details)) > MAX_HOOK_DETAILS:
        fault = f"The hookDetails in the response from {{target}} are longer than {MAX_HOOK_DETAILS} bytes"
        return HookFunctionAnswer(fault=fault)
    delay = DEFAULT_CALL_BACK_DELAY if response.call_back_delay is None else response.call_back_delay
    bounded = min(max(delay, _SHORTEST_DELAY), _LONGEST_DELAY)
    return HookFunctionAnswer(HookStatus(response.hook_status), bounded, response.hook_details)


def record_answer(
    record: ServiceDeployment, call: HookFunctionCall, answer: HookFunctionAnswer, now: Instant
) -> ServiceDeployment:
    """The record with the answer; unchanged when the deployment no longer waits for it."""
    run = next((run for run in unanswered_hooks(record) if run.hook_id == call.hook), None)
    if run is None or run.invocation != call.invocation or record.finished:
        return record
    if answer.status is HookStatus.IN_PROGRESS:
        details = run.details if answer.details is None else {**(run.details or {}), **answer.details}
        call_at = later(now, answer.call_back)
        again = replace(run, invocation=run.invocation + 1, call_at=call_at, details=details)
        return replace(record, hooks=_with_run(record, again))
    status = answer.status or HookStatus.FAILED
    answered_record = replace(record, hooks=_with_run(record, replace(run, status=status)), updated_at=now)
    if status is HookStatus.SUCCEEDED or not record.moves_forward:
        return answered_record
    why = answer.fault or "Lifecycle hook target {target} returned FAILED status"
    reason = rollback_reason(f"{record.stage} lifecycle hook(s) failed. {why.format(target=call.target)}")
    return replace(answered_record, status=ServiceDeploymentStatus.ROLLBACK_REQUESTED, status_reason=reason)


def _run(hook: LifecycleHook, now: Instant, ids: Ids) -> HookRun:
    timeout = hook.timeout_configuration or HookTimeout()
    is_function = hook.target_type is HookTarget.AWS_LAMBDA
    return HookRun(
        hook_id=HookId(ids.uuid() if is_function else f"ecs-pause-{ids.alphanumeric(_ID_LENGTH)}"),
        expires_at=later(now, timeout.timeout_in_minutes * _SECONDS),
        timeout_action=timeout.action,
        target_type=hook.target_type,
        status=HookStatus.IN_PROGRESS if is_function else HookStatus.AWAITING_ACTION,
        target_arn=hook.hook_target_arn,
        call_at=now,
        details=hook.hook_details,
    )


def _with_run(record: ServiceDeployment, changed: HookRun) -> tuple[HookRun, ...]:
    return tuple(changed if run.hook_id == changed.hook_id else run for run in record.hooks)


def _call(world: World, service: Service, record: ServiceDeployment, run: HookRun) -> HookFunctionCall:
    target = run.target_arn or ""
    functions = (world.hook_functions.get(name) for name in names_of(target))
    event: dict[str, object] = {
        "executionId": run.hook_id,
        "lifecycleStage": record.stage,
        "resourceArn": record.arn,
        "executionDetails": {
            "serviceArn": record.service,
            "targetServiceRevisionArn": revision_arn(record.service, record.target),
            "testTrafficWeights": _test_weights(service, record),
            "productionTrafficWeights": _production_weights(service, record),
        },
    }
    if run.details is not None:
        event["hookDetails"] = run.details
    url = next((function.url for function in functions if function is not None), None)
    return HookFunctionCall(record.arn, run.hook_id, run.invocation, target, url, event)


def _test_weights(service: Service, record: ServiceDeployment) -> Mapping[str, float]:
    if record.stage is not LifecycleStage.TEST_TRAFFIC_SHIFT:
        return {}
    test = service.traffic.test
    return {arn: _PERCENT * (pool == test) for arn, pool in _revisions(record)}


def _production_weights(service: Service, record: ServiceDeployment) -> Mapping[str, float]:
    if record.stage not in _PRODUCTION_STAGES:
        return {}
    return {arn: service.traffic.weight(pool) * _PERCENT / WHOLE for arn, pool in _revisions(record)}


def _revisions(record: ServiceDeployment) -> list[tuple[str, Pool]]:
    """The revisions that share the traffic, each with its pool."""
    sources: list[DeploymentId] = [] if record.has_one_pool else list(record.sources[:1])
    deployments = [(record.target, record.pool), *((source, record.source_pool) for source in sources)]
    return [(revision_arn(record.service, deployment), pool) for deployment, pool in deployments]
