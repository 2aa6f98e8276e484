"""Which tasks can be protected, and for how long."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.domain.world import Observed, Put
from moyai.kernel.clock import Instant
from moyai.plan.service.scheduler import plan_service
from tests.unit.api.ecs.client import NETWORK

MISSING = "0" * 32


@pytest.fixture
def tasks(shop) -> list[str]:
    arn = shop.service()["serviceArn"]
    shop.store.apply(plan_service(shop.world, Observed(), arn, shop.now, shop.ids).changes)
    return [t.arn for t in shop.world.tasks.by("service", arn)]


def protection_request(tasks, **changes):
    return {"cluster": "default", "tasks": tasks} | changes


def test_protection_lasts_two_hours_by_default(shop, tasks):
    [first, second] = tasks
    [protected_task] = shop.call("UpdateTaskProtection", **protection_request([first], protectionEnabled=True))[
        "protectedTasks"
    ]
    assert protected_task == {"taskArn": first, "protectionEnabled": True, "expirationDate": shop.now + 7200}
    both = shop.call("GetTaskProtection", **protection_request(tasks))["protectedTasks"]
    assert both == [protected_task, {"taskArn": second, "protectionEnabled": False}]
    assert shop.call("GetTaskProtection", cluster="default")["protectedTasks"] == [protected_task]
    shop.later(7200)
    assert shop.call("GetTaskProtection", cluster="default")["protectedTasks"] == []


def test_protection_is_extended_and_removed(shop, tasks):
    shop.call("UpdateTaskProtection", **protection_request(tasks, protectionEnabled=True, expiresInMinutes=1))
    shop.call("UpdateTaskProtection", **protection_request(tasks, protectionEnabled=True, expiresInMinutes=2880))
    assert {shop.world.tasks[t].protected_until for t in tasks} == {Instant(shop.now + 2880 * 60)}
    shop.call("UpdateTaskProtection", **protection_request(tasks, protectionEnabled=False))
    assert shop.call("GetTaskProtection", cluster="default")["protectedTasks"] == []


def test_unprotectable_tasks_are_failures(shop, tasks):
    [alone] = shop.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)["tasks"]
    leaving = shop.world.tasks[tasks[0]]
    shop.store.apply([Put(replace(leaving, desired_status=DesiredStatus.STOPPED))])
    answer = shop.call(
        "UpdateTaskProtection",
        **protection_request([alone["taskArn"], tasks[0], MISSING, tasks[1]], protectionEnabled=True),
    )
    assert [f["reason"] for f in answer["failures"]] == ["TASK_NOT_VALID", "DEPLOYMENT_BLOCKED", "MISSING"]
    assert [t["taskArn"] for t in answer["protectedTasks"]] == [tasks[1]]
    assert isinstance(shop.world.tasks[tasks[1]], Task)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"tasks": []}, "InvalidParameterException", "Tasks cannot be empty."),
        ({"tasks": [MISSING] * 11}, "InvalidParameterException", "at most 10"),
        ({"tasks": ["x"]}, "InvalidParameterException", "taskId length should be one of [32,36]"),
        ({"expiresInMinutes": 0}, "InvalidParameterException", "between 1 and 2880"),
        ({"expiresInMinutes": 2881}, "InvalidParameterException", "between 1 and 2880"),
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
    ],
)
def test_invalid_protection_requests_are_refused(shop, tasks, changes, code, message):
    shop.fails("UpdateTaskProtection", code, message, **(protection_request(tasks, protectionEnabled=True) | changes))
