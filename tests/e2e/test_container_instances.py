"""This machine as three container instances, and tasks that the AWS CLI runs on them.

Services placed and moved away, daemons, EXTERNAL instances, the network modes host and none, Service Connect behind an
instance; and what is still there after a restart, or after an instance is lost under its tasks.
"""

from __future__ import annotations

import json
from functools import partial
from http.client import HTTPConnection
from typing import Any

import pytest

from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SERVES = "cd / && exec python3 -S -m http.server {}"
ZONE = "attribute:ecs.availability-zone"
SLEEPS = "exec sleep infinity"
SIZE = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192},
]


class Hosts(Cluster):
    """The default cluster, and its container instances."""

    def aws(self, *arguments: str, **documents: object) -> Any:
        """An ECS command of the AWS CLI; options whose value is a document by name."""
        options = [o for n, d in documents.items() for o in (f"--{n.replace('_', '-')}", json.dumps(d))]
        return self.installation.aws("ecs", *arguments, *options)

    def instances(self) -> list[Any]:
        arns = self.ecs.list_container_instances(cluster=self.name)["containerInstanceArns"]
        return list(
            self.ecs.describe_container_instances(cluster=self.name, containerInstances=arns)["containerInstances"]
        )

    def wait_for_instances(self, count: int) -> list[Any]:
        """So many instances, once each has been seen."""

        def connected_instances() -> list[Any] | None:
            instances = self.instances()
            return instances if len(instances) == count and all(i["agentConnected"] for i in instances) else None

        return eventually(connected_instances, f"{count} instances are connected") or []

    def register(self, **identity: str) -> str:
        """One more instance, registered as an agent would do it; its ARN."""
        document = {"instance_identity_document": identity} if identity else {}
        container_instance = self.aws("register-container-instance", total_resources=SIZE, **document)[
            "containerInstance"
        ]
        return str(container_instance["containerInstanceArn"])

    def leave(self, arn: str) -> None:
        """Deregister it, and wait until its tasks are gone."""
        self.ecs.deregister_container_instance(cluster=self.name, containerInstance=arn, force=True)
        eventually(lambda: all(t["lastStatus"] == "STOPPED" for t in self.here(arn, "STOPPED")), "it is empty")

    def here(self, arn: str, desired: str = "RUNNING") -> list[Any]:
        """The tasks on an instance."""
        task_arns = self.ecs.list_tasks(cluster=self.name, containerInstance=arn, desiredStatus=desired)["taskArns"]
        return list(self.ecs.describe_tasks(cluster=self.name, tasks=task_arns)["tasks"]) if task_arns else []

    def places(self, service: str) -> list[str]:
        """The instances of a service's tasks."""
        return sorted(task["containerInstanceArn"] for task in self.tasks(service))

    def bound(self, family: str, *containers: Any, mode: str = "bridge") -> str:
        """A task definition for instances; its ARN."""
        task_definition = self.ecs.register_task_definition(
            family=family, networkMode=mode, containerDefinitions=list(containers)
        )
        return str(task_definition["taskDefinition"]["taskDefinitionArn"])

    def outside(self, task: Any) -> tuple[str, int]:
        """Where a task's first port is found from this machine."""
        [instance] = [i for i in self.instances() if i["containerInstanceArn"] == task["containerInstanceArn"]]
        details = {d["name"]: d["value"] for a in instance["attachments"] for d in a["details"]}
        network_interfaces = self.installation.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[details["networkInterfaceId"]]
        )["NetworkInterfaces"]
        return network_interfaces[0]["Association"]["PublicIp"], task["containers"][0]["networkBindings"][0]["hostPort"]

    def answers(self, task: Any) -> bool:
        connection = HTTPConnection(*self.outside(task), timeout=5)
        try:
            connection.request("HEAD", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def prober(self, service: str) -> Probe:
        """The application ``probe`` of a service behind an instance."""
        (task,) = self.tasks(service)
        probe = Probe(*self.outside(task))
        eventually(probe.answers, f"{service} answers")
        return probe


@pytest.fixture(scope="module")
def hosts(make_installation) -> Hosts:
    installation: Installation = make_installation(
        "--instances", "3", "--instance-cpu", "4096", "--instance-memory", "8192"
    )
    installation.up()
    new_hosts = Hosts(installation, "default")
    new_hosts.ecs.update_cluster(cluster=new_hosts.name, serviceConnectDefaults={"namespace": "behind"})
    wait_for_instances = new_hosts.wait_for_instances(3)
    assert (
        len({a["value"] for i in wait_for_instances for a in i["attributes"] if a["name"] == "ecs.availability-zone"})
        == 3
    )
    return new_hosts


@pytest.mark.heavy
def test_a_daemon_has_a_task_on_each_instance_that_there_is(hosts):
    hosts.bound("agent", shell(SLEEPS, memory=64))
    daemon = ("--service-name", "agent", "--task-definition", "agent", "--scheduling-strategy", "DAEMON")
    service = hosts.aws("create-service", *daemon)["service"]
    assert (service["schedulingStrategy"], service["launchType"]) == ("DAEMON", "EC2")
    arns = sorted(i["containerInstanceArn"] for i in hosts.instances())
    eventually(lambda: hosts.places("agent") == arns, "one is on each")
    fourth = hosts.register()
    eventually(lambda: hosts.places("agent") == sorted([*arns, fourth]), "and on the new one")
    hosts.steady("agent")
    before = {t["taskArn"] for t in hosts.tasks("agent")}
    hosts.aws("update-service", "--service", "agent", "--force-new-deployment")
    eventually(lambda: not before & {t["taskArn"] for t in hosts.tasks("agent")}, "all were replaced")
    eventually(lambda: hosts.places("agent") == sorted([*arns, fourth]), "each on its instance")
    hosts.steady("agent")
    drained = ("--container-instances", fourth, "--status", "DRAINING")
    hosts.aws("update-container-instances-state", *drained)
    eventually(lambda: hosts.places("agent") == arns, "it left the drained one")
    assert hosts.service("agent")["desiredCount"] == 3
    assert hosts.aws("list-services", "--scheduling-strategy", "DAEMON")["serviceArns"] == [service["serviceArn"]]
    hosts.aws("delete-service", "--service", "agent")
    eventually(lambda: hosts.service("agent")["status"] == "INACTIVE", "it is gone")
    hosts.leave(fourth)


def test_an_external_instance_has_tasks(hosts):
    arn = hosts.register(instanceId="mi-0123456789abcdef0")
    hosts.wait_for_instances(4)
    hosts.bound("far", shell(SERVES.format(8080), memory=64, portMappings=[{"containerPort": 8080}]))
    asked = ("--service-name", "far", "--task-definition", "far", "--launch-type", "EXTERNAL", "--desired-count", "2")
    hosts.aws("create-service", *asked)
    hosts.steady("far")
    assert hosts.places("far") == [arn, arn]
    [alone] = hosts.aws("run-task", "--task-definition", "far", "--launch-type", "EXTERNAL")["tasks"]
    assert alone["launchType"] == "EXTERNAL"
    task = hosts.until(alone["taskArn"], "RUNNING")
    eventually(lambda: hosts.answers(task), "the task answers at its instance")
    hosts.leave(arn)
    ended = hosts.until(alone["taskArn"], "STOPPED")
    assert ended["stopCode"] == "TerminationNotice"
    assert ended["stoppedReason"] == "Host EC2 (instance mi-0123456789abcdef0) terminated."
    hosts.ecs.delete_service(cluster=hosts.name, service="far", force=True)


def test_tasks_in_an_instances_network_and_in_none(hosts):
    port = {"containerPort": 9090}
    hosts.bound("inside", shell(SERVES.format(9090), memory=64, portMappings=[port]), mode="host")
    hosts.bound("nowhere", shell("ls /sys/class/net; " + SLEEPS, memory=64), mode="none")
    ran = [
        hosts.aws("run-task", "--task-definition", family, "--launch-type", "EC2") for family in ("inside", "nowhere")
    ]
    inside, nowhere = (hosts.until(answer["tasks"][0]["taskArn"], "RUNNING") for answer in ran)
    assert inside["containers"][0]["networkBindings"][0]["hostPort"] == 9090
    eventually(lambda: hosts.answers(inside), "the task answers at its instance")
    eventually(
        lambda: hosts.output_lines(nowhere["taskArn"]) == ["lo"], "the other one has a loopback and nothing else"
    )
    for task in (inside, nowhere):
        hosts.ecs.stop_task(cluster=hosts.name, task=task["taskArn"])


def test_service_connect_reaches_and_serves_bridge_tasks(hosts):
    hosts.bound("behind-web", app("web", 8080, "http", memory=128))
    hosts.bound("behind-probe", app("probe", 8080, "http", memory=256))
    ec2 = ("--launch-type", "EC2", "--desired-count", "1")
    web = {"enabled": True, "services": [offer("web", "behind", 80)]}
    hosts.aws(
        "create-service",
        "--service-name",
        "web",
        "--task-definition",
        "behind-web",
        *ec2,
        service_connect_configuration=web,
    )
    hosts.serve("own", hosts.define("own", app("web", 8080, "http")), offer("web", "own", 80, discoveryName="own"))
    hosts.steady("web", "own")
    client = {"enabled": True}
    hosts.aws(
        "create-service", "--service-name", "probe", "--task-definition", "behind-probe", *ec2,
        service_connect_configuration=client,
    )  # fmt: skip
    hosts.steady("probe")
    inner, outer = hosts.prober("probe"), hosts.probe("outer")
    ids = {name: task_id(hosts.tasks(name)[0]["taskArn"]) for name in ("web", "own")}
    for probe, alias, target in ((inner, "behind", "web"), (inner, "own", "own"), (outer, "behind", "web")):

        def call_alias(probe: Probe = probe, alias: str = alias) -> Any:
            answer = probe.ask("http", url=f"http://{alias}/")
            return json.loads(answer["text"]) if answer.get("status") == 200 else None

        assert eventually(call_alias, f"{alias} answers")["task"] == ids[target]
    for name in ("web", "own", "probe", "outer"):
        hosts.ecs.delete_service(cluster=hosts.name, service=name, force=True)


@pytest.mark.heavy
def test_tasks_of_a_lost_instance_are_stopped_and_replaced(hosts):
    hosts.bound("kept", shell(SERVES.format(8080), memory=64, portMappings=[{"containerPort": 8080}]))
    apart = ("--placement-strategy", "type=spread,field=instanceId")
    asked = ("--service-name", "kept", "--task-definition", "kept", "--launch-type", "EC2", "--desired-count", "2")
    hosts.aws("create-service", *asked, *apart)
    hosts.steady("kept")
    victim = hosts.tasks("kept")[0]
    [instance] = [i for i in hosts.instances() if i["containerInstanceArn"] == victim["containerInstanceArn"]]
    hosts.installation.kill()
    namespaces.remove(
        RuntimePaths(hosts.installation.state).task_netns(TaskId(task_id(instance["containerInstanceArn"])))
    )
    hosts.installation.up()
    ended = hosts.until(victim["taskArn"], "STOPPED")
    assert ended["stopCode"] == "TerminationNotice"
    assert ended["stoppedReason"] == f"Host EC2 (instance {instance['ec2InstanceId']}) terminated."
    hosts.wait_for_instances(3)
    hosts.steady("kept")
    for task in hosts.tasks("kept"):
        eventually(partial(hosts.answers, task), "the task answers at its instance")
    hosts.ecs.delete_service(cluster=hosts.name, service="kept", force=True)


@pytest.mark.heavy
def test_services_are_spread_moved_away_from_an_instance_and_there_after_a_restart(hosts):
    port = {"containerPort": 8080, "hostPort": 0}
    hosts.bound("spread", shell(SERVES.format(8080), memory=256, portMappings=[port]))
    asked = ("--service-name", "spread", "--task-definition", "spread", "--desired-count", "3")
    hosts.aws("create-service", *asked, "--placement-strategy", f"type=spread,field={ZONE}")
    hosts.steady("spread")
    tasks = hosts.tasks("spread")
    assert hosts.places("spread") == sorted(i["containerInstanceArn"] for i in hosts.instances())
    for task in tasks:
        eventually(partial(hosts.answers, task), "the task answers at its instance")
    instances = json.loads(hosts.installation.moyai("status", "--json"))["clusters"][0]["instances"]
    assert [(i["status"], i["connected"], i["tasks"], i["cpu_left"]) for i in instances] == [
        ("ACTIVE", True, 1, 4096)
    ] * 3
    assert instances[0]["id"] in hosts.installation.moyai("status")
    container_instance_arn = tasks[0]["containerInstanceArn"]
    hosts.ecs.update_container_instances_state(
        cluster=hosts.name, containerInstances=[container_instance_arn], status="DRAINING"
    )
    eventually(lambda: container_instance_arn not in hosts.places("spread"), "it is given away")
    hosts.quiet("spread")
    hosts.aws("deregister-container-instance", "--container-instance", container_instance_arn)
    hosts.installation.terminate()
    hosts.installation.up()
    hosts.wait_for_instances(3)
    hosts.steady("spread")
