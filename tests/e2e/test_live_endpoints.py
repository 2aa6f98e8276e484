"""A service that comes after its caller: named under the running task, or, as on AWS, not before another deployment."""

from __future__ import annotations

from functools import partial

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app, offer, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CONTAINERS = ("one", "two")


def caller(cluster: Cluster) -> str:
    """A client that calls http://late, from each of two containers; its only task, once both have tried."""
    command = ["python3", "-m", "tests.e2e.apps.caller", "http://late"]
    containers = [app("caller", command=command) | {"name": name} for name in CONTAINERS]
    cluster.serve("client", cluster.define(f"{cluster.name}-client", *containers))
    cluster.steady("client")
    (task,) = cluster.tasks("client")
    arn = str(task["taskArn"])
    for name in CONTAINERS:
        assert eventually(partial(cluster.output_lines, arn, name), f"{name} has tried") == ["unresolved"]
    return arn


def last_line_is(cluster: Cluster, task: str, name: str, word: str) -> bool:
    """Whether that is how the container's last call fared."""
    return cluster.output_lines(task, name)[-1] == word


def unseen(server: Installation) -> set[tuple[str, str]]:
    """Tasks, and the names that ``moyai doctor`` says they can't call."""
    results = [f["message"] for f in server.doctor() if f["kind"] == "names-not-seen"]
    lines = [message.removeprefix("running tasks ").split(":80: ")[0].partition(" can't call ") for message in results]
    return {(task, f"{name}:80") for tasks, _, name in lines for task in tasks.split(", ")}


def late(cluster: Cluster, listens_after: int = 0) -> None:
    """The service that is called. ``listens_after``: seconds from its application's start."""
    environment = [{"name": "LISTEN_AFTER", "value": str(listens_after)}]
    definition = cluster.define(f"{cluster.name}-late", app("web", 8080, "http", environment=environment))
    cluster.serve("late", definition, offer("web", "late"))
    cluster.steady("late")


def test_a_running_task_finds_a_new_name_and_its_first_call_gets_through(server: Installation):
    cluster = Cluster(server, "live", "live")
    arn = cluster.ecs.describe_clusters(clusters=["live"])["clusters"][0]["clusterArn"]
    cluster.ecs.tag_resource(resourceArn=arn, tags=[{"key": "moyai:live-endpoints", "value": "on"}])
    task = caller(cluster)
    late(cluster, listens_after=3)
    for name in CONTAINERS:
        eventually(partial(last_line_is, cluster, task, name, "200"), f"{name} finds the name")
        assert cluster.output_lines(task, name) == ["unresolved", "200"]
    cluster.ecs.delete_service(cluster="live", service="late", force=True)
    for name in CONTAINERS:
        eventually(partial(last_line_is, cluster, task, name, "unresolved"), f"{name} finds it no more")
        assert set(cluster.output_lines(task, name)) <= {"unresolved", "200", "503"}
    assert [t["taskArn"] for t in cluster.tasks("client")] == [task], "the same task all the time"


def test_without_live_endpoints_a_new_name_resolves_after_the_next_deployment(server: Installation):
    cluster = Cluster(server, "frozen", "frozen")
    task = caller(cluster)
    late(cluster)
    assert cluster.output_lines(task, "one") == ["unresolved"]
    eventually(lambda: any("can't call" in event["message"] for event in cluster.service("client")["events"]))
    lines = [event["message"] for event in cluster.service("client")["events"]]
    (told,) = [message for message in lines if f"(task {task_id(task)}) can't call late:80" in message]
    assert "--force-new-deployment" in told
    assert (task_id(task), "late:80") in unseen(server)
    cluster.update("client", forceNewDeployment=True)
    cluster.steady("client")
    (after,) = cluster.tasks("client")
    assert task_id(after["taskArn"]) != task_id(task)
    assert eventually(lambda: cluster.output_lines(after["taskArn"], "one")) == ["200"]
    assert task_id(after["taskArn"]) not in {who for who, _ in unseen(server)}
    assert cluster.output_lines(task, "one") == ["unresolved"]
