"""The default VPC before and after it is written down, and what is found in VPCs."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.queries.vpc import (
    all_in_scope,
    all_in_vpc,
    attached_internet_gateway,
    default_security_group,
    default_vpc_of,
    find_in_scope,
    main_route_table,
    route_table_of,
    store_default_vpc,
)
from moyai.domain.vpc.default import availability_zones, default_vpc
from moyai.domain.vpc.gateway import InternetGateway
from moyai.domain.vpc.peering import PEERING_TRANSITIONS, PeeringSide, PeeringStatus, VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import DefaultVpc, Subnet, Vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope

HERE = Scope(AccountId("123456789012"), Region("us-east-1"))
THERE = Scope(AccountId("123456789012"), Region("eu-west-1"))
OWN = default_vpc(HERE)
KINDS: tuple[Any, ...] = (Vpc, Subnet, SecurityGroup, RouteTable, InternetGateway)


def stored_world() -> World:
    world = World()
    for change in store_default_vpc(world, HERE):
        world.apply(change)
    return world


def visible_resources(world: World) -> list[object]:
    """All that can be asked about the default VPC."""
    everything: list[object] = [list(all_in_scope(world, kind, HERE)) for kind in KINDS]
    everything += [list(all_in_vpc(world, kind, HERE, OWN.id)) for kind in KINDS[1:]]
    everything += [find_in_scope(world, kind, HERE, part.id) for kind in KINDS for part in OWN.parts]
    everything += [
        default_vpc_of(world, HERE),
        default_security_group(world, HERE, OWN.id),
        main_route_table(world, HERE, OWN.id),
    ]
    return [
        *everything,
        attached_internet_gateway(world, HERE, OWN.id),
        route_table_of(world, HERE, OWN.id, OWN.subnets[0].id),
    ]


def test_storing_the_default_vpc_changes_nothing_visible():
    assert visible_resources(stored_world()) == visible_resources(World())
    assert store_default_vpc(stored_world(), HERE) == []


def test_resources_of_one_scope_are_not_found_in_another():
    for world in (World(), stored_world()):
        assert find_in_scope(world, Vpc, THERE, OWN.id) is None
        assert find_in_scope(world, Subnet, THERE, OWN.subnets[0].id) is None
        assert list(all_in_vpc(world, Subnet, THERE, OWN.id)) == []


def test_a_deleted_default_vpc_stays_deleted():
    world = stored_world()
    for part in OWN.parts:
        world.apply(Delete(type(part), part.id))
    world.apply(Put(DefaultVpc(HERE, None)))
    assert default_vpc_of(world, HERE) is None
    assert [list(all_in_scope(world, kind, HERE)) for kind in KINDS] == [[]] * len(KINDS)


@pytest.mark.parametrize("status", PeeringStatus)
def test_a_deleted_peering_is_listed_for_a_while(status):
    sides: Any = [PeeringSide(scope, OWN.id, OWN.vpc.cidr) for scope in (HERE, THERE)]
    identity: Any = "pcx-1"
    peering = VpcPeering(identity, sides[0], sides[1], status, "", Instant(0), Instant(0))
    assert peering.visible(Instant(3600))
    assert peering.visible(Instant(10 * 24 * 3600)) is peering.open
    assert peering.open is bool(PEERING_TRANSITIONS[status])


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("us-east-1", "use1-az1"),
        ("ap-northeast-1", "apne1-az1"),
        ("local", "local-az1"),
        ("0", "0-az1"),
        ("a--", "a-az1"),
    ],
)
def test_any_name_of_a_region_has_zones(region, zone):
    assert availability_zones(Scope(AccountId("123456789012"), Region(region)))[0].id == zone
