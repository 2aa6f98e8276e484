"""ECS service discovery: tasks come and go, and who honours a record's time to live never meets a dead one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from moyai.plan.cloudmap.task_registration import TTL_MARGIN
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

TTL = 4
CALLER = {"kind": "named", "host": "lines.discovery.test", "port": 7000}


class Stage(NamedTuple):
    cluster: Cluster
    cloudmap: Any
    namespace: str
    probe: Probe

    def definition(self, version: str) -> str:
        """A server that leaves the moment it gets SIGTERM."""
        environment = [{"name": "VERSION", "value": version}]
        lines = app("lines", 7000, healthCheck=port_health_check(7000), environment=environment)
        return self.cluster.define("discovery-lines", lines)

    def tasks(self) -> set[str]:
        """The tasks that are wanted to run."""
        return {task_id(task["taskArn"]) for task in self.cluster.tasks("lines")}

    def registered_instances(self) -> dict[str, Any]:
        """The instances that Cloud Map has."""
        instances = self.cloudmap.discover_instances(NamespaceName="discovery.test", ServiceName="lines")["Instances"]
        return {instance["InstanceId"]: instance["Attributes"] for instance in instances}

    def wait_until_called(self) -> set[str]:
        """The tasks, once all of them have been called."""
        tasks = self.tasks()
        eventually(lambda: tasks <= set(self.probe.results()["answered"]), "every task is called")
        return tasks

    def wait_until_settled(self) -> None:
        """Wait until what was asked for is there, and what is no longer wanted has gone."""
        self.cluster.steady("lines")
        self.cluster.quiet("lines")


def _private_namespace(cloudmap: Any, vpc: str) -> str:
    operation = cloudmap.create_private_dns_namespace(Name="discovery.test", Vpc=vpc)["OperationId"]

    def namespace_id() -> Any:
        answer = cloudmap.get_operation(OperationId=operation)["Operation"]
        assert answer["Status"] != "FAIL", answer
        return answer["Targets"]["NAMESPACE"] if answer["Status"] == "SUCCESS" else None

    return str(eventually(namespace_id, "the namespace is made"))


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    cluster, cloudmap = Cluster(server, "discovery", "discovery"), server.client("servicediscovery")
    namespace = _private_namespace(cloudmap, server.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])
    service = cloudmap.create_service(
        Name="lines",
        NamespaceId=namespace,
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": TTL}]},
        HealthCheckCustomConfig={"FailureThreshold": 1},
    )["Service"]
    new_stage = Stage(cluster, cloudmap, namespace, cluster.probe("discovery-caller", connect=False))
    registries = [{"registryArn": service["Arn"]}]
    cluster.serve("lines", new_stage.definition("1"), count=3, connect=False, serviceRegistries=registries)
    new_stage.wait_until_settled()
    return new_stage


def test_tasks_are_registered_as_ecs_registers_them(stage):
    registered_instances = stage.registered_instances()
    assert set(registered_instances) == stage.tasks()
    for attributes in registered_instances.values():
        assert attributes.pop("AWS_INSTANCE_IPV4").startswith("172.31.")
        assert attributes.pop("AVAILABILITY_ZONE").startswith("us-east-1")
        assert attributes == {
            "ECS_CLUSTER_NAME": "discovery",
            "ECS_SERVICE_NAME": "lines",
            "ECS_TASK_DEFINITION_FAMILY": "discovery-lines",
            "REGION": "us-east-1",
        }


@pytest.mark.heavy
def test_clients_that_honour_the_ttl_are_never_refused(stage):
    tasks = stage.tasks()
    stage.probe.begin(*[CALLER] * 8)
    stage.wait_until_called()
    stage.cluster.update("lines", taskDefinition=stage.definition("2"))
    stage.wait_until_settled()
    tasks |= stage.wait_until_called()
    for count in (1, 4, 2):
        stage.cluster.update("lines", desiredCount=count)
        stage.wait_until_settled()
        tasks |= stage.wait_until_called()
    stage.cluster.ecs.stop_task(cluster=stage.cluster.name, task=min(stage.tasks()))
    stage.wait_until_settled()
    tasks |= stage.wait_until_called()
    results = stage.probe.end()
    assert results["failures"] == []
    assert set(results["answered"]) == tasks
    assert set(stage.registered_instances()) == stage.tasks()


def test_a_task_is_stopped_after_its_records_have_expired(stage):
    victim = min(stage.tasks())
    stage.cluster.ecs.stop_task(cluster=stage.cluster.name, task=victim)
    eventually(lambda: victim not in stage.registered_instances(), "it is deregistered at once")
    task = stage.cluster.until(victim, "STOPPED")
    assert task["executionStoppedAt"] - task["stoppingAt"] >= timedelta(seconds=TTL + TTL_MARGIN)


def test_a_service_may_have_registries_and_service_connect(stage):
    service = stage.cloudmap.create_service(
        Name="both", NamespaceId=stage.namespace, DnsConfig={"DnsRecords": [{"Type": "SRV", "TTL": TTL}]}
    )["Service"]
    registry = {"registryArn": service["Arn"], "containerName": "lines", "containerPort": 7000}
    cluster, lines = stage.cluster, offer("lines", "lines", 7000)
    cluster.serve("both", stage.definition("1"), lines, count=2, serviceRegistries=[registry])
    cluster.steady("both")
    probe = cluster.probe("discovery-both")
    callers = ({"kind": "lines", "host": "lines", "port": 7000}, {"kind": "named", "host": "both.discovery.test"})
    probe.begin(*callers)
    eventually(lambda: len(probe.results()["answered"]) == 2, "the old ones answer")
    cluster.update("both", taskDefinition=stage.definition("2"))
    cluster.steady("both")
    cluster.quiet("both")
    eventually(lambda: len(probe.results()["answered"]) == 4, "the new ones answer")
    results = probe.end()
    assert results["failures"] == []
    assert len(results["answered"]) == 4
