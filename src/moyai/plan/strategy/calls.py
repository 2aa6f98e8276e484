"""Lifecycle hooks that are functions: whom to ask what, and what follows from the answer.

Promise: a call is derived from the record alone, so one that was cut short is made again, as the same invocation; its
answer counts once, and only while it is waited for. A function that fails, that isn't known or that answers something
else takes the deployment back. On the way back, an answer changes nothing any more.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.hook_function import names_of
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookTarget, LifecycleStage
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import DeploymentId, HookId, Pool, ServiceDeploymentArn
from moyai.plan.strategy.begin import revision_arn
from moyai.plan.strategy.ending import rolled_back_because
from moyai.plan.strategy.hooks import waiting

CALL_BACK = 30.0
"""Seconds until a function that is not ready is asked again, unless it says when."""
_LEAST_WAIT, _MOST_WAIT = 1.0, 3600.0
MOST_DETAILS = 16 * 1024
"""Bytes of JSON that a function may have kept for its next invocation."""
_PERCENT = 100
_PRODUCTION = frozenset({LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})


class Call(NamedTuple):
    """One invocation of one function. ``url`` None: nobody has said where it is."""

    deployment: ServiceDeploymentArn
    hook: HookId
    invocation: int
    target: str
    url: str | None
    event: Mapping[str, object]


class Answer(NamedTuple):
    """What a function said; ``fault`` says why it said nothing."""

    status: HookStatus | None = None
    call_back: float = CALL_BACK
    details: Mapping[str, Any] | None = None
    fault: str | None = None


class _Said(msgspec.Struct, rename="camel"):
    hook_status: str | None = None
    call_back_delay: float | None = None
    hook_details: dict[str, Any] | None = None


_READER = msgspec.json.Decoder(_Said)


def call_of(world: World, record: ServiceDeployment, hook: HookId, now: Instant) -> Call | Instant | None:
    """The call that a hook asks for now, or when it will; None for one that nobody waits for."""
    run = next((run for run in functions(record) if run.hook_id == hook), None)
    service = world.services.get(record.service)
    if run is None or service is None:
        return None
    return _call(world, service, record, run) if run.call_at <= now else run.call_at


def functions(record: ServiceDeployment) -> tuple[HookRun, ...]:
    """The functions that the deployment waits for."""
    asked = () if record.finished else waiting(record)
    return tuple(run for run in asked if run.target_type is HookTarget.AWS_LAMBDA)


def read(body: bytes) -> Answer:
    """What a function answered."""
    try:
        said = _READER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Answer(fault=f"ECS was unable to parse the response from {{target}} due to {error}")
    if said.hook_status is None:
        return Answer(fault="ECS was unable to parse the response from {target} due to HookStatus must not be null")
    if said.hook_status not in {HookStatus.SUCCEEDED, HookStatus.FAILED, HookStatus.IN_PROGRESS}:
        return Answer(fault="ECS was unable to parse the response from {target} due to an unknown HookStatus")
    if said.hook_details is not None and len(msgspec.json.encode(said.hook_details)) > MOST_DETAILS:
        return Answer(fault=f"The hookDetails in the response from {{target}} are longer than {MOST_DETAILS} bytes")
    asked = CALL_BACK if said.call_back_delay is None else said.call_back_delay
    wait = min(max(asked, _LEAST_WAIT), _MOST_WAIT)
    return Answer(HookStatus(said.hook_status), wait, said.hook_details)


def after(record: ServiceDeployment, call: Call, answer: Answer, now: Instant) -> ServiceDeployment:
    """The record with the answer; itself when nobody waits for that any more."""
    run = next((run for run in waiting(record) if run.hook_id == call.hook), None)
    if run is None or run.invocation != call.invocation or record.finished:
        return record
    if answer.status is HookStatus.IN_PROGRESS:
        merged = run.details if answer.details is None else {**(run.details or {}), **answer.details}
        again = replace(run, invocation=run.invocation + 1, call_at=later(now, answer.call_back), details=merged)
        return replace(record, hooks=_with(record, again))
    status = answer.status or HookStatus.FAILED
    told = replace(record, hooks=_with(record, replace(run, status=status)), updated_at=now)
    if status is HookStatus.SUCCEEDED or not record.forward:
        return told
    why = answer.fault or "Lifecycle hook target {target} returned FAILED status"
    reason = f"{record.stage} lifecycle hook(s) failed. {why.format(target=call.target)}"
    return replace(told, status=ServiceDeploymentStatus.ROLLBACK_REQUESTED, status_reason=rolled_back_because(reason))


def _with(record: ServiceDeployment, changed: HookRun) -> tuple[HookRun, ...]:
    return tuple(changed if run.hook_id == changed.hook_id else run for run in record.hooks)


def _call(world: World, service: Service, record: ServiceDeployment, run: HookRun) -> Call:
    target = run.target_arn or ""
    known = (world.hook_functions.get(name) for name in names_of(target))
    event: dict[str, object] = {
        "executionId": run.hook_id,
        "lifecycleStage": record.stage,
        "resourceArn": record.arn,
        "executionDetails": {
            "serviceArn": record.service,
            "targetServiceRevisionArn": revision_arn(record.service, record.target),
            "testTrafficWeights": _test(service, record),
            "productionTrafficWeights": _production(service, record),
        },
    }
    if run.details is not None:
        event["hookDetails"] = run.details
    url = next((function.url for function in known if function is not None), None)
    return Call(record.arn, run.hook_id, run.invocation, target, url, event)


def _test(service: Service, record: ServiceDeployment) -> Mapping[str, float]:
    if record.stage is not LifecycleStage.TEST_TRAFFIC_SHIFT:
        return {}
    test = service.traffic.test
    return {arn: _PERCENT * (pool == test) for arn, pool in _revisions(record)}


def _production(service: Service, record: ServiceDeployment) -> Mapping[str, float]:
    if record.stage not in _PRODUCTION:
        return {}
    return {arn: service.traffic.weight(pool) * _PERCENT / WHOLE for arn, pool in _revisions(record)}


def _revisions(record: ServiceDeployment) -> list[tuple[str, Pool]]:
    """The revisions that share the traffic, and each one's pool."""
    before: list[DeploymentId] = [] if record.alone else list(record.sources[:1])
    found = [(record.target, record.pool), *((source, record.home) for source in before)]
    return [(revision_arn(record.service, deployment), pool) for deployment, pool in found]
