"""What a task definition says about a whole task, asked for by way of the API."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


def test_containers_of_a_fargate_task_share_their_processes(server):
    cluster = Cluster(server, "modes")
    web = shell("exec sleep 5151", "web")
    side = shell(
        "echo $$; ps -eo args", "side", essential=False, dependsOn=[{"containerName": "web", "condition": "START"}]
    )
    arn = cluster.run(cluster.define("modes", web, side, pidMode="task"))
    eventually(lambda: "ps -eo args" in cluster.said(arn, "side"), "the side container has looked around")
    seen = cluster.said(arn, "side")
    assert seen[0] != "1"
    assert {"/pause", "sleep 5151"} <= set(seen)
    eventually(lambda: _containers(cluster, arn)["side"]["lastStatus"] == "STOPPED", "the side container has ended")
    ended = _containers(cluster, arn)
    assert (ended["side"]["exitCode"], ended["web"]["lastStatus"]) == (0, "RUNNING")
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    stopped = {c["name"]: c["exitCode"] for c in cluster.until(arn, "STOPPED")["containers"]}
    assert stopped == {"web": 143, "side": 0}


def test_a_fargate_task_writes_to_a_disk_of_its_own_size(server):
    cluster = Cluster(server, "modes")
    full = "df -BG --output=size / | tail -1; fallocate -l 30G /srv/big 2>&1 | grep -o 'No space left on device'"
    definition = cluster.define("disk", shell(full), ephemeralStorage={"sizeInGiB": 22})
    for overrides, size in (({}, 22), ({"ephemeralStorage": {"sizeInGiB": 25}}, 25)):
        task = cluster.finished(definition, overrides=overrides)
        assert task["ephemeralStorage"] == {"sizeInGiB": size}
        assert [line.strip() for line in cluster.said(task["taskArn"])] == [f"{size}G", "No space left on device"]


def _containers(cluster, arn):
    return {c["name"]: c for c in cluster.task(arn)["containers"]}
