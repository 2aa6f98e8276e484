"""awsvpcConfiguration: any subnets and groups of the account, all of one VPC."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import GROUP, SUBNETS, service
from tests.unit.plan.nets import OTHER, Nets


@pytest.fixture
def nets(shop) -> Nets:
    """``vpc-a`` of the account, and ``vpc-b`` of another one."""
    new_nets = Nets(shop.store)
    new_nets.vpc("a", 1)
    new_nets.vpc("b", 2, OTHER)
    shop.definition()
    return new_nets


def network(*subnets: str, groups: tuple[str, ...] = ()) -> dict[str, object]:
    params = {"subnets": list(subnets), "securityGroups": list(groups)}
    return {"networkConfiguration": {"awsvpcConfiguration": params}}


def test_a_service_runs_in_a_custom_vpc(shop, nets):
    new_service = shop.service(**network("subnet-a", groups=("sg-a",)))
    awsvpc_configuration = new_service["networkConfiguration"]["awsvpcConfiguration"]
    assert (awsvpc_configuration["subnets"], awsvpc_configuration["securityGroups"]) == (["subnet-a"], ["sg-a"])
    run = shop.call("RunTask", taskDefinition="web", **network("subnet-a"))
    details = {detail["name"]: detail["value"] for detail in run["tasks"][0]["attachments"][0]["details"]}
    assert details["subnetId"] == "subnet-a"
    assert shop.world.tasks[run["tasks"][0]["taskArn"]].interface.address == "10.1.1.4"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (network("subnet-a", SUBNETS[0]), "subnets must belong to the same VPC: subnet-a (vpc-a)"),
        (network("subnet-a", groups=(GROUP,)), "does not appear to belong to the same VPC as the input subnets"),
        (network("subnet-b"), "The subnet ID 'subnet-b' does not exist"),
        (network("subnet-a", groups=("sg-b",)), "The security group 'sg-b' does not exist"),
    ],
)
def test_subnets_and_groups_of_different_vpcs_are_refused(shop, nets, asked, message):
    shop.fails("CreateService", "InvalidParameterException", message, **(service() | asked))
    shop.fails("RunTask", "InvalidParameterException", message, taskDefinition="web", **asked)
