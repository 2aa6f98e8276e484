"""Services behind an application load balancer: registration, rolling and blue/green deployments, failing targets."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.e2e.balancers import Balancer
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT = 8080


class Stage(NamedTuple):
    """A load balancer with a production listener, a test listener and two target groups, and a task that calls it."""

    cluster: Cluster
    balancer: Balancer
    green: str
    """The second target group."""
    rules: tuple[str, str]
    """The production rule and the test rule."""
    probe: Probe

    @property
    def url(self) -> str:
        return f"http://{self.balancer.private_addresses()[0]}/"

    def definition(self, version: str) -> str:
        environment = [{"name": "VERSION", "value": version}]
        return self.cluster.define("balanced", app("web", PORT, environment=environment))

    def load_balancer(self, **more: object) -> dict[str, object]:
        """An entry of loadBalancers."""
        return {"targetGroupArn": self.balancer.group, "containerName": "web", "containerPort": PORT} | more

    def targets(self, group: str) -> dict[str, str]:
        """The state of each target of a group, by address."""
        described = self.balancer.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {d["Target"]["Id"]: d["TargetHealth"]["State"] for d in described}

    def weights(self) -> list[int]:
        """The weights of both groups in the production rule."""
        (rule,) = self.balancer.elb.describe_rules(RuleArns=[self.rules[0]])["Rules"]
        shares = {g["TargetGroupArn"]: g["Weight"] for g in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        return [shares.get(group, 0) for group in (self.balancer.group, self.green)]

    def events(self) -> list[str]:
        return [event["message"] for event in self.cluster.service("web")["events"]]


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    cluster = Cluster(server, "balanced")
    balancer = Balancer(cluster, "balanced", "internal")
    green = balancer.new_group("green")
    listeners = (balancer.listener, balancer.listen(81, balancer.group))
    rules = [_add_rule(balancer, listener, balancer.group, green) for listener in listeners]
    return Stage(cluster, balancer, green, (rules[0], rules[1]), cluster.probe("balanced-caller", connect=False))


def _add_rule(balancer: Balancer, listener: str, *groups: str) -> str:
    """A rule for all paths, which forwards to the first of the groups; its ARN."""
    shares = [{"TargetGroupArn": group, "Weight": 1 - place} for place, group in enumerate(groups)]
    rule = balancer.elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": shares}}],
    )
    return str(rule["Rules"][0]["RuleArn"])


def test_a_services_tasks_become_targets_and_answer_under_the_load_balancers_name(stage):
    balancers = [stage.load_balancer()]
    stage.cluster.serve("web", stage.definition("1"), count=2, connect=False, loadBalancers=balancers)
    stage.cluster.steady("web")
    addresses = {
        detail["value"]
        for task in stage.cluster.tasks("web")
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    }
    assert stage.targets(stage.balancer.group) == dict.fromkeys(addresses, "healthy")
    assert eventually(lambda: stage.probe.ask("http", url=stage.url).get("status") == 200)
    registered = f"(service web) registered 1 targets in (target-group {stage.balancer.group})"
    assert registered in stage.events()


def test_a_rolling_deployment_behind_the_load_balancer_loses_no_request(stage):
    before = {task["taskArn"] for task in stage.cluster.tasks("web")}
    keeping = {"kind": "http", "url": stage.url}
    stage.probe.begin(keeping, keeping, keeping | {"keep": False}, keeping | {"method": "POST"})
    eventually(lambda: len(stage.probe.results()["answered"]) == 2)
    stage.cluster.update("web", taskDefinition=stage.definition("2"))
    stage.cluster.steady("web")
    stage.cluster.quiet("web")
    after = {task["taskArn"] for task in stage.cluster.tasks("web")}
    eventually(lambda: {task_id(arn) for arn in after} <= set(stage.probe.results()["answered"]))
    results = stage.probe.end()
    assert results["failures"] == []
    assert before.isdisjoint(after)
    assert set(results["answered"]) == {task_id(arn) for arn in before | after}
    events = stage.events()
    assert f"(service web) deregistered 1 targets in (target-group {stage.balancer.group})" in events


def test_a_blue_green_deployment_moves_the_production_rule_and_loses_no_request(stage):
    production, test = stage.rules
    advanced = {
        "alternateTargetGroupArn": stage.green,
        "productionListenerRule": production,
        "testListenerRule": test,
        "roleArn": "arn:aws:iam::123456789012:role/ecs",
    }
    blue_green = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}
    stage.cluster.update(
        "web",
        loadBalancers=[stage.load_balancer(advancedConfiguration=advanced)],
        deploymentConfiguration={"strategy": "ROLLING"},
    )
    stage.cluster.steady("web")
    before = {task["taskArn"] for task in stage.cluster.tasks("web")}
    keeping = {"kind": "http", "url": stage.url}
    stage.probe.begin(keeping, keeping, keeping | {"keep": False})
    definition = stage.definition("3")
    stage.cluster.update("web", taskDefinition=definition, deploymentConfiguration=blue_green)
    stage.cluster.steady("web")
    stage.cluster.quiet("web")
    results = stage.probe.end()
    assert results["failures"] == []
    assert stage.weights() == [0, 100]
    assert stage.targets(stage.balancer.group) == {}
    assert set(stage.targets(stage.green).values()) == {"healthy"}
    after = {task["taskArn"] for task in stage.cluster.tasks("web")}
    assert before.isdisjoint(after)


def test_a_task_that_fails_the_load_balancers_health_check_is_replaced(stage):
    stage.balancer.elb.modify_target_group(
        TargetGroupArn=stage.green, HealthCheckPath="/status/500", Matcher={"HttpCode": "200"}
    )
    reason = f"Task failed ELB health checks in (target-group {stage.green})"
    eventually(
        lambda: any(task.get("stoppedReason") == reason for task in stage.cluster.tasks("web", "STOPPED")),
        "a task is stopped for its target's health",
    )
    stage.balancer.elb.modify_target_group(
        TargetGroupArn=stage.green, HealthCheckPath="/", Matcher={"HttpCode": "200-499"}
    )
    stage.cluster.steady("web")
    assert any("is unhealthy in (target-group" in event for event in stage.events())
