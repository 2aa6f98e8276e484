"""Gives an event to a target of a rule, by a call of the target's service.

Promise: a call that fails says whether it may succeed when it is made again. RunTask gets the delivery's id as its
client token, so a task runs once; a message may come twice when moyai is killed in between, as at AWS.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple

from moyai.domain.eventbridge.rule import EventDelivery, RuleTarget
from moyai.domain.logs.group import group_name
from moyai.domain.scheduler.schedule import RunTaskOptions, run_task_input
from moyai.expressions.task_overrides import overrides_problem
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.plan.event_rules import rule_started_by, run_token
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import StateUnwritable
from moyai.stacks.types.procedure import AwsCallFailed, Call

_log = logging.getLogger(__name__)


class DeliveryProblem(NamedTuple):
    """Why a target did not accept an event, and whether it may when it is tried again."""

    text: str
    passes: bool = False


async def give_to_target(caller: AwsCaller, delivery: EventDelivery, text: str, now: Instant) -> DeliveryProblem | None:
    """Give the text to the target. Returns the problem, if there is one."""
    target, arn = delivery.target, parse_arn(delivery.target.arn)
    if arn is None:  # PutTargets accepts only ARNs
        return DeliveryProblem(f"{target.arn} is no ARN")
    return await _attempt(arn, _give(caller, delivery, arn, text, now))


async def give_to_dead_letter_queue(caller: AwsCaller, delivery: EventDelivery) -> DeliveryProblem | None:
    """Send the event to the target's dead-letter queue, if it has one. Returns the problem, if there is one."""
    config = delivery.target.dead_letter_config
    if config is None or config.arn is None:
        return None
    queue = parse_arn(config.arn)
    if queue is None or queue.service != "sqs" or queue.scope != delivery.scope:  # PutTargets accepts none of these
        return DeliveryProblem(f"{config.arn} is no SQS queue of the rule's account and region")
    return await _attempt(queue, _send_message(caller, queue, delivery.event))


async def _attempt(arn: Arn, attempt: Awaitable[DeliveryProblem | None]) -> DeliveryProblem | None:
    """Turn what an attempt raises into a problem, so that each failed attempt counts."""
    try:
        return await attempt
    except AwsCallFailed as fault:
        return DeliveryProblem(f"{arn.service}: {fault.code}: {fault.message}", fault.may_pass)
    except StateUnwritable:
        raise
    except Exception as error:  # noqa: BLE001 (whatever goes wrong with one event, it counts as a failed attempt)
        _log.exception("the delivery of an event to %s failed", arn)
        return DeliveryProblem(f"{arn.service}: {type(error).__name__}: {error}", passes=True)


async def _give(
    caller: AwsCaller, delivery: EventDelivery, arn: Arn, text: str, now: Instant
) -> DeliveryProblem | None:
    target = delivery.target
    match arn.service:
        case "ecs":
            return await _run_tasks(caller, delivery, arn, text)
        case "sqs":
            await _send_message(caller, arn, text, target)
        case "sns":
            await caller.call(arn.scope, Call("sns", "Publish", {"TopicArn": target.arn, "Message": text}))
        case "lambda":
            members = {"FunctionName": target.arn, "InvocationType": "Event", "Payload": text.encode()}
            await caller.call(arn.scope, Call("lambda", "Invoke", members))
        case _:
            await _log_event(caller, delivery, arn, text, now)
    return None


async def _send_message(caller: AwsCaller, queue: Arn, text: str, target: RuleTarget | None = None) -> None:
    names = {"QueueName": queue.resource, "QueueOwnerAWSAccountId": queue.scope.account}
    url = (await caller.call(queue.scope, Call("sqs", "GetQueueUrl", names)))["QueueUrl"]
    members = {"QueueUrl": url, "MessageBody": text}
    if target is not None and target.sqs_parameters is not None and target.sqs_parameters.message_group_id:
        members["MessageGroupId"] = target.sqs_parameters.message_group_id
    await caller.call(queue.scope, Call("sqs", "SendMessage", members))


async def _run_tasks(caller: AwsCaller, delivery: EventDelivery, arn: Arn, text: str) -> DeliveryProblem | None:
    target = delivery.target
    if target.ecs_parameters is None:
        return DeliveryProblem("the target has no EcsParameters")
    has_input = target.input is not None or target.input_path is not None or target.input_transformer is not None
    problem = overrides_problem(text) if has_input else None
    if problem is not None:
        return DeliveryProblem(problem)
    options = RunTaskOptions(
        cluster=target.arn,
        started_by=rule_started_by(delivery.rule.rpartition("/")[2]),
        token=run_token(delivery),
        overrides=text if has_input else None,
    )
    call = Call("ecs", "RunTask", run_task_input(target.ecs_parameters, options))
    answer: Mapping[str, Any] = await caller.call(arn.scope, call)
    reasons = [str(failure.get("reason", "")) for failure in answer.get("failures", ())]
    if answer.get("tasks") or not reasons:
        return None
    return DeliveryProblem(f"RunTask: {', '.join(reasons)}", passes=True)


async def _log_event(caller: AwsCaller, delivery: EventDelivery, arn: Arn, text: str, now: Instant) -> None:
    """Write the text as the only event of a log stream, as EventBridge does."""
    stream = {"logGroupName": group_name(delivery.target.arn), "logStreamName": delivery.id}
    await _create_stream(caller, arn.scope, stream)
    event = {"timestamp": int(now * 1000), "message": text}
    await caller.call(arn.scope, Call("logs", "PutLogEvents", {**stream, "logEvents": [event]}))


async def _create_stream(caller: AwsCaller, scope: Scope, members: Mapping[str, str]) -> None:
    try:
        await caller.call(scope, Call("logs", "CreateLogStream", members))
    except AwsCallFailed as fault:
        if fault.code != "ResourceAlreadyExistsException":  # an earlier attempt has created it
            raise
