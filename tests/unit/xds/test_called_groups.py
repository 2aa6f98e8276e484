"""The weights of zones: what Envoy's zone-aware routing gives callers of one zone, for many callers in one Envoy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    FrontListener,
    HttpFront,
    InboundPort,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    Protocol,
    RouteRule,
    RouteRules,
    ServiceAddress,
    TimeoutPolicy,
    VirtualHost,
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


def rules_for(service: str) -> RouteRules:
    return RouteRules((RouteRule((WeightedDestination(service),), TIMEOUTS),))


def outbound_to(service: str) -> OutboundView:
    return OutboundView((ServiceAddress("127.255.0.1", 80, service),))


def mesh(endpoints: str, peers: str = "ab", zone_aware_from: int = 4) -> MeshIR:
    outbound = outbound_to("web")
    callers = [
        Workload(WorkloadId(f"task/{zone}"), zone, 15000, 15001, outbound=outbound, peers="peers") for zone in "ab"
    ]
    return MeshIR(
        workloads={caller.id: caller for caller in callers},
        services={"web": MeshService("web", Protocol.HTTP, rules_for("web"), "egress.web")},
        destinations={
            "web": Destination("web", EndpointGroupSource("web"), Protocol.HTTP, 1, zone_aware_from=zone_aware_from)
        },
        groups={"web": group(endpoints), "peers": group(peers, "peers")},
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


@pytest.mark.parametrize("after", [mesh("aab"), mesh("abbb"), mesh("aabb", "abbb"), mesh("aabb", zone_aware_from=6)])
def test_variants_follow_the_endpoints_the_peers_and_the_threshold(after):
    groups = CalledGroups()
    before = groups.add_to(mesh("aabb"))
    changed = groups.add_to(after)
    assert changed == CalledGroups().add_to(after)
    assert changed.groups != before.groups


GATEWAY_PORT = InboundPort(
    80, Protocol.HTTP, TIMEOUTS, 1.0, "in", hosts=(VirtualHost("all", ("*",), rules_for("api").rules),)
)
FRONT = FrontListener("front", (), HttpFront("api", 60, 3600, "localhost", "moyai"))


@pytest.mark.parametrize(
    ("difference", "variants"),
    [
        ({}, {"web from a peers"}),
        ({"zone": "b"}, {"web from a peers", "web from b peers"}),
        ({"peers": "others"}, {"web from a peers", "web from a others"}),
        ({"network": "subnet"}, {"web from a peers", "web from a peers subnet"}),
        ({"outbound": outbound_to("api")}, {"web from a peers", "api from a peers"}),
        ({"inbound": (GATEWAY_PORT,)}, {"web from a peers", "api from a peers"}),
        ({"listeners": (FRONT,)}, {"web from a peers", "api from a peers"}),
    ],
)
def test_callers_that_call_something_else_or_from_elsewhere_have_variants_of_their_own(difference, variants):
    first_caller = Workload(WorkloadId("task/one"), "a", 15000, 15001, outbound=outbound_to("web"), peers="peers")
    second_caller = replace(first_caller, id=WorkloadId("task/other"), **difference)
    names = ("web", "api")
    shard = MeshIR(
        workloads={first_caller.id: first_caller, second_caller.id: second_caller},
        services={name: MeshService(name, Protocol.HTTP, rules_for(name), f"egress.{name}") for name in names},
        destinations={n: Destination(n, EndpointGroupSource(n), Protocol.HTTP, 1, zone_aware_from=4) for n in names},
        groups={name: group("aabb", name) for name in names},
        hosted=frozenset({first_caller.id, second_caller.id}),
    )
    assert {name for name in CalledGroups().add_to(shard).groups if " from " in name} == variants
