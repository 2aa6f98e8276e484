"""The weights of zones: what Envoy's zone-aware routing gives callers of one zone, for many callers in one Envoy."""

from __future__ import annotations

import pytest

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    Protocol,
    RouteRule,
    RouteRules,
    ServiceAddress,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.xds.server.called_groups import CalledGroups, zone_weights
from moyai.xds.server.endpoint_history import EndpointIndex
from moyai.xds.server.host import HostedWorkloads
from moyai.xds.server.resource import ResourceType

TIMEOUTS = TimeoutPolicy(15, 300)


def group(zones: str, name: str = "web") -> EndpointGroup:
    """A member for each letter, which is its zone."""
    return EndpointGroup(name, tuple(Member(zone, f"10.0.0.{i}", 80) for i, zone in enumerate(zones, 1)))


@pytest.mark.parametrize(
    ("endpoints", "callers", "weights"),
    [
        ("aabb", "ab", {"a": 10_000}),
        ("aab", "abb", {"a": 10_000}),
        ("abbb", "ab", {"a": 5_000, "b": 5_000}),
        ("abbc", "abc", {"a": 7_500, "b": 2_500}),
        ("bbcc", "ab", {"b": 2, "c": 2}),
        ("ab", "bb", {"a": 1, "b": 1}),
        ("", "ab", {}),
    ],
)
def test_the_callers_zone_gets_what_keeps_the_load_even(endpoints, callers, weights):
    assert dict(zone_weights(group(endpoints), group(callers), "a", at_least=2)) == weights


def test_with_fewer_endpoints_than_asked_for_each_gets_the_same():
    assert dict(zone_weights(group("aab"), group("ab"), "a", at_least=4)) == {"a": 2, "b": 1}


def mesh(endpoints: str) -> MeshIR:
    routing = RouteRules((RouteRule((WeightedDestination("web"),), TIMEOUTS),))
    outbound = OutboundView((ServiceAddress("127.255.0.1", 80, "web"),))
    callers = [
        Workload(WorkloadId(f"task/{zone}"), zone, 15000, 15001, outbound=outbound, peers="peers") for zone in "ab"
    ]
    return MeshIR(
        workloads={caller.id: caller for caller in callers},
        services={"web": MeshService("web", Protocol.HTTP, routing, "egress.web")},
        destinations={"web": Destination("web", EndpointGroupSource("web"), Protocol.HTTP, 1, zone_aware_from=4)},
        groups={"web": group(endpoints), "peers": group("ab", "peers")},
        hosted=frozenset(caller.id for caller in callers),
    )


def test_callers_of_each_zone_have_endpoints_of_their_own():
    hosted = HostedWorkloads(EndpointIndex())
    hosted.is_complete = True
    hosted.update(mesh("aabb"), "shop")
    snapshot = hosted.snapshot()
    assert snapshot is not None
    assert set(snapshot[ResourceType.ENDPOINT]) == {"egress/web from a peers", "egress/web from b peers"}
    hosted.update(mesh("aab"), "shop")
    changed = hosted.snapshot()
    assert changed is not None
    assert changed[ResourceType.ENDPOINT].keys() == snapshot[ResourceType.ENDPOINT].keys()
    assert changed[ResourceType.ENDPOINT] != snapshot[ResourceType.ENDPOINT]


def test_groups_that_are_equal_stay_the_same_objects():
    groups = CalledGroups()
    before = groups.add_to(mesh("aabb"))
    after = groups.add_to(mesh("aabb"))
    names = {name for name in after.groups if " from " in name}
    assert len(names) == 2
    assert all(after.groups[name] is before.groups[name] for name in names)
