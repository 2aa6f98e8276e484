"""Compiling App Mesh: what golden cases don't show at a glance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.appmesh.names import AppMeshResourceType, within_mesh
from moyai.domain.appmesh.timeout import Duration, DurationUnit
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import HttpRetryEvent, HttpRetryPolicy
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import AccountId, NamespaceArn, VirtualNodeArn, WorkloadId
from moyai.mesh.app_mesh import AppMeshOptions, compile_workload, diagnostics
from moyai.mesh.app_mesh.match import sort_routes
from moyai.mesh.app_mesh.policies import retries, shortest
from moyai.mesh.ir import (
    ClientTls,
    Destination,
    EndpointGroupSource,
    MeshIR,
    SniPassthrough,
    TrustedFile,
    TrustedRoots,
    Workload,
)
from tests.golden.appmesh.certificates import authority_arn, certificate_arn
from tests.golden.appmesh.meshes import MESH, gateway_arn, node_arn, world_of

FRONT = WorkloadId(node_arn("front"))
DEFAULTS = AppMeshOptions()
SECOND = Duration(DurationUnit.SECONDS, 1)


def compile_case(case: dict[str, Any], workload: str = FRONT, settings: AppMeshOptions = DEFAULTS) -> MeshIR:
    return compile_workload(world_of(case), WorkloadId(workload), settings)


def only(part: MeshIR) -> Workload:
    (workload,) = part.workloads.values()
    return workload


def destination_of(part: MeshIR, label: str = "cds_egress_shop_color_http_8080") -> Destination:
    return part.destinations[label]


def pair(
    *, policy: dict[str, Any] | None = None, tls: dict[str, Any] | None = None, discovery: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A client with a policy, and a server with TLS."""
    listener: dict[str, Any] = {"portMapping": {"port": 8080, "protocol": "http"}}
    backend: dict[str, Any] = {"virtualServiceName": "color"}
    return {
        "virtualNodes": {
            "front": {
                "backends": [{"virtualService": backend | ({"clientPolicy": {"tls": policy}} if policy else {})}]
            },
            "color": {
                "listeners": [listener | ({"tls": tls} if tls else {})],
                "serviceDiscovery": discovery or {"dns": {"hostname": "color.shop.local"}},
            },
        },
        "virtualServices": {"color": {"provider": {"virtualNode": {"virtualNodeName": "color"}}}},
        "certificates": {"shop": "one"},
    }


FILE = {"file": {"certificateChain": "/c", "privateKey": "/k"}}
SDS = {"sds": {"secretName": "s"}}
ACM = {"acm": {"certificateArn": certificate_arn("shop")}}
GONE = {"acm": {"certificateArn": certificate_arn("gone")}}
BY_FILE = {"validation": {"trust": {"file": {"certificateChain": "/r"}}}}
BY_ACM = {"validation": {"trust": {"acm": {"certificateAuthorityArns": [authority_arn("one")]}}}}
BY_NOBODY = {"validation": {"trust": {"acm": {"certificateAuthorityArns": [authority_arn("gone")]}}}}
LOOSE = {**BY_FILE, "enforce": False}
ELSEWHERE = {**BY_FILE, "ports": [80]}
HERE = {**BY_FILE, "ports": [80, 8080]}
PLAIN, ANYBODY, SILENT = "plain", "anybody", "silent"


def protocol_of(part: MeshIR) -> str:
    """How the client speaks to the server: in plain text, to anybody, to whom a root or a file vouches for, or not."""
    found = destination_of(part)
    return SILENT if isinstance(found.source, EndpointGroupSource) else _tls(found.tls)


def _tls(tls: ClientTls | None) -> str:
    if tls is None:
        return PLAIN
    if tls.check is None:
        return ANYBODY
    match tls.check.trusted_ca:
        case TrustedFile(path):
            return path
        case TrustedRoots(roots):
            return "".join(roots).split()[-1]
    return str(tls.check.trusted_ca)


@pytest.mark.parametrize(
    ("mode", "certificate", "policy", "expected"),
    [
        # No policy, or one that asks nothing here: the client follows.
        ("", FILE, None, PLAIN),
        ("DISABLED", FILE, None, PLAIN),
        ("STRICT", FILE, None, ANYBODY),
        ("PERMISSIVE", FILE, None, ANYBODY),
        ("STRICT", SDS, None, ANYBODY),
        ("STRICT", ACM, None, "one"),
        ("PERMISSIVE", ACM, None, "one"),
        ("STRICT", GONE, None, SILENT),
        ("", FILE, LOOSE, PLAIN),
        ("DISABLED", FILE, LOOSE, PLAIN),
        ("STRICT", FILE, LOOSE, ANYBODY),
        ("STRICT", ACM, LOOSE, "one"),
        ("", FILE, ELSEWHERE, PLAIN),
        ("STRICT", FILE, ELSEWHERE, ANYBODY),
        # A policy that holds is kept to, whatever the server does.
        ("", FILE, BY_FILE, "/r"),
        ("DISABLED", FILE, BY_FILE, "/r"),
        ("STRICT", FILE, BY_FILE, "/r"),
        ("STRICT", ACM, BY_FILE, "/r"),
        ("STRICT", FILE, HERE, "/r"),
        ("STRICT", FILE, BY_ACM, "one"),
        ("", FILE, BY_ACM, "one"),
        ("STRICT", FILE, BY_NOBODY, SILENT),
        ("STRICT", ACM, BY_NOBODY, SILENT),
    ],
)
def test_the_protocol_between_client_and_server(mode, certificate, policy, expected):
    tls = {"mode": mode, "certificate": certificate} if mode else None
    part = compile_case(pair(policy=policy, tls=tls))
    assert protocol_of(part) == expected
    assert bool(part.diagnostics) == (expected == SILENT)


@pytest.mark.parametrize(
    ("discovery", "name"),
    [
        ({"dns": {"hostname": "color.shop.local"}}, "color.shop.local"),
        ({"awsCloudMap": {"namespaceName": "shop.local", "serviceName": "color"}}, "color.shop.local"),
    ],
)
def test_the_default_certificate_name_is_the_servers_discovery_name(discovery, name):
    case = pair(policy=BY_FILE, discovery=discovery) | {"cloudMap": {"shop.local": {"color": []}}}
    tls = destination_of(compile_case(case)).tls
    assert tls is not None
    assert tls.check is not None
    assert tls.check.names == (name,)


def test_a_client_without_validation_checks_no_name():
    tls = destination_of(compile_case(pair(tls={"mode": "STRICT", "certificate": ACM}))).tls
    assert tls is not None
    assert tls.check is not None
    assert tls.check.names == ()


@pytest.mark.parametrize("mode", ["STRICT", "PERMISSIVE"])
def test_a_port_without_its_certificate_is_closed_and_the_others_are_open(mode):
    case = pair(tls={"mode": mode, "certificate": GONE})
    case["virtualNodes"]["color"]["listeners"].append({"portMapping": {"port": 81, "protocol": "http"}})
    part = compile_case(case, node_arn("color"))
    assert [inbound.port for inbound in only(part).inbound] == [81]
    assert [d.subject for d in part.diagnostics] == [node_arn("color")]


@given(data=st.data())
def test_route_order_does_not_depend_on_record_order(data):
    routes = list(world_of(ROUTES).routes)
    assert sort_routes(data.draw(st.permutations(routes))) == sort_routes(routes)


def _route(match: Any, priority: int | None = None) -> dict[str, Any]:
    targets = [{"virtualNode": "n", "weight": 1}]
    said = {"httpRoute": {"match": match, "action": {"weightedTargets": targets}}}
    return said if priority is None else said | {"priority": priority}


ROUTES = {
    "routes": {
        "r": {
            f"{name}-{number}": _route(match, priority)
            for name in ("a", "b")
            for number, (match, priority) in enumerate(
                [
                    ({"prefix": "/"}, None),
                    ({"prefix": "/a"}, None),
                    ({"prefix": "/"}, 0),
                    ({"path": {"exact": "/"}}, None),
                    ({"path": {"regex": ".*"}}, None),
                    ({"prefix": "/a", "method": "GET"}, None),
                ]
            )
        }
    }
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (({"prefix": "/"}, 0), ({"path": {"exact": "/a"}}, 1)),
        (({"prefix": "/"}, 1000), ({"path": {"exact": "/a"}}, None)),
        (({"path": {"regex": "/redor.*"}}, 2), ({"prefix": "/redorgreen"}, 5)),
        (({"prefix": "/redorgreen"}, 2), ({"path": {"regex": "/redor.*"}}, 5)),
        (({"path": {"exact": "/a"}}, None), ({"path": {"regex": "/a"}}, None)),
        (({"path": {"regex": "/.*"}}, None), ({"prefix": "/very/long"}, None)),
        (({"prefix": "/ab"}, None), ({"prefix": "/a", "method": "GET"}, None)),
        (({"prefix": "/a", "method": "GET"}, None), ({"prefix": "/a"}, None)),
        (({"prefix": "/a", "queryParameters": [{"name": "q"}]}, 3), ({"prefix": "/a"}, 3)),
    ],
)
def test_routes_are_ordered_by_specificity(first, second):
    for names in ("ab", "ba"):
        case = {"routes": {"r": dict(zip(names, (_route(*first), _route(*second)), strict=True))}}
        assert [route.name for route in sort_routes(world_of(case).routes)] == list(names)


@pytest.mark.parametrize(("one", "other", "expected"), [(0, 0, 0), (0, 5, 5), (5, 0, 5), (3, 5, 3), (5, 3, 3)])
def test_shortest_ignores_missing_timeouts(one, other, expected):
    assert shortest(one, other) == expected


def test_retry_events_are_combined_without_repetition():
    policy = HttpRetryPolicy(3, SECOND, (HttpRetryEvent.GATEWAY_ERROR, HttpRetryEvent.SERVER_ERROR))
    retry_policy = retries(policy)
    assert retry_policy is not None
    assert retry_policy.status_codes == (500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511)
    assert [condition.value for condition in retry_policy.conditions] == ["reset"]
    assert (retry_policy.attempts, retry_policy.per_try_timeout, retry_policy.reselections) == (3, 1.0, 5)


def test_names_that_always_pass():
    part = compile_case(pair(), settings=AppMeshOptions(("*.amazonaws.com",)))
    name = "cds_egress_shop_amazonaws"
    assert only(part).outbound.passes == (SniPassthrough(443, ("*.amazonaws.com",), name),)
    assert part.destinations[name].label == name
    assert only(compile_case(pair())).outbound.passes == ()


def test_a_gateways_timeout_is_the_longest_of_its_targets_routes():
    routes = {"quick": _route({"prefix": "/quick"}), "slow": _route({"prefix": "/slow"})}
    routes["quick"]["httpRoute"]["timeout"] = {"perRequest": {"unit": "s", "value": 1}}
    routes["slow"]["httpRoute"]["timeout"] = {"perRequest": {"unit": "s", "value": 40}}
    case = gateway_case(routes)
    (inbound,) = only(compile_case(case, gateway_arn("edge"))).inbound
    assert [rule.timeouts.request for host in inbound.hosts for rule in host.rules] == [40]
    routes["slow"]["httpRoute"]["timeout"] = {"perRequest": {"unit": "s", "value": 0}}
    (inbound,) = only(compile_case(gateway_case(routes), gateway_arn("edge"))).inbound
    assert [rule.timeouts.request for host in inbound.hosts for rule in host.rules] == [0]


def gateway_case(routes: dict[str, Any]) -> dict[str, Any]:
    listener = {"portMapping": {"port": 8080, "protocol": "http"}}
    target = {"virtualService": {"virtualServiceName": "color"}}
    return {
        "virtualNodes": {"n": {"listeners": [listener], "serviceDiscovery": {"dns": {"hostname": "n.shop.local"}}}},
        "virtualRouters": {"r": {"listeners": [listener]}},
        "routes": {"r": routes},
        "virtualServices": {"color": {"provider": {"virtualRouter": {"virtualRouterName": "r"}}}},
        "virtualGateways": {"edge": {"listeners": [listener]}},
        "gatewayRoutes": {"edge": {"all": {"httpRoute": {"match": {"prefix": "/"}, "action": {"target": target}}}}},
    }


def test_a_missing_workload_compiles_to_nothing():
    assert compile_workload(world_of({}), FRONT) == MeshIR()


def test_diagnostics_are_unique():
    case = pair(tls={"mode": "STRICT", "certificate": GONE})
    case["virtualNodes"]["back"] = case["virtualNodes"]["front"]
    said = diagnostics(world_of(case))
    assert len(said) == len(set(said)) == 2
    assert {one.subject for one in said} == {node_arn("color")}


def test_another_account_s_virtual_node_is_found_in_its_own_cloud_map():
    case = pair(discovery={"awsCloudMap": {"namespaceName": "shop.local", "serviceName": "color"}})
    world = world_of(case | {"cloudMap": {"shop.local": {"color": [{"AWS_INSTANCE_IPV4": "172.31.0.1"}]}}})
    node = world.virtual_nodes[node_arn("color")]
    other = VirtualNodeArn(within_mesh(MESH, AccountId("999999999999"), AppMeshResourceType.VIRTUAL_NODE, "color"))
    world.apply(Delete(VirtualNode, node.arn))
    world.apply(Put(replace(node, arn=other)))
    part = compile_workload(world, FRONT)
    assert [d.subject for d in part.diagnostics] == [other]
    (service,) = world.discovery_services
    namespace = world.namespaces[service.namespace]
    moved = replace(namespace, arn=NamespaceArn(namespace.arn.replace("123456789012", "999999999999")))
    world.apply(Put(moved))
    world.apply(Put(replace(service, namespace=moved.arn)))
    part = compile_workload(world, FRONT)
    assert [member.address for group in part.groups.values() for member in group.members] == ["172.31.0.1"]
