"""A template in the form of App Mesh's walkthroughs: a mesh, its ECS services, and load balancers as its entrances."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.e2e.appmesh.stage import ENVOY_IMAGE
from tests.e2e.balancers import get
from tests.e2e.installation import Installation
from tests.e2e.stack import APPS
from tests.e2e.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]
NAME = "walkthrough"
TEMPLATE = Path(__file__).parent / "templates" / "ingress.yaml"
ENDED = {"CREATE_COMPLETE", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


def test_a_mesh_behind_load_balancers_is_created_from_its_template_and_answers(server: Installation):
    cfn, ec2 = server.client("cloudformation"), server.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    values = {
        "ProjectName": NAME,
        "Domain": f"{NAME}.local",
        "EnvoyImage": ENVOY_IMAGE,
        "AppImage": APPS,
        "VpcId": subnets[0]["VpcId"],
        "Subnets": ",".join(subnet["SubnetId"] for subnet in subnets[:2]),
    }
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    cfn.create_stack(
        StackName=NAME, TemplateBody=TEMPLATE.read_text(), Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )

    def is_over() -> bool:
        return cfn.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"] in ENDED

    eventually(is_over, "the stack is created or has failed", patience=4 * PATIENCE)
    (stack,) = cfn.describe_stacks(StackName=NAME)["Stacks"]
    events = cfn.describe_stack_events(StackName=NAME)["StackEvents"]
    failures = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"].endswith("FAILED")]
    assert (stack["StackStatus"], failures) == ("CREATE_COMPLETE", [])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    for balancer in (outputs["Balancer"], outputs["WebBalancer"]):
        nodes = [{"Name": "description", "Values": [f"ELB {balancer.partition(':loadbalancer/')[2]}"]}]
        interfaces = ec2.describe_network_interfaces(Filters=nodes)["NetworkInterfaces"]
        assert len(interfaces) == 2  # one for each subnet of the load balancer
        for interface in interfaces:
            status, body = eventually(partial(get, interface["Association"]["PublicIp"], "/color/"), "the mesh answers")
            assert (status, "task" in body) == (200, True)
    cfn.delete_stack(StackName=NAME)

    def is_deleted() -> bool:
        (deleted,) = cfn.describe_stacks(StackName=stack["StackId"])["Stacks"]
        return bool(deleted["StackStatus"] == "DELETE_COMPLETE")

    eventually(is_deleted, "the stack is deleted", patience=4 * PATIENCE)
