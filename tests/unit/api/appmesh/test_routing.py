"""Refusals of a route's or gateway route's spec, and their words: the member as it was written, and why."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.appmesh.errors import NotFound
from tests.model.appmesh_specs import ApiCall, ask
from tests.unit.api.appmesh.specs import error_message, listener

RETRY = {"maxRetries": 1, "perRetryTimeout": {"unit": "s", "value": 1}, "httpRetryEvents": ["server-error"]}


def route(kind="httpRoute", targets=None, priority=None, **more):
    match = {} if kind == "tcpRoute" else {"match": {} if kind == "grpcRoute" else {"prefix": "/"}}
    targets = targets or [{"virtualNode": "one", "weight": 1}]
    spec: dict[str, Any] = {kind: {**match, "action": {"weightedTargets": targets}, **more}}
    return spec if priority is None else {**spec, "priority": priority}


def header(**match):
    return {"match": {"prefix": "/", "headers": [{"name": "x", "match": match}]}}


ROUTES: dict[str, tuple[Any, str]] = {
    "no route": ({"priority": 1}, "spec: exactly one of httpRoute, http2Route, grpcRoute and tcpRoute"),
    "two routes": ({**route(), **route("tcpRoute")}, "spec: exactly one of"),
    "prefix and path": (
        route(match={"prefix": "/", "path": {"exact": "/"}}),
        "spec.httpRoute.match: prefix and path can't both be set",
    ),
    "a prefix": (route(match={"prefix": "a"}), "spec.httpRoute.match.prefix: it starts with /"),
    "a path of nothing": (route(match={"path": {}}), "spec.httpRoute.match.path: either exact or regex"),
    "a path of both": (route(match={"path": {"exact": "/", "regex": "/"}}), "either exact or regex"),
    "an exact path": (route(match={"path": {"exact": "a"}}), "spec.httpRoute.match.path.exact: it starts with /"),
    "a path with a line's end": (route(match={"prefix": "/\n"}), "there are control characters"),
    "look-around": (
        route(match={"path": {"regex": "/(?!a)"}}),
        "spec.httpRoute.match.path.regex: '/(?!a)' is not an expression of RE2: invalid perl operator: (?!",
    ),
    "a back-reference": (route(**header(regex=r"(a)\1")), r"headers[0].match.regex: '(a)\\1' is not an expression"),
    "too large an expression": (
        route(**header(regex="[a-z]{97}")),
        "compiles to 101 instructions, and Envoy accepts 100",
    ),
    "a range of nothing": (
        route(**header(range={"start": 2, "end": 2})),
        "spec.httpRoute.match.headers[0].match.range: start, 2, must be less than end, 2",
    ),
    "two matches": (route(**header(exact="a", prefix="b")), "Exactly one member of a union"),
    "a header's name": (
        route(match={"headers": [{"name": "a b"}]}),
        "spec.httpRoute.match.headers[0].name: 'a b' is not the name of a header",
    ),
    "a nameless parameter": (
        route(match={"queryParameters": [{"name": ""}]}),
        "spec.httpRoute.match.queryParameters[0].name: it has 1 to",
    ),
    "a parameter of more bytes than Envoy reads": (
        route(match={"queryParameters": [{"name": "ä" * 513}]}),
        "spec.httpRoute.match.queryParameters[0].name: it has 1 to 1024 bytes",
    ),
    "weights of nothing": (
        route(targets=[{"virtualNode": "one", "weight": 0}]),
        "spec.httpRoute.action.weightedTargets: one of the weights must be greater than 0",
    ),
    "weights above a hundred": (
        route(targets=[{"virtualNode": "one", "weight": 60}, {"virtualNode": "two", "weight": 41, "port": 5555}]),
        "spec.httpRoute.action.weightedTargets: the weights make 101",
    ),
    "a target twice": (
        route(targets=[{"virtualNode": "one", "weight": 60}, {"virtualNode": "one", "weight": 1}]),
        "spec.httpRoute.action.weightedTargets[1].virtualNode: one is there twice",
    ),
    "a target's port is not said": (
        route(targets=[{"virtualNode": "two", "weight": 1}]),
        "spec.httpRoute.action.weightedTargets[0].port: it must be set, since VirtualNode two has multiple listeners",
    ),
    "a target's port is not there": (
        route(targets=[{"virtualNode": "one", "weight": 1, "port": 1}]),
        "spec.httpRoute.action.weightedTargets[0].port: 1 is not the port of a listener of VirtualNode one, which has",
    ),
    "another protocol": (
        route("grpcRoute"),
        "spec.grpcRoute: a route of grpc can't be on a listener of VirtualRouter one that speaks http",
    ),
    "the router's port is not there": (route(match={"port": 1, "prefix": "/"}), "spec.httpRoute.match.port: 1 is no"),
    "no events": (
        route(retryPolicy={k: v for k, v in RETRY.items() if k != "httpRetryEvents"}),
        "spec.httpRoute.retryPolicy: there must be an event",
    ),
    "an event that is none": (
        route(retryPolicy=RETRY | {"httpRetryEvents": ["5xx"]}),
        "spec.httpRoute.retryPolicy.httpRetryEvents[0]: Invalid enum value '5xx'",
    ),
    "more retries than Envoy counts": (
        route(retryPolicy=RETRY | {"maxRetries": 2**32}),
        "spec.httpRoute.retryPolicy.maxRetries: it is at most",
    ),
    "a method without a service": (
        route("grpcRoute", match={"methodName": "Get"}),
        "spec.grpcRoute.match.methodName: it needs serviceName",
    ),
    "a service of grpc": (route("grpcRoute", match={"serviceName": "a/b"}), "'a/b' is not a name in gRPC"),
}


@pytest.mark.parametrize("case", ROUTES)
def test_invalid_routes_are_refused(store, case):
    spec, words = ROUTES[case]
    assert words in error_message(store, "CreateRoute", virtualRouterName="one", routeName="new", spec=spec)
    new_route = route(priority=3)
    ask(
        store,
        ApiCall("CreateRoute", {"meshName": "shop", "virtualRouterName": "one", "routeName": "old", "spec": new_route}),
    )
    assert words in error_message(store, "UpdateRoute", virtualRouterName="one", routeName="old", spec=spec)


def test_routes_with_equal_priority_and_match_conflict(store):
    first = {"meshName": "shop", "virtualRouterName": "one", "routeName": "first", "spec": route(priority=3)}
    ask(store, ApiCall("CreateRoute", first))
    message = error_message(store, "CreateRoute", virtualRouterName="one", routeName="second", spec=route(priority=3))
    assert message == (
        "spec.priority: first has the priority 3 and the same match; one of the two would never be reached."
    )
    other = route(priority=3, match={"prefix": "/other"})
    for name, spec in (
        ("first", route(priority=3)),
        ("third", other),
        ("fourth", route(priority=4)),
        ("fifth", route()),
    ):
        params = {"meshName": "shop", "virtualRouterName": "one", "routeName": name, "spec": spec}
        ask(store, ApiCall("UpdateRoute" if name == "first" else "CreateRoute", params))


def test_routes_of_a_router_with_several_listeners_need_a_port(store):
    message = error_message(store, "CreateRoute", virtualRouterName="two", routeName="new", spec=route())
    assert message == "Route must define a port match criteria if the Virtual Router has multiple listeners"
    message = error_message(
        store, "CreateRoute", virtualRouterName="two", routeName="new", spec=route(match={"port": 6666, "prefix": "/"})
    )
    assert "speaks grpc" in message
    vague = {"meshName": "shop", "virtualRouterName": "one", "routeName": "vague", "spec": route()}
    ask(store, ApiCall("CreateRoute", vague))
    two = [listener(), listener(9000, "tcp")]
    assert error_message(store, "UpdateVirtualRouter", virtualRouterName="one", spec={"listeners": two}) == (
        "All Routes for this Virtual Router must define a port match before adding multiple listeners to this Virtual "
        "Router. 1 Route(s) are missing port. Listing up to 5 route names: [vague]"
    )


def test_a_route_to_a_node_with_another_protocol_is_accepted(store):
    spec = route("tcpRoute", targets=[{"virtualNode": "two", "port": 6666, "weight": 1}])
    ask(store, ApiCall("CreateVirtualRouter", {"meshName": "shop", "virtualRouterName": "any", "spec": {}}))
    ask(store, ApiCall("CreateRoute", {"meshName": "shop", "virtualRouterName": "any", "routeName": "r", "spec": spec}))


def test_referenced_resources_must_exist(store):
    nowhere = "{} with name nowhere is not present under mesh shop for account 123456789012"
    spec = route(targets=[{"virtualNode": "nowhere", "weight": 1}])
    message = error_message(store, "CreateRoute", NotFound, virtualRouterName="one", routeName="new", spec=spec)
    assert message == nowhere.format("VirtualNode")
    message = error_message(store, "CreateRoute", NotFound, virtualRouterName="nowhere", routeName="new", spec=route())
    assert message == nowhere.format("VirtualRouter")
    for kind in ("Node", "Router"):
        spec = {"provider": {f"virtual{kind}": {f"virtual{kind}Name": "nowhere"}}}
        message = error_message(store, "CreateVirtualService", NotFound, virtualServiceName="s", spec=spec)
        assert message == nowhere.format(f"Virtual{kind}")
    params = {"virtualGatewayName": "one", "gatewayRouteName": "new", "spec": gateway_route("nowhere")}
    assert error_message(store, "CreateGatewayRoute", NotFound, **params) == nowhere.format("VirtualService")


def gateway_route(service="none.local", kind="httpRoute", target=None, rewrite=None, **match):
    action: dict[str, Any] = {"target": {"virtualService": {"virtualServiceName": service}, **(target or {})}}
    if rewrite is not None:
        action["rewrite"] = rewrite
    return {kind: {"match": match or {"prefix": "/"}, "action": action}}


WAYS: dict[str, tuple[Any, str]] = {
    "no route": ({"priority": 1}, "spec: exactly one of httpRoute, http2Route and grpcRoute"),
    "nothing to match": (
        gateway_route(method="GET"),
        "spec.httpRoute.match: one of prefix, path, hostname and port must be set",
    ),
    "nothing of grpc to match": (
        gateway_route(kind="grpcRoute", metadata=[{"name": "a"}]),
        "spec.grpcRoute.match: one of serviceName, hostname and port must be set",
    ),
    "App Mesh's own paths": (gateway_route(prefix="/aws-appmesh/x"), "spec.httpRoute.match.prefix: /aws-appmesh* and"),
    "App Mesh's own services": (
        gateway_route(kind="grpcRoute", serviceName="aws.app-mesh.x"),
        "spec.grpcRoute.match.serviceName: aws.appmesh* and",
    ),
    "a host name of both": (
        gateway_route(hostname={"exact": "a", "suffix": "b"}),
        "spec.httpRoute.match.hostname: either exact or suffix",
    ),
    "a host name with a port": (gateway_route(hostname={"exact": "a:80"}), "hostname.exact: 'a:80' is not a host name"),
    "an asterisk": (
        gateway_route(hostname={"suffix": "*.a"}),
        "hostname.suffix: '*.a' can't be the end of a host name",
    ),
    "another protocol": (gateway_route(kind="http2Route"), "VirtualGateway one that speaks http"),
    "the gateway's port is not there": (gateway_route(port=1), "spec.httpRoute.match.port: 1 is not the port"),
    "the provider's port is not said": (
        gateway_route("two.local"),
        "spec.httpRoute.action.target.port: it must be set, since the provider of VirtualService two.local has",
    ),
    "the provider's port is not there": (
        gateway_route("two.local", target={"port": 1}),
        "target.port: 1 is not the port",
    ),
    "both rewrites": (
        gateway_route(rewrite={"prefix": {}, "path": {}}, prefix="/"),
        "spec.httpRoute.action.rewrite: prefix and path can't both be set",
    ),
    "a prefix that isn't matched": (
        gateway_route(rewrite={"prefix": {"value": "/"}}, path={"exact": "/"}),
        "spec.httpRoute.action.rewrite.prefix: the route matches no prefix",
    ),
    "a path that isn't matched": (
        gateway_route(rewrite={"path": {"exact": "/"}}, prefix="/"),
        "spec.httpRoute.action.rewrite.path: the route matches no path",
    ),
    "a path to rewrite to": (
        gateway_route(rewrite={"path": {"exact": "a"}}, path={"exact": "/"}),
        "spec.httpRoute.action.rewrite.path.exact: it starts with /",
    ),
    "both prefixes": (
        gateway_route(rewrite={"prefix": {"value": "/", "defaultPrefix": "ENABLED"}}, prefix="/"),
        "spec.httpRoute.action.rewrite.prefix: defaultPrefix and value",
    ),
    "a prefix without an end": (
        gateway_route(rewrite={"prefix": {"value": "/a"}}, prefix="/a/"),
        "spec.httpRoute.action.rewrite.prefix.value: it ends with /",
    ),
    "a matched prefix without an end": (
        gateway_route(rewrite={"prefix": {"value": "/b/"}}, prefix="/a"),
        "spec.httpRoute.action.rewrite.prefix.value: the prefix that is matched, '/a', has to end with /",
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_invalid_gateway_routes_are_refused(store, case):
    spec, words = WAYS[case]
    params = {"virtualGatewayName": "one", "gatewayRouteName": "new", "spec": spec}
    assert words in error_message(store, "CreateGatewayRoute", **params)
    members = {"meshName": "shop", **params, "gatewayRouteName": "old", "spec": gateway_route()}
    ask(store, ApiCall("CreateGatewayRoute", members))
    assert words in error_message(store, "UpdateGatewayRoute", **(params | {"gatewayRouteName": "old"}))


def test_a_gateway_route_may_match_the_port_alone(store):
    members = {"virtualGatewayName": "two", "gatewayRouteName": "w", "spec": gateway_route(port=5555)}
    ask(store, ApiCall("CreateGatewayRoute", {"meshName": "shop", **members}))


def test_routes_of_a_gateway_with_several_listeners_need_a_port(store):
    params: dict[str, Any] = {"virtualGatewayName": "two", "gatewayRouteName": "new", "spec": gateway_route()}
    assert "must be set, since VirtualGateway two" in error_message(store, "CreateGatewayRoute", **params)
    ask(store, ApiCall("CreateGatewayRoute", {"meshName": "shop", **params, "virtualGatewayName": "one"}))
    two = {"listeners": [listener(), listener(9000, "grpc")]}
    message = error_message(store, "UpdateVirtualGateway", virtualGatewayName="one", spec=two)
    assert message.endswith("Listing up to 5 gateway route names: [new]")
