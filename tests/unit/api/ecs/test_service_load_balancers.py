"""Load balancers of services through the API: what is kept, what starts a deployment, what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.elb.target_group import TargetType
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.vpc import Ipv6Range
from moyai.kernel.ids import VpcId
from moyai.testing.load_balancers import listener, put_group_behind_listener, rule, target_group
from tests.unit.api.ecs.client import SCOPE, SUBNETS, service

GROUP_ARN = target_group(SCOPE, "a").arn
OTHER = target_group(SCOPE, "b")
PRODUCTION = rule(listener(SCOPE), GROUP_ARN, OTHER.arn, priority=1)
TEST = rule(listener(SCOPE, 8080), OTHER.arn, priority=1)
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}


def balancer(**changes):
    """The target group ``a`` with the task definition's port."""
    return {"targetGroupArn": GROUP_ARN, "containerName": "app", "containerPort": 8080} | changes


def traffic_shift(**changes):
    """The configuration of a blue/green deployment between the groups ``a`` and ``b``."""
    rules = {"alternateTargetGroupArn": OTHER.arn, "productionListenerRule": PRODUCTION.arn}
    return rules | {"testListenerRule": TEST.arn, "roleArn": "arn:aws:iam::123456789012:role/ecs"} | changes


@pytest.fixture
def balanced_shop(shop):
    """A shop with the target group ``a`` behind a listener."""
    shop.put(*(change.record for change in put_group_behind_listener(SCOPE, "a")))
    return shop


@pytest.fixture
def shifting_shop(balanced_shop):
    """With the group ``b`` and two rules, too."""
    balanced_shop.put(OTHER, PRODUCTION, TEST)
    return balanced_shop


def test_load_balancers_are_described_and_pinned_to_the_deployment(balanced_shop):
    assert balanced_shop.service(loadBalancers=[balancer()])["loadBalancers"] == [balancer()]
    (described,) = balanced_shop.call("DescribeServices", services=["web"])["services"]
    assert described["loadBalancers"] == [balancer()]
    revision = described["currentServiceRevisions"][0]["arn"]
    (described_revision,) = balanced_shop.call("DescribeServiceRevisions", serviceRevisionArns=[revision])[
        "serviceRevisions"
    ]
    assert described_revision["loadBalancers"] == [balancer()]


def test_a_target_group_of_ipv6_needs_subnets_that_have_it(balanced_shop):
    balanced_shop.put(replace(target_group(SCOPE, "a"), ip_address_type="ipv6"))
    message = (
        f"The target group {GROUP_ARN} has IP address type ipv6, and the subnet {SUBNETS[0]} has no IPv6 CIDR block."
    )
    requested = service(loadBalancers=[balancer()])
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)


def test_a_target_group_of_ipv6_needs_tasks_that_get_addresses_of_it(balanced_shop):
    ipv6 = Ipv6Range("subnet-cidr-assoc-1", "fd00::/64")
    subnets = (replace(subnet, ipv6=ipv6) for subnet in default_vpc(SCOPE).subnets)
    balanced_shop.put(*subnets, replace(target_group(SCOPE, "a"), ip_address_type="ipv6"))
    requested = service(loadBalancers=[balancer()])
    balanced_shop.call("PutAccountSettingDefault", name="dualStackIPv6", value="disabled")
    message = (
        f"The target group {GROUP_ARN} has IP address type ipv6, and the account setting dualStackIPv6 is disabled, so"
        " that tasks get no IPv6 addresses. Enable it first."
    )
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)
    balanced_shop.call("PutAccountSettingDefault", name="dualStackIPv6", value="enabled")
    balanced_shop.call("CreateService", **requested)
    balanced_shop.call("PutAccountSettingDefault", name="dualStackIPv6", value="disabled")
    balanced_shop.fails("UpdateService", "InvalidParameterException", message, service="web", forceNewDeployment=True)


def test_other_load_balancers_start_a_deployment_and_equal_ones_do_not(balanced_shop):
    balanced_shop.service(loadBalancers=[balancer()])

    def deployments(**changes):
        return len(balanced_shop.call("UpdateService", service="web", **changes)["service"]["deployments"])

    assert deployments(loadBalancers=[balancer()]) == 1
    assert deployments(loadBalancers=[]) == 2
    assert deployments(loadBalancers=[balancer()]) == 3


def test_the_alternate_group_and_the_rules_are_kept(shifting_shop):
    params = balancer(advancedConfiguration=traffic_shift())
    made = shifting_shop.service(loadBalancers=[params], deploymentConfiguration=BLUE_GREEN)
    assert made["loadBalancers"] == [params]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"containerName": "db"}, "The container db does not exist in the task definition."),
        ({"containerPort": 1}, "The container app did not have a container port 1 defined."),
        ({"targetGroupArn": GROUP_ARN + "0"}, "was not found. Create it first."),
        ({"targetGroupArn": "tg"}, "The format of the supplied target group ARN is invalid: tg."),
        ({"targetGroupArn": ""}, "needs a targetGroupArn"),
        ({"loadBalancerName": "lb"}, "there are no Classic Load Balancers"),
        (
            {"advancedConfiguration": {"alternateTargetGroupArn": GROUP_ARN, "productionListenerRule": "r"}},
            f"Duplicate targetGroupArn found: {GROUP_ARN}",
        ),
    ],
)
def test_a_load_balancer_has_a_target_group_and_a_mapped_port(balanced_shop, changes, message):
    requested = service(loadBalancers=[balancer(**changes)])
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)


def test_a_target_group_needs_a_listener_when_the_service_is_created(shop):
    shop.put(target_group(SCOPE, "a"))
    message = f"The target group with targetGroupArn {GROUP_ARN} does not have an associated load balancer."
    shop.fails("CreateService", "InvalidParameterException", message, **service(loadBalancers=[balancer()]))


def test_a_target_group_fits_the_network_mode_and_the_vpc(balanced_shop):
    group = balanced_shop.world.target_groups[GROUP_ARN]
    requested = service(loadBalancers=[balancer()])
    balanced_shop.put(replace(group, target_type=TargetType.INSTANCE))
    message = "has target type instance, which is incompatible with the awsvpc network mode"
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)
    balanced_shop.put(replace(group, vpc=VpcId("vpc-other")))
    message = f"is in vpc-other, and the subnet {SUBNETS[0]} in"
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)


def test_a_service_has_five_target_groups_at_most_and_each_once(balanced_shop):
    twice = service(loadBalancers=[balancer(), balancer()])
    balanced_shop.fails(
        "CreateService", "InvalidParameterException", f"Duplicate targetGroupArn found: {GROUP_ARN}", **twice
    )
    six = service(loadBalancers=[balancer()] * 6)
    balanced_shop.fails("CreateService", "InvalidParameterException", "load balancers can have at most 5 items.", **six)


def test_a_role_is_for_tasks_without_an_interface_of_their_own(balanced_shop):
    requested = service(loadBalancers=[balancer()], role="ecsServiceRole")
    message = "You cannot specify an IAM role for services that require a service linked role."
    balanced_shop.fails("CreateService", "InvalidParameterException", message, **requested)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (None, "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING"),
        (traffic_shift(productionListenerRule="rule"), "productionListenerRule has an invalid ARN format."),
        (traffic_shift(testListenerRule="rule"), "testListenerRule has an invalid ARN format."),
        (traffic_shift(testListenerRule=PRODUCTION.arn), "cannot be used as both production and test listener rules"),
        (traffic_shift(alternateTargetGroupArn=OTHER.arn + "0"), "was not found. Create it first."),
    ],
)
def test_a_shift_of_traffic_needs_rules_that_exist(shifting_shop, configuration, message):
    params = balancer() if configuration is None else balancer(advancedConfiguration=configuration)
    requested = service(loadBalancers=[params], deploymentConfiguration=BLUE_GREEN)
    shifting_shop.fails("CreateService", "InvalidParameterException", message, **requested)


def test_a_production_rule_without_the_alternate_group_needs_a_test_rule(shifting_shop):
    shifting_shop.put(rule(listener(SCOPE), GROUP_ARN, priority=1))
    params = {key: value for key, value in traffic_shift().items() if key != "testListenerRule"}
    requested = service(loadBalancers=[balancer(advancedConfiguration=params)], deploymentConfiguration=BLUE_GREEN)
    shifting_shop.fails("CreateService", "InvalidParameterException", "testListenerRule is required when", **requested)
