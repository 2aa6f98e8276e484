"""The control plane may die at any moment: nothing it said is lost, and tasks and traffic go on."""

from __future__ import annotations

import json
import random
import threading
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, kill, offer, processes, task_id
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB = ({"kind": "http", "url": "http://web/"}, {"kind": "http", "url": "http://web/", "keep": False})


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    new_cluster = Cluster(installation, "lasting", "lasting")
    new_cluster.serve("web", new_cluster.define("web", app("web", 8080, "http")), offer("web", "web"), count=2)
    new_cluster.steady("web")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("caller")


def pids(cluster: Cluster) -> dict[str, list[int]]:
    """Every process of every running task."""
    arns = [task["taskArn"] for name in ("web", "caller") for task in cluster.tasks(name)]
    return {arn: sorted(processes(arn, "")) for arn in arns}


def writes(installation: Installation, names: list[str], stopped: threading.Event) -> None:
    """Create and change things one after the other until the test stops it; ``said`` gets what was acknowledged."""
    ecs = installation.client("ecs")
    number = len(names)
    while not stopped.is_set():
        number += 1
        name = f"written-{number}"
        try:
            ecs.create_cluster(clusterName=name)
            names.append(name)
            ecs.update_cluster(cluster=name, settings=[{"name": "containerInsights", "value": "enabled"}])
            names.append(f"{name} changed")
        except (BotoCoreError, ClientError):
            stopped.wait(0.05)


def longer_than(said: list[str], length: int) -> bool:
    return len(said) > length


def stored_names(installation: Installation) -> set[str]:
    """The written names that the installation still has."""
    ecs = installation.client("ecs")
    arns = [arn for page in ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
    names = set()
    for start in range(0, len(arns), 100):
        clusters = ecs.describe_clusters(clusters=arns[start : start + 100], include=["SETTINGS"])["clusters"]
        for cluster in clusters:
            names.add(cluster["clusterName"])
            if {"name": "containerInsights", "value": "enabled"} in cluster["settings"]:
                names.add(f"{cluster['clusterName']} changed")
    return names


def test_repeated_kills_lose_no_acknowledged_write_and_interrupt_no_traffic(installation, cluster, probe):
    before = pids(cluster)
    chance = random.Random(20261124)  # noqa: S311 - moments, not secrets
    lines: list[str] = []
    event = threading.Event()
    probe.begin(*WEB)
    writer = threading.Thread(target=writes, args=(installation, lines, event), daemon=True)
    writer.start()
    for _ in range(3):
        acknowledged = len(lines)
        eventually(partial(longer_than, lines, acknowledged), "something was written")
        while_it_lasts(chance.uniform(0.05, 0.6))
        installation.kill()
        assert installation.up() == installation.url
        assert set(lines) - stored_names(installation) == set()
    event.set()
    writer.join()
    assert set(lines) - stored_names(installation) == set()
    eventually(lambda: installation_is_whole(installation, tasks=3))
    results = probe.end()
    assert results["failures"] == []
    assert pids(cluster) == before
    cluster.steady("web", "caller")


def installation_is_whole(installation: Installation, tasks: int) -> bool:
    """All tasks are known, and their proxies have come back."""
    found_health = health(installation)
    return bool(found_health["tasks"] == tasks and found_health["proxies"]["synced"] == tasks)


def health(installation: Installation) -> Any:
    return json.loads(installation.own("GET", "health"))


def test_after_sigterm_tasks_and_traffic_go_on_and_the_next_start_adopts_them(installation, cluster, probe):
    before = pids(cluster)
    probe.begin(*WEB)
    installation.terminate()
    answered = sum(probe.results()["answered"].values())
    eventually(lambda: sum(probe.results()["answered"].values()) > answered + 20, "traffic without a control plane")
    installation.up()
    eventually(lambda: installation_is_whole(installation, tasks=3))
    cluster.update("web", desiredCount=3)
    cluster.steady("web")
    new = {task_id(task["taskArn"]) for task in cluster.tasks("web")} - {task_id(arn) for arn in before}
    eventually(lambda: new <= set(probe.results()["answered"]), "the caller's proxy learns of the new task")
    results = probe.end()
    assert results["failures"] == []
    after = pids(cluster)
    assert {arn: after[arn] for arn in before} == before


def test_a_task_that_died_without_a_control_plane_is_replaced(installation, cluster):
    victim = cluster.tasks("web")[0]["taskArn"]
    installation.kill()
    kill(victim, "apps.web")
    installation.up()
    cluster.until(victim, "STOPPED")
    eventually(lambda: len(cluster.tasks("web")) == 3)
    cluster.steady("web")


def test_down_stops_every_task_and_the_next_start_starts_services_again(installation, cluster):
    before = {task["taskArn"] for task in cluster.tasks("web")}
    installation.down()
    assert all(list(processes(arn, "")) == [] for arn in before)
    installation.up()
    eventually(lambda: before.isdisjoint({task["taskArn"] for task in cluster.tasks("web")}))
    cluster.steady("web", "caller")
    assert len(cluster.tasks("web")) == 3


def test_reset_stops_and_deletes_everything_and_the_server_keeps_working(installation, cluster):
    arns = [task["taskArn"] for task in cluster.tasks("web")]
    installation.moyai("reset", "--endpoint", installation.url)
    assert cluster.ecs.list_clusters()["clusterArns"] == []
    assert [pid for arn in arns for pid in processes(arn, "")] == []
    assert health(installation)["tasks"] == 0
    again = Cluster(installation, "again", "again")
    again.serve("web", again.define("web", app("web", 8080, "http")), offer("web", "web"))
    again.steady("web")
