"""This machine as container instances: registered once, over any number of restarts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.cluster import MOST_INSTANCES
from moyai.domain.ecs.container_instance import ContainerInstanceStatus, Resources, VersionInfo
from moyai.domain.world import Put
from moyai.kernel.ids import ClusterArn
from moyai.plan.capacity.registration import (
    ContainerInstanceRequest,
    Machine,
    RegistrationImpossible,
    new_container_instance,
    register_machine,
)
from moyai.testing.world import SCOPE, Builder, PlainBook

SIZE = Resources(cpu=1024, memory=2048)


@pytest.fixture
def builder():
    return Builder(PlainBook())


def machine(builder, count, resources=SIZE):
    cluster = ClusterArn(f"arn:aws:ecs:{SCOPE.region}:{SCOPE.account}:cluster/default")
    return Machine(cluster, count, resources, "x86_64", VersionInfo("1"))


def settle(builder, wanted):
    changes = 0
    while found_machine := register_machine(builder.world, wanted, builder.clock.now(), builder.ids):
        builder.book.apply(found_machine)
        changes += 1
        assert changes < 20
    return changes


def present_instances(builder):
    return [i for i in builder.world.container_instances if not i.gone]


def test_three_instances_in_three_zones_and_their_cluster(builder):
    settle(builder, machine(builder, 3))
    assert [c.name for c in builder.world.clusters] == ["default"]
    assert sorted(i.availability_zone for i in present_instances(builder)) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert len({i.interface.address for i in present_instances(builder)}) == 3
    assert settle(builder, machine(builder, 3)) == 0


def test_instances_are_added_never_removed_and_registered_again(builder):
    settle(builder, machine(builder, 2))
    assert settle(builder, machine(builder, 3)) == 1
    assert settle(builder, machine(builder, 1)) == 0
    gone_instance = replace(present_instances(builder)[0], status=ContainerInstanceStatus.INACTIVE)
    builder.book.apply([Put(gone_instance)])
    settle(builder, machine(builder, 3))
    assert len(present_instances(builder)) == 3
    assert len(builder.world.container_instances) == 4


def test_a_changed_size_updates_existing_instances(builder):
    settle(builder, machine(builder, 2))
    settle(builder, machine(builder, 2, Resources(cpu=512, memory=1024)))
    assert {i.resources.cpu for i in present_instances(builder)} == {512}
    assert {i.version for i in present_instances(builder)} == {2}


def test_the_instances_of_a_cluster_are_limited(builder):
    cluster = builder.cluster()
    for _ in range(MOST_INSTANCES):
        builder.book.apply(
            [
                Put(
                    new_container_instance(
                        builder.world, ContainerInstanceRequest(cluster, SIZE), builder.clock.now(), builder.ids
                    )
                )
            ]
        )
    with pytest.raises(RegistrationImpossible, match="at most"):
        new_container_instance(builder.world, ContainerInstanceRequest(cluster, SIZE), builder.clock.now(), builder.ids)
