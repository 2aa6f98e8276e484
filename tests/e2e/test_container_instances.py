"""Container instances: this machine as three of them, tasks placed on them, moved away from them, and still there after
a restart.
"""

from __future__ import annotations

from functools import partial
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SERVES = "cd / && exec python3 -S -m http.server 8080"
ZONE = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]


def instances(cluster):
    arns = cluster.ecs.list_container_instances(cluster=cluster.name)["containerInstanceArns"]
    return cluster.ecs.describe_container_instances(cluster=cluster.name, containerInstances=arns)["containerInstances"]


def connected(cluster):
    found = instances(cluster)
    return found if len(found) == 3 and all(i["agentConnected"] for i in found) else None


def reached(cluster, task):
    """Whether a task answers at its instance's port, as callers on this machine reach it."""
    [instance] = [i for i in instances(cluster) if i["containerInstanceArn"] == task["containerInstanceArn"]]
    details = {d["name"]: d["value"] for a in instance["attachments"] for d in a["details"]}
    [binding] = task["containers"][0]["networkBindings"]
    ec2 = cluster.installation.client("ec2")
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])["NetworkInterfaces"]
    connection = HTTPConnection(shown[0]["Association"]["PublicIp"], binding["hostPort"], timeout=5)
    connection.request("HEAD", "/")
    return connection.getresponse().status == 200


def test_tasks_on_three_instances(installed):
    installation = installed("--instances", "3", "--instance-cpu", "1024", "--instance-memory", "2048")
    installation.up()
    cluster = Cluster(installation, "default")
    found = eventually(lambda: connected(cluster), "three instances are connected")
    assert len({a["value"] for i in found for a in i["attributes"] if a["name"] == "ecs.availability-zone"}) == 3
    port: dict[str, Any] = {"portMappings": [{"containerPort": 8080, "hostPort": 0}], "memory": 256}
    web = cluster.ecs.register_task_definition(family="web", containerDefinitions=[shell(SERVES, **port)])
    definition = web["taskDefinition"]["taskDefinitionArn"]
    cluster.ecs.create_service(
        cluster=cluster.name, serviceName="web", taskDefinition=definition, desiredCount=3, placementStrategy=ZONE
    )
    cluster.steady("web")
    tasks = cluster.tasks("web")
    assert {t["containerInstanceArn"] for t in tasks} == {i["containerInstanceArn"] for i in found}
    for task in tasks:
        eventually(partial(reached, cluster, task), "the task answers at its instance")
    drained = tasks[0]["containerInstanceArn"]
    asked = {"cluster": cluster.name, "containerInstances": [drained], "status": "DRAINING"}
    cluster.ecs.update_container_instances_state(**asked)
    eventually(lambda: all(t["containerInstanceArn"] != drained for t in cluster.tasks("web")), "it is given away")
    cluster.quiet("web")
    cluster.ecs.deregister_container_instance(cluster=cluster.name, containerInstance=drained)
    installation.terminate()
    installation.up()
    eventually(lambda: connected(cluster), "three instances are connected again")
    cluster.steady("web")
