"""Tags of the resources of all services at once."""

from __future__ import annotations

import pytest

from moyai.domain.vpc.default import default_vpc
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code


@pytest.fixture
def tagging(installation):
    return installation.client("resourcegroupstaggingapi")


@pytest.fixture
def arns(installation):
    """A cluster, a log group and a secret, each with the tag ``team``."""
    cluster = installation.client("ecs").create_cluster(clusterName="a", tags=[{"key": "team", "value": "shop"}])
    installation.client("logs").create_log_group(logGroupName="web", tags={"team": "shop", "stage": "test"})
    secret = installation.client("secretsmanager").create_secret(Name="db", Tags=[{"Key": "team", "Value": "data"}])
    group = f"arn:aws:logs:us-east-1:{SCOPE.account}:log-group:web"
    return cluster["cluster"]["clusterArn"], group, secret["ARN"]


def resources(tagging, **filters):
    return [one["ResourceARN"] for one in tagging.get_resources(**filters)["ResourceTagMappingList"]]


def test_resources_are_found_by_their_tags_and_types(tagging, arns):
    cluster, group, secret = arns
    assert resources(tagging) == sorted(arns)
    assert resources(tagging, TagFilters=[{"Key": "team", "Values": ["shop", "none"]}]) == sorted((cluster, group))
    assert resources(tagging, TagFilters=[{"Key": "team"}, {"Key": "stage"}]) == [group]
    assert resources(tagging, ResourceTypeFilters=["ecs:cluster", "secretsmanager"]) == sorted((cluster, secret))
    assert resources(tagging, ResourceTypeFilters=["logs:log-group"]) == [group]
    assert resources(tagging, ResourceARNList=[secret]) == [secret]
    pages = tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 1})
    assert [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]] == sorted(arns)
    assert tagging.get_tag_keys()["TagKeys"] == ["stage", "team"]
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["data", "shop"]
    assert code(tagging.get_resources, PaginationToken="x") == "PaginationTokenExpiredException"


def test_resources_of_any_service_are_tagged_and_untagged(installation, tagging, ec2, arns):
    cluster, _, _ = arns
    network = default_vpc(SCOPE).id
    vpc = f"arn:aws:ec2:us-east-1:{SCOPE.account}:vpc/{network}"
    absent = cluster + "-gone"
    answer = tagging.tag_resources(ResourceARNList=[cluster, vpc, absent], Tags={"owner": "me"})
    assert {arn: failure["ErrorCode"] for arn, failure in answer["FailedResourcesMap"].items()} == {
        absent: "InvalidParameterException"
    }
    [described] = ec2.describe_vpcs(VpcIds=[network])["Vpcs"]
    assert described["Tags"] == [{"Key": "owner", "Value": "me"}]
    assert resources(tagging, TagFilters=[{"Key": "owner"}]) == sorted((cluster, vpc))
    assert tagging.untag_resources(ResourceARNList=[cluster, vpc], TagKeys=["owner"])["FailedResourcesMap"] == {}
    assert resources(tagging, TagFilters=[{"Key": "owner"}]) == []
    failed = tagging.tag_resources(ResourceARNList=[cluster], Tags={"aws:x": "y"})["FailedResourcesMap"]
    assert list(failed) == [cluster]


def test_resources_without_a_region_are_found_in_us_east_1(installation, tagging):
    tags = [{"Key": "team", "Value": "shop"}]
    installation.client("cloudwatch").put_dashboard(DashboardName="web", DashboardBody='{"widgets": []}', Tags=tags)
    route53 = installation.client("route53")
    zone = route53.create_hosted_zone(Name="shop.test", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=tags)
    dashboard = f"arn:aws:cloudwatch::{SCOPE.account}:dashboard/web"
    hosted_zone = f"arn:aws:route53:::hostedzone/{zone}"
    assert resources(tagging) == [dashboard, hosted_zone]
    assert resources(tagging, ResourceTypeFilters=["cloudwatch:dashboard"]) == [dashboard]
    assert tagging.tag_resources(ResourceARNList=[hosted_zone], Tags={"owner": "me"})["FailedResourcesMap"] == {}
    listed = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)["ResourceTagSet"]["Tags"]
    assert {"Key": "owner", "Value": "me"} in listed
