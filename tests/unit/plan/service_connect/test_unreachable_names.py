"""Names that running tasks can't call: said once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.service_connect.unreachable_names import unreachable_names
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import put, schedule, settled_service


def offer(build: Builder, name: str) -> ServiceArn:
    return build.service(name, build.definition(name, container("api", port=9000)), 0, offers=["api"])


def name_events(build: Builder, service: ServiceArn) -> list[str]:
    """The events of the service about names, after a turn of its scheduler."""
    schedule(build, service)
    return [m for m in build.messages(service) if "can't call" in m]


def test_an_unreachable_name_makes_one_event_with_tasks_and_a_remedy():
    build, front = settled_service(2, offers=[])
    offer(build, "back")
    tasks = ", ".join(f"(task {t.id})" for t in build.tasks(front))
    expected = (
        f"(service s) {tasks} can't call back-api:80: their deployment is older, and it froze the names they see."
        " Deploy the service again (aws ecs update-service --force-new-deployment), or give its cluster the tag"
        " moyai:live-endpoints with the value on."
    )
    assert name_events(build, front) == [expected]
    assert name_events(build, front) == [expected]
    offer(build, "more")
    assert [m.split(":80")[0].rpartition(" ")[2] for m in name_events(build, front)] == ["back-api", "more-api"]


def test_a_replacement_task_makes_no_second_event():
    build, front = settled_service(1, offers=[])
    offer(build, "back")
    assert len(name_events(build, front)) == 1
    (task,) = build.tasks(front)
    put(build, task.arn, last_status=TaskStatus.STOPPED)
    name_events(build, front)
    put(build, task.arn, last_status=TaskStatus.RUNNING)
    assert len(name_events(build, front)) == 1


def test_a_name_that_returns_makes_a_new_event():
    build, front = settled_service(1, offers=[])
    back = offer(build, "back")
    service = build.world.services[back]
    name_events(build, front)
    build.delete(back)
    assert len(name_events(build, front)) == 1
    build.book.apply([Put(service)])
    assert len(name_events(build, front)) == 2


def test_a_deployment_that_sees_the_names_makes_no_event():
    build, front = settled_service(1, offers=[])
    offer(build, "back")
    build.deploy(front, build.definition("s"))
    assert name_events(build, front) == []
    assert unreachable_names(build.world, build.world.services[front]).names == ()


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.ACTIVATING, TaskStatus.DEACTIVATING])
def test_events_name_only_running_tasks(status):
    build, front = settled_service(1, offers=[])
    (task,) = build.tasks(front)
    put(build, task.arn, last_status=status)
    offer(build, "back")
    assert name_events(build, front) == []


def test_live_endpoints_make_no_event():
    build, front = settled_service(1, offers=[])
    build.live("on")
    offer(build, "back")
    assert name_events(build, front) == []


def test_a_service_without_service_connect_has_no_unreachable_names():
    build, plain = settled_service(1)
    offer(build, "back")
    assert name_events(build, plain) == []


def test_many_unreachable_names_are_summarized():
    build, front = settled_service(12, offers=[])
    for number in range(12):
        offer(build, f"b{number}")
    (message,) = name_events(build, front)
    assert message.count("(task ") == 10
    assert "and 2 more tasks can't call" in message
    assert "and 2 more names: their" in message


def test_tasks_that_have_live_names_make_no_event():
    build, front = settled_service(1, offers=[])
    offer(build, "back")
    build.deploy(front, build.definition("s"))
    view = build.world.services[front].primary.view
    (task,) = build.tasks(front)
    service = build.world.services[front]
    build.book.apply([Put(replace(service, deployments=(service.deployments[1],)))])
    put(build, task.arn, view=view)
    assert name_events(build, front) == []
