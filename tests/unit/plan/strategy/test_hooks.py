"""Lifecycle hooks that are functions: their payload, and what follows from their answers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.hook_function import HookFunction
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import HookStatus, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import HookTarget, HookTimeout, LifecycleHook, LifecycleStage, Strategy
from moyai.domain.world import Put
from moyai.plan.strategy.hooks import (
    DEFAULT_CALL_BACK_DELAY,
    HookFunctionAnswer,
    HookFunctionCall,
    due_call,
    parse_answer,
    record_answer,
    unanswered_functions,
)
from moyai.testing.world import container
from tests.model.harness import Harness

ARN = "arn:aws:lambda:us-east-1:123456789012:function:check"
_L, _S = LifecycleStage, ServiceDeploymentStatus


def hook(*stages, **more):
    return LifecycleHook(HookTarget.AWS_LAMBDA, stages, hook_target_arn=more.pop("arn", ARN), **more)


def second_deployment(*hooks, strategy=Strategy.BLUE_GREEN):
    """A service whose second deployment has begun."""
    harness = Harness()
    definition = harness.build.definition("back", container("api", port=9000))
    service = harness.build.service("back", definition, 1, offers=["api"])
    harness.converge(60)
    harness.build.configure(service, DeploymentConfiguration(strategy=strategy, lifecycle_hooks=hooks))
    harness.build.deploy(service, definition)
    go(harness)
    return harness, service


def go(harness):
    for _ in range(30):
        harness.converge(1)


def due_hook_call(harness, made):
    record = harness.build.deployment(made)
    (run,) = unanswered_functions(record)
    return due_call(harness.book.world, record, run.hook_id, harness.clock.now())


def answer_hook(harness, service, call, answer):
    record = harness.build.deployment(service)
    harness.book.apply([Put(record_answer(record, call, answer, harness.clock.now()))])
    go(harness)
    return harness.build.deployment(service)


def test_a_hook_function_gets_lambdas_event():
    harness, service = second_deployment(hook(_L.PRODUCTION_TRAFFIC_SHIFT, hook_details={"bucket": "b"}))
    record, call = harness.build.deployment(service), due_hook_call(harness, service)
    target = record.target.rpartition("/")[2]
    home = record.sources[0].rpartition("/")[2]
    revision = "arn:aws:ecs:us-east-1:123456789012:service-revision/default/back/"
    assert (call.target, call.url, call.invocation) == (ARN, None, 1)
    assert call.event == {
        "executionId": call.hook,
        "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT",
        "resourceArn": record.arn,
        "executionDetails": {
            "serviceArn": service,
            "targetServiceRevisionArn": revision + target,
            "testTrafficWeights": {},
            "productionTrafficWeights": {revision + target: 100, revision + home: 0},
        },
        "hookDetails": {"bucket": "b"},
    }


@pytest.mark.parametrize(
    "known", [ARN, "check", ARN + ":live"], ids=["by its ARN", "by its name", "by its qualified ARN"]
)
def test_a_hook_functions_url_is_found(known):
    harness, service = second_deployment(hook(_L.PRE_SCALE_UP, arn=ARN + ":live"))
    harness.book.apply([Put(HookFunction(known, "http://127.0.0.1:1/", harness.clock.now()))])
    assert due_hook_call(harness, service).url == "http://127.0.0.1:1/"


def test_success_continues_and_counts_once():
    harness, service = second_deployment(hook(_L.PRE_SCALE_UP, _L.POST_SCALE_UP))
    first = due_hook_call(harness, service)
    record = answer_hook(harness, service, first, HookFunctionAnswer(HookStatus.SUCCEEDED))
    assert record.stage is _L.POST_SCALE_UP
    assert answer_hook(harness, service, first, HookFunctionAnswer(HookStatus.FAILED)).stage is _L.POST_SCALE_UP
    assert (
        answer_hook(harness, service, due_hook_call(harness, service), HookFunctionAnswer(HookStatus.SUCCEEDED)).status
        is _S.SUCCESSFUL
    )


def test_a_hook_in_progress_is_called_again_with_its_details():
    harness, service = second_deployment(hook(_L.POST_SCALE_UP, hook_details={"a": 1, "b": 1}))
    call = due_hook_call(harness, service)
    record = harness.build.deployment(service)
    answered_record = record_answer(
        record, call, parse_answer(b'{"hookStatus": "IN_PROGRESS", "hookDetails": {"b": 2}}'), harness.clock.now()
    )
    harness.book.apply([Put(answered_record)])
    assert due_hook_call(harness, service) == harness.clock.now() + DEFAULT_CALL_BACK_DELAY
    harness.pass_time(DEFAULT_CALL_BACK_DELAY)
    again = due_hook_call(harness, service)
    assert (again.hook, again.invocation) == (call.hook, 2)
    assert again.event["hookDetails"] == {"a": 1, "b": 2}
    assert (
        record_answer(answered_record, call, HookFunctionAnswer(HookStatus.FAILED), harness.clock.now())
        == answered_record
    ), "the first invocation is over"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"hookStatus": "FAILED"}', "Lifecycle hook target {arn} returned FAILED status."),
        (b"{}", "ECS was unable to parse the response from {arn} due to HookStatus must not be null."),
        (b'{"hookStatus": "MAYBE"}', "ECS was unable to parse the response from {arn} due to an unknown HookStatus."),
        (b"<html>", "ECS was unable to parse the response from {arn} due to"),
        (b"[]", "ECS was unable to parse the response from {arn} due to"),
        (b"\xff", "ECS was unable to parse the response from {arn} due to"),
        (b'{"hookStatus": "IN_PROGRESS", "hookDetails": {"a": "%s"}}' % (b"x" * 20000), "are longer than 16384 bytes"),
    ],
)
def test_any_other_answer_rolls_back(body, why):
    harness, service = second_deployment(hook(_L.POST_SCALE_UP))
    record = answer_hook(harness, service, due_hook_call(harness, service), parse_answer(body))
    assert record.status is _S.ROLLBACK_SUCCESSFUL
    begin = "Service deployment rolled back because POST_SCALE_UP lifecycle hook(s) failed. "
    assert (record.status_reason or "").startswith(begin)
    assert why.replace("{arn}", ARN) in (record.status_reason or "")


@pytest.mark.parametrize("delay", [-1, 0, 5, 1e9])
def test_the_callback_delay_is_bounded(delay):
    answer = parse_answer(b'{"hookStatus": "IN_PROGRESS", "callBackDelay": %d}' % delay)
    assert 1 <= answer.call_back <= 3600


def test_hooks_during_a_rollback_have_no_effect():
    harness, service = second_deployment(hook(_L.PRODUCTION_TRAFFIC_SHIFT), hook(_L.POST_PRODUCTION_TRAFFIC_SHIFT))
    answer_hook(harness, service, due_hook_call(harness, service), HookFunctionAnswer(HookStatus.SUCCEEDED))
    record = answer_hook(harness, service, due_hook_call(harness, service), HookFunctionAnswer(HookStatus.FAILED))
    assert (record.status, record.stage) == (_S.ROLLBACK_IN_PROGRESS, _L.PRODUCTION_TRAFFIC_SHIFT)
    back = due_hook_call(harness, service)
    details = back.event["executionDetails"]
    assert details["productionTrafficWeights"][details["targetServiceRevisionArn"]] == 0
    assert answer_hook(harness, service, back, HookFunctionAnswer(HookStatus.FAILED)).status is _S.ROLLBACK_SUCCESSFUL


def test_a_hook_that_never_answers_times_out():
    harness, service = second_deployment(hook(_L.PRE_SCALE_UP, timeout_configuration=HookTimeout(2)))
    harness.pass_time(120)
    go(harness)
    record = harness.build.deployment(service)
    assert record.status is _S.ROLLBACK_SUCCESSFUL
    assert "PRE_SCALE_UP lifecycle hook timed out" in (record.status_reason or "")


def test_each_step_calls_the_hook_again():
    harness, service = second_deployment(hook(_L.PRE_PRODUCTION_TRAFFIC_SHIFT), strategy=Strategy.CANARY)
    first = due_hook_call(harness, service)
    record = answer_hook(harness, service, first, HookFunctionAnswer(HookStatus.SUCCEEDED))
    assert record.stage is _L.PRODUCTION_TRAFFIC_SHIFT
    harness.pass_time(600)
    go(harness)
    second = due_hook_call(harness, service)
    assert isinstance(second, HookFunctionCall)
    assert second.hook != first.hook
    assert replace(record).step == 0
