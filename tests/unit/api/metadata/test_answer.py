"""A task can read about itself, and nothing about others."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from moyai.api.metadata.answer import answer, parse_request
from moyai.api.metadata.app import MetadataApp
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.sandbox.state import Usage
from moyai.domain.world import Put
from moyai.testing.clock import ManualClock
from moyai.testing.world import Builder, container


@pytest.fixture
def builder() -> Builder:
    return Builder()


@pytest.fixture
def task(builder):
    return builder.world.tasks[builder.run(builder.definition("web", container("app"), container("side")))]


def get(builder, task, leaf="", version="v4", usage=None, peer=None):
    identity = runtime_id(task.containers[0].arn)
    request = parse_request(builder.world, f"/{version}/{identity}{leaf}", peer or task.interface.address)
    return answer(builder.world, usage or {}, request)


def test_a_task_reads_its_metadata(builder, task):
    status, body = get(builder, task, "/task")
    assert status == 200
    assert body["TaskARN"] == task.arn
    assert body["Cluster"] == task.cluster
    assert (body["Family"], body["Revision"]) == ("web", "1")
    assert (body["DesiredStatus"], body["KnownStatus"]) == ("RUNNING", "NONE")
    assert body["Limits"] == {"CPU": 0.25, "Memory": 512}
    assert body["AvailabilityZone"] == task.availability_zone
    assert body["FaultInjectionEnabled"] is False
    assert [each_container["Name"] for each_container in body["Containers"]] == ["app", "side"]
    assert "TaskTags" not in body
    json.dumps(body)


def test_a_container_reads_its_metadata(builder, task):
    status, body = get(builder, task)
    assert status == 200
    assert body["Name"] == "app"
    assert body["ContainerARN"] == task.containers[0].arn
    assert body["DockerId"] == runtime_id(task.containers[0].arn)
    assert body["Networks"][0]["IPv4Addresses"] == [task.interface.address]
    assert body["Networks"][0]["MACAddress"] == task.interface.mac
    assert body["Labels"]["com.amazonaws.ecs.container-name"] == "app"
    assert "ExitCode" not in body


def test_version_3_has_less(builder, task):
    older = get(builder, task, "/task", version="v3").body
    assert "LaunchType" not in older
    assert "ContainerARN" not in older["Containers"][0]
    assert older["Containers"][0]["Networks"] == [{"NetworkMode": "awsvpc", "IPv4Addresses": [task.interface.address]}]


def test_tags(builder, task):
    builder.book.apply([Put(replace(task, tags={"team": "shop"}))])
    assert get(builder, task, "/taskWithTags").body["TaskTags"] == {"team": "shop"}


def test_statistics_are_null_without_a_sample(builder, task):
    used = {"app": Usage(cpu_seconds=1.5, memory_bytes=1000, memory_limit_bytes=2000)}
    first, second = (runtime_id(each_container.arn) for each_container in task.containers)
    body = get(builder, task, "/task/stats", usage=used).body
    assert body[first]["cpu_stats"]["cpu_usage"]["total_usage"] == 1_500_000_000
    assert body[first]["memory_stats"] == {"usage": 1000, "limit": 2000}
    assert body[second] is None
    assert get(builder, task, "/stats", usage=used).body == body[first]
    assert get(builder, task, "/stats").body is None


def test_a_task_cannot_read_another_tasks_metadata(builder, task):
    assert get(builder, task, "/task", peer="172.31.0.99").status == 404


def test_a_stopped_task_reads_nothing(builder, task):
    builder.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert get(builder, task).status == 404


@pytest.mark.parametrize("path", ["/", "/v4", "/v4/", "/v2/credentials/x", "/v4/0000-1/task", "/v4/" + "a" * 500])
def test_other_paths_are_not_found(builder, task, path):
    assert answer(builder.world, {}, parse_request(builder.world, path, task.interface.address)).status == 404


def test_guessing_another_tasks_id_reads_nothing(builder, task):
    wrong = f"/v4/{task.id}-0000000000/task"
    assert parse_request(builder.world, wrong, task.interface.address) is None


class FixedUsage:
    async def usage(self, _task):
        return {"app": Usage(2.0, 10)}


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 405)])
async def test_metadata_is_served_over_asgi(builder, task, method, status):
    sent = []

    async def send(message):
        sent.append(message)

    class Kept:
        world = builder.world

    app = MetadataApp(Kept(), FixedUsage(), ManualClock())  # type: ignore[arg-type]
    path = f"/v4/{runtime_id(task.containers[0].arn)}/stats"
    scope = {"type": "http", "method": method, "path": path, "client": (task.interface.address, 5)}
    await app(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == status
    body = sent[1]["body"]
    assert int(dict(sent[0]["headers"])[b"content-length"]) > 0
    assert method != "GET" or json.loads(body)["cpu_stats"]["cpu_usage"]["total_usage"] == 2_000_000_000
    assert method != "HEAD" or body == b""
