from __future__ import annotations

from moyai.domain.elb.front import front_proxy, front_sandbox, front_workload, vpc_of_front
from moyai.kernel.ids import TaskArn, VpcId

VPC = VpcId("vpc-0a1b2c3d4e5f60718")


def test_a_sandbox_is_named_like_a_tasks() -> None:
    assert len(front_sandbox(VPC)) == len("0123456789abcdef0123456789abcdef")
    assert int(front_sandbox(VPC), 16)


def test_each_vpc_has_a_front_proxy_of_its_own() -> None:
    assert front_sandbox(VPC) != front_sandbox(VpcId("vpc-1"))
    assert front_workload(VPC) == "front/vpc-0a1b2c3d4e5f60718"
    assert front_proxy(VPC) == front_workload(VPC)


def test_the_vpc_of_a_front_is_found_by_its_name() -> None:
    assert vpc_of_front(front_proxy(VPC)) == VPC
    assert vpc_of_front(TaskArn("arn:aws:ecs:eu-west-1:1:task/demo/1")) is None
