"""EventBridge's rules on the manual clock: schedules, events of ECS, targets, retries, and the next process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.eventbridge.rule import EventDelivery, RuleTarget, event_rule_arn
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import later
from moyai.kernel.ids import EventDeliveryId
from moyai.kernel.scope import Scope
from moyai.plan.event_rules import MOST_DELIVERIES
from moyai.plan.events import STEADY, UNPLACED, announce
from moyai.ports.store import Key, StateUnwritable, Store
from moyai.reconcile.ecs_events import EcsEventLoop
from moyai.reconcile.event_rules import EventRuleLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE
from tests.contract.api.installation import MODELS, Installation

CLUSTER = f"arn:aws:ecs:us-east-1:{SCOPE.account}:cluster/default"
QUEUE = f"arn:aws:sqs:us-east-1:{SCOPE.account}:events"
DEAD = f"arn:aws:sqs:us-east-1:{SCOPE.account}:dead"


class KilledStore(MemoryStore):
    """A store that takes one change, as if the process were killed right after it."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store, self._is_killed = store, False

    @property
    def world(self) -> World:
        return self._store.world

    def apply(self, changes: Sequence[Change]) -> None:
        if self._is_killed:
            raise StateUnwritable("killed")
        self._is_killed = True
        self._store.apply(changes)

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        return self._store.watch()


class Bus(GatewayCaller):
    """An installation with the loops of events. It keeps the messages that are sent to queues."""

    def __init__(self) -> None:
        self.installation = Installation()
        self.clock, self.store = self.installation.clock, self.installation.store
        super().__init__(self.installation.gateway, MODELS, self.clock, "127.0.0.1:1")
        self.messages: list[tuple[str, Any]] = []
        self.faults = 0
        self.dead_letter_faults = 0
        self.defects = 0
        """Calls of SQS that raise an error that nobody expects."""
        self.before_description: list[Change] = []
        """Applied once while DescribeTasks is being asked."""

    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        """Answer a call of a loop."""
        if call.operation == "DescribeTasks" and self.before_description:
            changes, self.before_description = self.before_description, []
            self.store.apply(changes)
        if call.service != "sqs":
            return await super().call(scope, call)
        if call.operation == "GetQueueUrl":
            return {"QueueUrl": call.input["QueueName"]}
        if self.defects:
            self.defects -= 1
            raise LookupError("no such member")
        if self.dead_letter_faults and call.input["QueueUrl"] == "dead":
            self.dead_letter_faults -= 1
            raise AwsCallFailed("SQS", "InternalError", "try again", 500)
        if self.faults and call.input["QueueUrl"] == "events":
            self.faults -= 1
            raise AwsCallFailed("SQS", "InternalError", "try again", 500)
        self.messages.append((call.input["QueueUrl"], json.loads(call.input["MessageBody"])))
        return {}

    async def ask(self, service: str, operation: str, **members: Any) -> Mapping[str, Any]:
        return await super().call(SCOPE, Call(service, operation, members))

    async def rule(self, target: Mapping[str, Any], **members: Any) -> None:
        """Put a rule with one target."""
        await self.ask("events", "PutRule", Name="rule", **members)
        await self.ask("events", "PutTargets", Rule="rule", Targets=[{"Id": "1", **target}])

    async def task_parameters(self) -> dict[str, Any]:
        """The parameters of a task that can be placed, in a new cluster."""
        await self.ask("ecs", "CreateCluster", clusterName="default")
        container = {"name": "app", "image": "app", "memory": 64}
        members = {"family": "report", "containerDefinitions": [container], "networkMode": "awsvpc"}
        members |= {"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
        await self.ask("ecs", "RegisterTaskDefinition", **members)
        [subnet, *_] = (await self.ask("ec2", "DescribeSubnets"))["Subnets"]
        network = {"awsvpcConfiguration": {"Subnets": [subnet["SubnetId"]]}}
        return {"TaskDefinitionArn": "report", "LaunchType": "FARGATE", "NetworkConfiguration": network}

    async def send(self, **members: Any) -> Any:
        """Send an event of a shop, and return the answer for it."""
        entry = {"Source": "shop", "DetailType": "order", "Detail": "{}", **members}
        [answer] = (await self.ask("events", "PutEvents", Entries=[entry]))["Entries"]
        return answer

    async def connected_bus(self, name: str, target: Mapping[str, Any]) -> None:
        """Create an event bus with a rule that sends a shop's events to a target."""
        await self.ask("events", "CreateEventBus", Name=name)
        await self.ask("events", "PutRule", Name=name, EventBusName=name, EventPattern='{"source": ["shop"]}')
        await self.ask("events", "PutTargets", Rule=name, EventBusName=name, Targets=[{"Id": "1", **target}])

    @asynccontextmanager
    async def loops(self):
        parts = (self.store, self, self.clock, self.installation.builder.ids)
        tasks = [asyncio.create_task(loop.run()) for loop in (EventRuleLoop(*parts), EcsEventLoop(*parts))]
        try:
            await self.settle()
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        """Let time pass, second by second where a delivery waits."""
        end = later(self.clock.now(), seconds)
        while self.clock.now() < end:
            await self.clock.advance(min(30.0, end - self.clock.now()))
            await self.settle()


def bus_arn(name: str) -> str:
    return f"arn:aws:events:us-east-1:{SCOPE.account}:event-bus/{name}"


@pytest.fixture
async def bus():
    return Bus()


async def test_a_schedule_runs_tasks(bus):
    parameters = await bus.task_parameters()
    async with bus.loops():
        await bus.rule({"Arn": CLUSTER, "EcsParameters": parameters}, ScheduleExpression="rate(1 minute)")
        await bus.wait(150)
    tasks = list(bus.store.world.tasks)
    assert [task.started_by for task in tasks] == ["events-rule/rule"] * 2
    assert not len(bus.store.world.event_deliveries)


async def test_an_event_runs_a_task_with_overrides_from_it(bus):
    parameters = await bus.task_parameters()
    template = '{"containerOverrides": [{"name": "app", "command": [<key>]}]}'
    target = {"Arn": CLUSTER, "EcsParameters": parameters}
    target["InputTransformer"] = {"InputPathsMap": {"key": "$.detail.key"}, "InputTemplate": template}
    async with bus.loops():
        await bus.rule(target, EventPattern='{"source": ["shop"]}')
        entry = {"Source": "shop", "DetailType": "upload", "Detail": '{"key": "a.csv"}'}
        await bus.ask("events", "PutEvents", Entries=[entry])
        await bus.settle()
    [task] = bus.store.world.tasks
    assert task.overrides.container_overrides[0].command == ("a.csv",)


async def test_the_states_of_a_task_are_events(bus):
    parameters = await bus.task_parameters()
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["RUNNING"]}}
    async with bus.loops():
        await bus.rule({"Arn": QUEUE}, EventPattern=json.dumps(pattern))
        network = parameters["NetworkConfiguration"]
        await bus.ask("ecs", "RunTask", taskDefinition="report", launchType="FARGATE", networkConfiguration=network)
        await bus.settle()
        [task] = bus.store.world.tasks
        assert bus.messages == []
        bus.store.apply([Put(replace(task, last_status=TaskStatus.RUNNING, version=2))])
        await bus.settle()
    [(queue, event)] = bus.messages
    assert (queue, event["source"], event["detail-type"]) == ("events", "aws.ecs", "ECS Task State Change")
    assert event["resources"] == [task.arn]
    detail = event["detail"]
    assert (detail["taskArn"], detail["lastStatus"], detail["version"]) == (task.arn, "RUNNING", 2)
    assert detail["createdAt"].endswith("Z")


async def test_a_failed_delivery_is_tried_again_and_buried_at_last(bus):
    target = {"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 2}, "DeadLetterConfig": {"Arn": DEAD}}
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    async with bus.loops():
        await bus.rule(target, EventPattern='{"source": ["shop"]}')
        bus.faults = 2
        await bus.ask("events", "PutEvents", Entries=[entry])
        await bus.wait(10)
        assert [queue for queue, _ in bus.messages] == ["events"]
        bus.faults = 3
        await bus.ask("events", "PutEvents", Entries=[entry])
        await bus.wait(10)
    assert [queue for queue, _ in bus.messages] == ["events", "dead"]
    assert not len(bus.store.world.event_deliveries)


async def test_an_accepted_event_is_delivered_by_the_next_process(bus):
    await bus.rule({"Arn": QUEUE}, EventPattern='{"source": ["shop"]}')
    await bus.ask("events", "PutEvents", Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    async with bus.loops():
        await bus.settle()
    assert [queue for queue, _ in bus.messages] == ["events"]


async def test_an_event_passes_other_buses_and_ends_in_a_circle(bus):
    scope = f"arn:aws:events:us-east-1:{SCOPE.account}:event-bus"
    for name, other in (("a", "b"), ("b", "a")):
        await bus.ask("events", "CreateEventBus", Name=name)
        rule = {"Name": name, "EventBusName": name}
        await bus.ask("events", "PutRule", **rule, EventPattern='{"source": ["shop"]}')
        targets = [{"Id": "bus", "Arn": f"{scope}/{other}"}, {"Id": "queue", "Arn": QUEUE}]
        await bus.ask("events", "PutTargets", Rule=name, EventBusName=name, Targets=targets)
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}", "EventBusName": "a"}
    async with bus.loops():
        await bus.ask("events", "PutEvents", Entries=[entry])
        await bus.wait(5)
    assert len(bus.messages) == 6
    assert not len(bus.store.world.event_deliveries)


async def test_deployments_and_actions_of_a_service_are_events(bus):
    parameters = await bus.task_parameters()
    async with bus.loops():
        await bus.rule({"Arn": QUEUE}, EventPattern='{"detail-type": [{"prefix": "ECS "}]}')
        members = {"taskDefinition": "report", "desiredCount": 0, "launchType": "FARGATE"}
        members["networkConfiguration"] = parameters["NetworkConfiguration"]
        answer = await bus.ask("ecs", "CreateService", serviceName="web", **members)
        arn = answer["service"]["serviceArn"]
        await bus.settle()
        ids, now = bus.installation.builder.ids, bus.clock.now()
        bus.store.apply(announce(bus.store.world, arn, [STEADY, UNPLACED], now, ids))
        await bus.settle()
    events = [event for _, event in bus.messages]
    assert {event["resources"][0] for event in events} == {arn}
    shown = [(event["detail-type"], event["detail"]["eventType"], event["detail"]["eventName"]) for event in events]
    assert sorted(shown) == [
        ("ECS Deployment State Change", "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
        ("ECS Service Action", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
        ("ECS Service Action", "INFO", "SERVICE_STEADY_STATE"),
    ]


async def test_events_are_written_to_a_log_group(bus):
    await bus.ask("logs", "CreateLogGroup", logGroupName="/events")
    group = f"arn:aws:logs:us-east-1:{SCOPE.account}:log-group:/events"
    async with bus.loops():
        await bus.rule({"Arn": group}, EventPattern='{"source": ["shop"]}')
        entry = {"Source": "shop", "DetailType": "order", "Detail": '{"n": 1}'}
        await bus.ask("events", "PutEvents", Entries=[entry])
        await bus.settle()
    lines = (await bus.ask("logs", "FilterLogEvents", logGroupName="/events"))["events"]
    assert [json.loads(line["message"])["detail"] for line in lines] == [{"n": 1}]


async def test_no_producer_makes_more_deliveries_than_may_wait(bus, caplog):
    await bus.connected_bus("b", {"Arn": QUEUE})
    await bus.connected_bus("a", {"Arn": bus_arn("b")})
    await bus.send(EventBusName="a")
    rule, later_on = event_rule_arn(SCOPE, "default", "none"), later(bus.clock.now(), 86_400)
    waiting = [
        EventDelivery(EventDeliveryId(f"w{n}"), SCOPE, rule, RuleTarget("1", QUEUE), "{}", bus.clock.now(), later_on)
        for n in range(MOST_DELIVERIES)
    ]
    bus.store.apply([Put(delivery) for delivery in waiting])
    await bus.rule({"Arn": QUEUE}, EventPattern='{"source": ["aws.ecs"]}', ScheduleExpression="rate(1 minute)")
    parameters = await bus.task_parameters()
    async with bus.loops():
        network = parameters["NetworkConfiguration"]
        await bus.ask("ecs", "RunTask", taskDefinition="report", launchType="FARGATE", networkConfiguration=network)
        await bus.wait(61)
        assert (await bus.send(EventBusName="a"))["ErrorCode"] == "ThrottlingException"
        assert len(bus.store.world.event_deliveries) == MOST_DELIVERIES + 1
        assert "an event of ECS was dropped" in caplog.text
        assert "the event of its schedule was dropped" in caplog.text
        assert bus.messages == []
        await bus.ask("events", "DisableRule", Name="rule")
        bus.store.apply([Delete(EventDelivery, delivery.id) for delivery in waiting])
        await bus.wait(120)
    assert [event["source"] for _, event in bus.messages] == ["shop"]


async def test_a_rule_does_not_hear_of_the_tasks_that_it_has_started(bus):
    parameters = await bus.task_parameters()
    async with bus.loops():
        pattern = '{"source": ["aws.ecs", "shop"]}'
        await bus.rule({"Arn": CLUSTER, "EcsParameters": parameters}, EventPattern=pattern)
        await bus.ask("events", "PutRule", Name="other", EventPattern='{"source": ["aws.ecs"]}')
        await bus.ask("events", "PutTargets", Rule="other", Targets=[{"Id": "1", "Arn": QUEUE}])
        await bus.send()
        await bus.settle()
        [task] = bus.store.world.tasks
        bus.store.apply([Put(replace(task, last_status=TaskStatus.RUNNING))])
        await bus.settle()
    assert len(bus.store.world.tasks) == 1
    assert bus.messages[-1][1]["detail"]["startedBy"] == "events-rule/rule"


async def test_rules_whose_names_begin_alike_hear_of_each_others_tasks(bus):
    parameters, name = await bus.task_parameters(), "a-name-of-many-characters"
    async with bus.loops():
        for source in ("shop", "aws.ecs"):
            rule, target = f"{name}-of-{source}", {"Id": "1", "Arn": CLUSTER, "EcsParameters": parameters}
            await bus.ask("events", "PutRule", Name=rule, EventPattern=json.dumps({"source": [source]}))
            await bus.ask("events", "PutTargets", Rule=rule, Targets=[target])
        await bus.send()
        await bus.settle()
    assert [task.started_by for task in bus.store.world.tasks] == ["events-rule/a-name-of-many-characters"[:36]] * 2


@pytest.mark.parametrize("template", ["no object", '{"containerOverrides": <none>}', '{"unknown": 1}'])
async def test_an_input_that_is_no_override_is_not_tried_again(bus, template):
    target = {"Arn": CLUSTER, "EcsParameters": await bus.task_parameters(), "DeadLetterConfig": {"Arn": DEAD}}
    target["InputTransformer"] = {"InputPathsMap": {"none": "$.none"}, "InputTemplate": template}
    async with bus.loops():
        await bus.rule(target, EventPattern='{"source": ["shop"]}')
        await bus.send()
        await bus.settle()
    assert [queue for queue, _ in bus.messages] == ["dead"]
    assert not len(bus.store.world.event_deliveries)


async def test_an_unexpected_error_counts_as_a_failed_attempt(bus):
    target = {"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": DEAD}}
    async with bus.loops():
        await bus.rule(target, EventPattern='{"source": ["shop"]}')
        bus.defects = 2
        await bus.send()
        await bus.wait(10)
    assert [queue for queue, _ in bus.messages] == ["dead"]


async def test_a_part_of_an_event_is_the_overrides_of_a_task(bus):
    target = {"Arn": CLUSTER, "EcsParameters": await bus.task_parameters(), "InputPath": "$.detail"}
    async with bus.loops():
        await bus.rule(target, EventPattern='{"source": ["shop"]}')
        await bus.send(Detail='{"containerOverrides": [{"name": "app", "command": ["a.csv"]}]}')
        await bus.settle()
    [task] = bus.store.world.tasks
    assert task.overrides.container_overrides[0].command == ("a.csv",)


async def test_a_dead_letter_queue_that_is_down_gets_the_event_later(bus):
    target = {"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 0}, "DeadLetterConfig": {"Arn": DEAD}}
    await bus.rule(target, EventPattern='{"source": ["shop"]}')
    bus.faults, bus.dead_letter_faults = 1, 3
    await bus.send()
    async with bus.loops():
        await bus.settle()
    [delivery] = bus.store.world.event_deliveries
    assert delivery.given_up_at is not None
    async with bus.loops():
        await bus.wait(10)
    assert [queue for queue, _ in bus.messages] == ["dead"]
    assert not len(bus.store.world.event_deliveries)


async def test_an_event_for_a_bus_that_is_gone_is_buried(bus):
    await bus.rule({"Arn": bus_arn("gone"), "DeadLetterConfig": {"Arn": DEAD}}, EventPattern='{"source": ["shop"]}')
    async with bus.loops():
        await bus.send()
        await bus.settle()
    assert [queue for queue, _ in bus.messages] == ["dead"]


async def test_an_event_passes_to_a_bus_in_one_change(bus):
    await bus.connected_bus("b", {"Arn": QUEUE})
    await bus.rule({"Arn": bus_arn("b")}, EventPattern='{"source": ["shop"]}')
    await bus.send()
    loop = EventRuleLoop(KilledStore(bus.store), bus, bus.clock, bus.installation.builder.ids)
    task = asyncio.create_task(loop.run())
    await bus.settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    [delivery] = bus.store.world.event_deliveries
    assert (delivery.target.arn, delivery.hops) == (QUEUE, 1)


async def test_a_state_that_changes_while_it_is_described_has_one_event(bus):
    parameters = await bus.task_parameters()
    async with bus.loops():
        network = parameters["NetworkConfiguration"]
        await bus.ask("ecs", "RunTask", taskDefinition="report", launchType="FARGATE", networkConfiguration=network)
        await bus.rule({"Arn": QUEUE}, EventPattern='{"source": ["aws.ecs"]}')
        await bus.settle()
        bus.messages.clear()
        [task] = bus.store.world.tasks
        bus.before_description = [Put(replace(task, last_status=TaskStatus.RUNNING))]
        bus.store.apply([Put(replace(task, last_status=TaskStatus.PENDING))])
        await bus.settle()
    assert [event["detail"]["lastStatus"] for _, event in bus.messages] == ["RUNNING"]
