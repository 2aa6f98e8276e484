from __future__ import annotations

from ipaddress import IPv4Network

from moyai.domain.elb.front import (
    front_proxy,
    front_sandbox,
    front_workload,
    group_cluster,
    group_of_cluster,
    proxied_address,
    vpc_of_front,
)
from moyai.kernel.ids import TargetGroupArn, TaskArn, VpcId

VPC = VpcId("vpc-0a1b2c3d4e5f60718")
GROUP = TargetGroupArn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef")


def test_a_sandbox_is_named_like_a_tasks() -> None:
    assert len(front_sandbox(VPC)) == len("0123456789abcdef0123456789abcdef")
    assert int(front_sandbox(VPC), 16)


def test_each_vpc_has_a_front_proxy_of_its_own() -> None:
    assert front_sandbox(VPC) != front_sandbox(VpcId("vpc-1"))
    assert front_workload(VPC) == "front/vpc-0a1b2c3d4e5f60718"
    assert str(front_proxy(VPC)) == str(front_workload(VPC))


def test_the_vpc_of_a_front_is_found_by_its_name() -> None:
    assert vpc_of_front(front_proxy(VPC)) == VPC
    assert vpc_of_front(TaskArn("arn:aws:ecs:eu-west-1:1:task/demo/1")) is None


def test_nodes_of_the_largest_vpc_have_different_proxied_addresses() -> None:
    nodes = [str(address) for address in IPv4Network("172.31.0.0/16")]
    proxied = {proxied_address(node) for node in nodes}
    assert len(proxied) == len(nodes)
    assert proxied_address("172.31.16.4") == "240.83.16.4"


def test_the_group_of_a_cluster_is_found_by_its_name() -> None:
    assert group_of_cluster(group_cluster(GROUP)) == GROUP
    assert group_of_cluster(group_cluster(GROUP, "eu-west-1a")) == GROUP
