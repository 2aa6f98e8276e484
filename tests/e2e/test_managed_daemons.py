"""A managed daemon with real tasks: on each instance before other tasks, updated, rolled back, and after kill -9."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

GROUP = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/machines"
SLEEPS = "exec sleep infinity"


class Daemon:
    """The daemon ``watch`` on two instances."""

    def __init__(self, installation: Installation) -> None:
        self.ecs = installation.client("ecs")
        provider = self.ecs.create_capacity_provider(
            name="machines", autoScalingGroupProvider={"autoScalingGroupArn": GROUP}
        )["capacityProvider"]
        self.providers = [provider["capacityProviderArn"]]
        self.ecs.put_cluster_capacity_providers(
            cluster="default", capacityProviders=["machines"], defaultCapacityProviderStrategy=[]
        )
        self.instances = self.ecs.list_container_instances()["containerInstanceArns"]
        for arn in self.instances:
            tags = [{"key": "moyai:capacity-provider", "value": "machines"}]
            self.ecs.tag_resource(resourceArn=arn, tags=tags)

    def define(self, line: str, **members: Any) -> str:
        """Register the next revision; its ARN."""
        container = shell(line, memory=64, **members)
        answer = self.ecs.register_daemon_task_definition(family="watch", containerDefinitions=[container])
        return str(answer["daemonTaskDefinitionArn"])

    def update(self, daemon: str, definition: str) -> str:
        """Start the deployment of a revision; its ARN."""
        answer = self.ecs.update_daemon(
            daemonArn=daemon, daemonTaskDefinitionArn=definition, capacityProviderArns=self.providers
        )
        return str(answer["deploymentArn"])

    def wait_until_finished(self, deployment: str) -> Any:
        """The deployment, once it has ended."""

        def describe() -> Any | None:
            [record] = self.ecs.describe_daemon_deployments(daemonDeploymentArns=[deployment])["daemonDeployments"]
            return record if "finishedAt" in record else None

        return eventually(describe, f"{deployment} has ended")

    def answers_other_tasks(self) -> bool:
        """Whether a task with the network mode bridge reaches the daemon at the address that AWS gives daemons."""
        script = "import urllib.request as u; u.urlopen('http://169.254.172.2:9000/', timeout=20)"
        container = shell(f'exec python3 -S -c "{script}"', memory=64)
        self.ecs.register_task_definition(family="caller", containerDefinitions=[container])
        [task] = self.ecs.run_task(taskDefinition="caller", launchType="EC2")["tasks"]

        def exit_codes() -> list[int] | None:
            [stopped] = self.ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
            return [c["exitCode"] for c in stopped["containers"]] if stopped["lastStatus"] == "STOPPED" else None

        return eventually(exit_codes, "the caller has ended") == [0]

    def tasks(self) -> list[Any]:
        arns = self.ecs.list_tasks(daemonName="watch")["taskArns"]
        tasks = self.ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
        return [t for t in tasks if t["lastStatus"] == "RUNNING"]


@pytest.mark.heavy
def test_a_daemon_is_deployed_updated_rolled_back_and_deleted(make_installation):
    installation: Installation = make_installation("--instances", "2")
    installation.up()
    daemon = Daemon(installation)
    created = daemon.ecs.create_daemon(
        daemonName="watch",
        daemonTaskDefinitionArn=daemon.define("cd / && exec python3 -S -m http.server 9000"),
        capacityProviderArns=daemon.providers,
    )
    arn = created["daemonArn"]
    assert daemon.wait_until_finished(created["deploymentArn"])["status"] == "SUCCESSFUL"
    first = daemon.tasks()
    assert sorted(t["containerInstanceArn"] for t in first) == sorted(daemon.instances)
    assert {(t["group"], t["capacityProviderName"], t["launchType"]) for t in first} == {
        ("daemon:watch", "machines", "EC2")
    }
    eventually(daemon.answers_other_tasks, "the daemon answers")
    deployment = daemon.update(arn, daemon.define(SLEEPS))
    installation.kill()
    installation.up()
    assert daemon.wait_until_finished(deployment)["status"] == "SUCCESSFUL"
    second = daemon.tasks()
    assert sorted(t["containerInstanceArn"] for t in second) == sorted(daemon.instances)
    assert not {t["taskArn"] for t in first} & {t["taskArn"] for t in second}
    record = daemon.wait_until_finished(daemon.update(arn, daemon.define("exit 1")))
    assert record["status"] == "ROLLBACK_SUCCESSFUL", record
    assert record["circuitBreaker"]["status"] == "TRIGGERED"
    assert {t["taskDefinitionArn"].rpartition(":")[2] for t in daemon.tasks()} == {"2"}
    deleted = daemon.ecs.delete_daemon(daemonArn=arn)["deploymentArn"]
    assert daemon.wait_until_finished(deleted)["status"] == "SUCCESSFUL"
    with pytest.raises(daemon.ecs.exceptions.DaemonNotFoundException):
        daemon.ecs.describe_daemon(daemonArn=arn)
