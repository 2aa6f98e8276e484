"""How long CloudFormation takes: stacks of 50 and of 500 resources, beside moto_server; and 50 resources, among them
services, from the moment at which these are steady.

Run by `make bench`, or by hand: `.venv/bin/python bench/stacks.py [PATH OF moto_server]`. CloudFormation needs more of
moto than `.venv` has: `python3 -m venv /tmp/moto && /tmp/moto/bin/pip install 'moto[server]'` puts it where it is
looked for; without it moyai's numbers are printed alone. No number here is a test. Both servers are given
the same templates by the same calls, in turns inside one run. The resources are log groups and parameters, which are
ready when their creation was answered, so what is measured is the engine's own time. moto_server creates within the
request, keeps nothing on a disk and records no steps; it can't execute this change set.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from peers import moto
from rig.report import show
from rig.server import Server, server, steady, wait_until

SIZES: Final = (50, 500)
ROUNDS: Final = 3
SERVICES: Final = 8
MOTO: Final = Path("/tmp/moto/bin/moto_server")  # noqa: S108 (it is only looked for there)
LOOK: Final = 0.02
"""Seconds between two looks at a stack."""


def template(size: int, days: int) -> str:
    """As many log groups as parameters that have their names."""
    resources: dict[str, Any] = {}
    for number in range(size // 2):
        resources[f"Logs{number}"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}}
        resources[f"Name{number}"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"p{number}", "Type": "String", "Value": {"Ref": f"Logs{number}"}},
        }
    return json.dumps({"Resources": resources}, separators=(",", ":"))


def with_services(cluster: str, subnets: list[str]) -> str:
    """Fifty resources: a cluster, a task definition, services, a parameter with the name of each, and others."""
    size = {"Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc"}
    task = {**size, "ContainerDefinitions": [{"Name": "app", "Image": "moyai.local/host"}]}
    network = {"AwsvpcConfiguration": {"Subnets": subnets}}
    resources: dict[str, Any] = {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": cluster}},
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task},
    }
    for number in range(SERVICES):
        resources[f"Service{number}"] = {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "DesiredCount": 1,
                "NetworkConfiguration": network,
            },
        }
        resources[f"ServiceName{number}"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::GetAtt": [f"Service{number}", "Name"]}},
        }
    others = json.loads(template(50 - len(resources), 7))["Resources"]
    return json.dumps({"Resources": resources | others})


def wait_for_stack(client: Any, name: str) -> None:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Return when the stack's operation is complete."""
    statuses = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    wait_until(lambda: client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] in statuses, name, step=LOOK)


def timed(work: Callable[[], object]) -> float:
    """The seconds that something takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def measure(target: Server, size: int, number: int, *, executes: bool) -> dict[str, float]:
    """Create a stack, describe a change of all its resources, execute it where that is done, and delete the stack."""
    client, name = target.client("cloudformation"), f"stack-{size}-{number}"
    change = {"StackName": name, "ChangeSetName": "change"}

    def create() -> None:
        client.create_stack(StackName=name, TemplateBody=template(size, 7))
        wait_for_stack(client, name)

    def change_set() -> None:
        client.create_change_set(**change, TemplateBody=template(size, 14))
        client.describe_change_set(**change)

    def execute() -> None:
        client.execute_change_set(**change)
        wait_for_stack(client, name)

    def delete() -> None:
        delete_stack(client, name)

    works = (create, change_set, execute, delete) if executes else (create, change_set, delete)
    return {work.__name__: timed(work) for work in works}


def delete_stack(client: Any, name: str) -> None:  # noqa: ANN401
    """Return when the stack is gone, which only its id finds then."""
    stack = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name)

    def is_gone() -> bool:
        return bool(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE")

    wait_until(is_gone, f"{name} is gone", step=LOOK)


def after_steady(target: Server, number: int) -> float:
    """The seconds from when the last service of a new stack is steady until the stack is complete."""
    client, ecs, name = target.client("cloudformation"), target.client("ecs"), f"services-{number}"
    subnets = [subnet["SubnetId"] for subnet in target.client("ec2").describe_subnets()["Subnets"]]
    client.create_stack(StackName=name, TemplateBody=with_services(name, subnets))

    def are_steady() -> bool:
        if name not in "".join(ecs.list_clusters()["clusterArns"]):
            return False
        services = ecs.list_services(cluster=name)["serviceArns"]
        return len(services) == SERVICES and steady(ecs, name, services)

    wait_until(are_steady, "the services are steady", step=LOOK)
    seconds = timed(lambda: wait_for_stack(client, name))
    delete_stack(client, name)
    return seconds


def main(arguments: list[str]) -> None:
    """All of it, in turns."""
    program = arguments[0] if arguments else str(MOTO) if MOTO.exists() else None
    with ExitStack() as servers:
        targets = {} if program is None else {"moto_server": servers.enter_context(moto(program))}
        ours = targets["moyai"] = servers.enter_context(server("--runtime", "sim"))
        for size in SIZES:
            samples: dict[str, dict[str, list[float]]] = {}
            for number in range(ROUNDS):
                for name, target in targets.items():
                    for work, seconds in measure(target, size, number, executes=target is ours).items():
                        samples.setdefault(work, {}).setdefault(name, []).append(seconds)
            for work, seconds_by_name in samples.items():
                show(f"{work}, {size} resources", "s", seconds_by_name, base=next(iter(seconds_by_name)))
        waits = [after_steady(ours, number) for number in range(ROUNDS)]
        show("50 resources, complete after services are steady", "s", {"moyai": waits})


if __name__ == "__main__":
    main(sys.argv[1:])
