"""Whole meshes as hypothesis draws them: App Mesh's own requests, in an order in which each of them is accepted.

What the API takes and what must then be right is all in here: every member of every spec, on every kind of listener,
with texts that are as strange as they may be. ``meshes`` draws; ``ask`` puts one request through the gateway's checks
to its handler, without HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from botocore import xform_name
from hypothesis import strategies as st

from moyai.api.appmesh.service import appmesh
from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import Context
from moyai.domain.appmesh.quotas import AppMeshQuotas
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.ports.store import Store
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE

MESH: Final = "shop"
CERTIFICATE: Final = f"arn:aws:acm:{SCOPE.region}:{SCOPE.account}:certificate/11111111-2222-3333-4444-555555555555"
AUTHORITY: Final = (
    f"arn:aws:acm-pca:{SCOPE.region}:{SCOPE.account}:certificate-authority/11111111-2222-3333-4444-555555555555"
)
HTTP_LIKE: Final = ("http", "http2", "grpc")
PROTOCOLS: Final = (*HTTP_LIKE, "tcp")
_SERVICES: Final = ("back.local", "Front.shop.local", "a", "stock_1.svc.cluster.local", "x-9.local")
_PORTS: Final = (80, 443, 1, 8080, 15000, 65535)


class ApiCall(NamedTuple):
    """One request, in the names that clients write."""

    operation: str
    params: Mapping[str, Any]


def ask(store: Store, call: ApiCall, scope: Scope = SCOPE, ids: Ids | None = None) -> Any:
    """The handler's output. Raises what a client would be answered."""
    dispatcher = _dispatcher()
    entry = dispatcher.operation(call.operation)
    params = _snake(call.params)
    ctx = Context(scope, EPOCH, ids or SeededIds(3), store, f"arn:aws:iam::{scope.account}:root", "", "r")
    return entry.handle(ctx, dispatcher.typed_request(entry, params))


def build_store(requests: Iterable[ApiCall]) -> MemoryStore:
    """A world in which all of the requests were made."""
    store, ids = MemoryStore(), SeededIds(4)
    for request in requests:
        ask(store, request, ids=ids)
    return store


@cache
def _dispatcher() -> ServiceDispatcher:
    return ServiceDispatcher(appmesh(AppMeshQuotas()), load_models(["appmesh"])["appmesh"])


def _snake(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {xform_name(key): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value


def maybe(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the members."""
    return st.fixed_dictionaries({}, optional=members)


def struct(
    optional: Mapping[str, st.SearchStrategy[Any]], **needed: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """The members that are needed, and any of the others."""
    return st.fixed_dictionaries(needed, optional=dict(optional))


def one_of(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Exactly one of the members."""
    return st.one_of(*(st.fixed_dictionaries({name: value}) for name, value in members.items()))


def some(values: Sequence[Any], most: int = 3, least: int = 1) -> st.SearchStrategy[list[Any]]:
    """Some of the values, each once."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


DURATIONS = st.fixed_dictionaries({"unit": st.sampled_from(["s", "ms"]), "value": st.sampled_from([0, 1, 250, 15_000])})
LENGTHS = st.fixed_dictionaries({"unit": st.sampled_from(["s", "ms"]), "value": st.sampled_from([1, 250, 15_000])})
HTTP_TIMEOUTS = maybe(idle=DURATIONS, perRequest=DURATIONS)
TCP_TIMEOUTS = maybe(idle=DURATIONS)
FILES = st.sampled_from(["/etc/pki/chain.pem", "/a b/ç.pem", "/dev/stdout"])
SECRETS = st.sampled_from(["spiffe://shop/front", "a secret"])
EXPRESSIONS = st.sampled_from(
    [".*", "/a/[^/]+", r"v[0-9]{1,3}\.[0-9]+", "(?i)red|green", r"\d+", "a{90}", "[^é]*", "%2F"]
)
TEXTS = st.sampled_from(["a", "v1", "%PROTOCOL%", "ä b", '"', "\\", "{}", "a*"])
PREFIXES = st.sampled_from(["/", "/a", "/a/", "/a b/%2f", "/ä", "/%REQ(a)%/"])
PATHS = st.sampled_from(["/", "/a", "/a/b?c", "/ä"])
HOSTS = st.sampled_from(["example.com", "WWW.Example.com", "a", "10.0.0.1", "back.local"])
SUFFIXES = st.sampled_from([".example.com", "example.com", "com", "-1.local"])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])
RANGES = st.tuples(st.integers(-(2**63), 2**63 - 2), st.integers(1, 1000)).map(
    lambda pair: {"start": pair[0], "end": min(pair[0] + pair[1], 2**63 - 1)}
)
VALUES = one_of(exact=TEXTS, prefix=TEXTS, suffix=TEXTS, regex=EXPRESSIONS, range=RANGES)
HEADERS = st.lists(
    struct(
        {"match": VALUES, "invert": st.booleans()},
        name=st.sampled_from(["x-version", "User-Agent", ":authority", "x", "content-type"]),
    ),
    min_size=1,
    max_size=3,
)
PARAMETERS = st.lists(
    struct({"match": maybe(exact=TEXTS | st.just(""))}, name=st.sampled_from(["q", "a b", "ä", "%41"])),
    min_size=1,
    max_size=3,
)
MATCHED_PATHS = one_of(exact=PATHS, regex=EXPRESSIONS)
HOSTNAMES = one_of(exact=HOSTS, suffix=SUFFIXES)
IP_PREFERENCES = st.sampled_from(["IPv4_ONLY", "IPv4_PREFERRED", "IPv6_ONLY", "IPv6_PREFERRED"])
FORMATS = one_of(
    text=st.sampled_from(["%START_TIME(%s)% %REQ(:path?x):10%\n", "%%", "100%% %RESPONSE_CODE%", "no operator"]),
    json=st.lists(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(["a", "b c", "%"]),
                "value": st.sampled_from(["%PROTOCOL%", "%REQ(a)% %%", "text", "%DYNAMIC_METADATA(a:b):3%"]),
            }
        ),
        max_size=3,
        unique_by=lambda member: member["key"],
    ),
)
LOGGING = maybe(
    accessLog=st.fixed_dictionaries(
        {"file": struct({"format": FORMATS}, path=st.sampled_from(["/dev/stdout", "/tmp/a log"]))}  # noqa: S108
    )
)


def names(*, wildcards: bool) -> st.SearchStrategy[Any]:
    """Subject alternative names."""
    texts = ["front.local", "spiffe://shop/front", "urn:x:y", *(["*.local"] if wildcards else [])]
    return st.fixed_dictionaries({"match": st.fixed_dictionaries({"exact": some(texts)})})


_FILE = st.fixed_dictionaries({"certificateChain": FILES, "privateKey": FILES})
_SDS = st.fixed_dictionaries({"secretName": SECRETS})
_TRUSTED_FILE = st.fixed_dictionaries({"certificateChain": FILES})
LISTENER_TLS = struct(
    {
        "validation": struct(
            {"subjectAlternativeNames": names(wildcards=True)}, trust=one_of(file=_TRUSTED_FILE, sds=_SDS)
        )
    },
    mode=st.sampled_from(["STRICT", "PERMISSIVE", "DISABLED"]),
    certificate=one_of(
        acm=st.just({"certificateArn": CERTIFICATE}),
        file=_FILE,
        sds=_SDS,
    ),
)


@st.composite
def client_policies(draw: st.DrawFn) -> dict[str, Any]:
    """A client policy, of a virtual node or a virtual gateway."""
    policy = draw(
        maybe(enforce=st.booleans(), ports=some(_PORTS, least=0), certificate=one_of(file=_FILE, sds=_SDS)).map(dict)
    )
    acm = st.just({"certificateAuthorityArns": [AUTHORITY]})
    policy["validation"] = draw(
        struct(
            {"subjectAlternativeNames": names(wildcards=policy.get("enforce") is False)},
            trust=one_of(acm=acm, file=_TRUSTED_FILE, sds=_SDS),
        )
    )
    return draw(st.sampled_from([{"tls": policy}, {"tls": policy}, {}]))


def health_checks(protocol: str, port: int, known: Sequence[str]) -> st.SearchStrategy[Any]:
    """Of a listener that speaks the protocol on the port; ``known``: the protocols there are for checks."""
    fit = [one for one in known if one != "grpc" or protocol in {"http2", "grpc"}]
    return struct(
        {"path": PATHS, "port": st.just(port)},
        protocol=st.sampled_from(fit),
        healthyThreshold=st.integers(2, 10),
        unhealthyThreshold=st.integers(2, 10),
        intervalMillis=st.sampled_from([5_000, 300_000]),
        timeoutMillis=st.sampled_from([2_000, 60_000]),
    )


_MANY = st.sampled_from([1, 100, 2_147_483_647])
_POOLS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "tcp": st.fixed_dictionaries({"maxConnections": _MANY}),
    "http": struct({"maxPendingRequests": _MANY}, maxConnections=_MANY),
    "http2": st.fixed_dictionaries({"maxRequests": _MANY}),
    "grpc": st.fixed_dictionaries({"maxRequests": _MANY}),
}


@st.composite
def listeners(draw: st.DrawFn, protocols: Sequence[str], *, least: int = 0, of_gateway: bool) -> list[dict[str, Any]]:
    """Listeners of a virtual node or a virtual gateway."""
    listener_specs = []
    for port in draw(some(_PORTS, least=least, most=3)):
        protocol = draw(st.sampled_from(protocols))
        pools = st.fixed_dictionaries({protocol: _POOLS[protocol]})
        members = {
            "connectionPool": pools,
            "healthCheck": health_checks(protocol, port, protocols),
            "tls": LISTENER_TLS,
        }
        if not of_gateway:
            members["timeout"] = st.fixed_dictionaries({protocol: TCP_TIMEOUTS if protocol == "tcp" else HTTP_TIMEOUTS})
            members["outlierDetection"] = st.fixed_dictionaries(
                {
                    "maxServerErrors": st.sampled_from([1, 5, 4_294_967_295]),
                    "interval": LENGTHS,
                    "baseEjectionDuration": LENGTHS,
                    "maxEjectionPercent": st.integers(0, 100),
                }
            )
        listener_specs.append({"portMapping": {"port": port, "protocol": protocol}, **draw(maybe(**members))})
    return listener_specs


DISCOVERY = one_of(
    dns=struct(
        {"responseType": st.sampled_from(["LOADBALANCER", "ENDPOINTS"]), "ipPreference": IP_PREFERENCES},
        hostname=st.sampled_from(["front.local", "localhost", "10.0.0.7", "fd00::7", "a_b-c.D"]),
    ),
    awsCloudMap=struct(
        {
            "ipPreference": IP_PREFERENCES,
            "attributes": st.lists(
                st.fixed_dictionaries(
                    {"key": st.sampled_from(["version", "zone"]), "value": st.sampled_from(["v1", "a b"])}
                ),
                max_size=2,
            ),
        },
        namespaceName=st.sampled_from(["shop", "shop.local"]),
        serviceName=st.sampled_from(["front", "back"]),
    ),
)


@st.composite
def nodes(draw: st.DrawFn) -> dict[str, Any]:
    """A virtual node's spec."""
    spec: dict[str, Any] = draw(
        maybe(logging=LOGGING, backendDefaults=maybe(clientPolicy=client_policies()), serviceDiscovery=DISCOVERY)
    )
    made = draw(listeners(PROTOCOLS, of_gateway=False))
    if made:
        spec = {"serviceDiscovery": draw(DISCOVERY), **spec, "listeners": made}
    called = draw(some([*_SERVICES, "not.there.yet"], least=0))
    if called:
        policies = [draw(maybe(clientPolicy=client_policies())) for _ in called]
        spec["backends"] = [
            {"virtualService": {"virtualServiceName": name, **policy}}
            for name, policy in zip(called, policies, strict=True)
        ]
    return spec


RETRY_EVENTS: Final = {
    "httpRetryEvents": some(["server-error", "gateway-error", "client-error", "stream-error"]),
    "tcpRetryEvents": st.just(["connection-error"]),
    "grpcRetryEvents": some(["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]),
}


@st.composite
def retries(draw: st.DrawFn, *, grpc: bool) -> dict[str, Any]:
    """A retry policy."""
    events = {name: value for name, value in RETRY_EVENTS.items() if grpc or name != "grpcRetryEvents"}
    found = draw(maybe(**events)) or {"httpRetryEvents": ["server-error"]}
    return {**found, "maxRetries": draw(st.sampled_from([0, 1, 4_294_967_295])), "perRetryTimeout": draw(DURATIONS)}


def http_matches(*more: tuple[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """The match of a route of http or http2."""
    paths = st.one_of(st.just({}), st.builds(lambda p: {"prefix": p}, PREFIXES), st.builds(_path, MATCHED_PATHS))
    others = maybe(method=METHODS, headers=HEADERS, queryParameters=PARAMETERS, **dict(more))
    return st.tuples(paths, others).map(lambda both: {**both[0], **both[1]})


def _path(match: dict[str, Any]) -> dict[str, Any]:
    return {"path": match}


@st.composite
def grpc_matches(draw: st.DrawFn) -> dict[str, Any]:
    """The match of a route of grpc."""
    match = draw(maybe(metadata=HEADERS))
    service = draw(st.sampled_from([None, "shop.Front", "a"]))
    if service is not None:
        match = {**match, "serviceName": service, **draw(maybe(methodName=st.sampled_from(["Get", "a"])))}
    return match


def _ports(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [listener["portMapping"] for listener in spec.get("listeners", ())]


@st.composite
def _port_member(draw: st.DrawFn, ports: Sequence[Mapping[str, Any]], port: Mapping[str, Any] | None) -> dict[str, Any]:
    """The port, where it has to be said or happens to be."""
    if port is None:
        return {}
    return {"port": port["port"]} if len(ports) > 1 or draw(st.booleans()) else {}


@st.composite
def routes(draw: st.DrawFn, router: Mapping[str, Any], nodes_by_name: Mapping[str, Any]) -> dict[str, Any]:
    """A route's spec: of a router with this spec, to nodes with these."""
    ports = _ports(router)
    chosen_port = draw(st.sampled_from(ports)) if ports else None
    protocol = draw(st.sampled_from(PROTOCOLS)) if chosen_port is None else chosen_port["protocol"]
    targets = [
        {"virtualNode": name, **draw(_target(nodes_by_name[name]))}
        for name in draw(some(sorted(nodes_by_name), most=3, least=1))
    ]
    for target, weight in zip(targets, draw(_weights(len(targets))), strict=True):
        target["weight"] = weight
    route: dict[str, Any] = {"action": {"weightedTargets": targets}}
    port = draw(_port_member(ports, chosen_port))
    if protocol == "tcp":
        route |= draw(maybe(timeout=TCP_TIMEOUTS, match=st.just(port))) | ({"match": port} if port else {})
    else:
        matches = grpc_matches() if protocol == "grpc" else http_matches(("scheme", st.sampled_from(["http", "https"])))
        route |= {"match": {**draw(matches), **port}}
        route |= draw(maybe(timeout=HTTP_TIMEOUTS, retryPolicy=retries(grpc=protocol == "grpc")))
    return {f"{protocol}Route": route, **draw(maybe(priority=st.sampled_from([0, 1, 1000])))}


@st.composite
def _target(draw: st.DrawFn, spec: Mapping[str, Any]) -> dict[str, Any]:
    ports = _ports(spec)
    return draw(_port_member(ports, draw(st.sampled_from(ports)) if ports else None))


def _weights(count: int) -> st.SearchStrategy[list[int]]:
    most = 100 // count
    return st.lists(st.integers(0, most), min_size=count, max_size=count).map(
        lambda drawn: drawn if any(drawn) else [1, *drawn[1:]]
    )


REWRITTEN_HOST = maybe(defaultTargetHostname=st.sampled_from(["ENABLED", "DISABLED"]))


@st.composite
def gateway_routes(draw: st.DrawFn, gateway: Mapping[str, Any], nodes_by_name: Mapping[str, Any]) -> dict[str, Any]:
    """A gateway route's spec: of a gateway with this spec, to services whose providers have these."""
    ports = _ports(gateway)
    chosen_port = draw(st.sampled_from(ports))
    port = draw(_port_member(ports, chosen_port))
    name = draw(st.sampled_from(sorted(nodes_by_name)))
    action: dict[str, Any] = {
        "target": {"virtualService": {"virtualServiceName": name}, **draw(_target(nodes_by_name[name]))}
    }
    if chosen_port["protocol"] == "grpc":
        match = {**draw(maybe(metadata=HEADERS, hostname=HOSTNAMES)), **port}
        if not match.keys() & {"hostname", "port"}:
            match["serviceName"] = draw(st.sampled_from(["shop.Front", "a"]))
        rewrite = draw(maybe(hostname=REWRITTEN_HOST))
    else:
        match = {**draw(http_matches(("hostname", HOSTNAMES))), **port}
        if not match.keys() & {"prefix", "path", "hostname", "port"}:
            match["prefix"] = "/"
        rewrite = draw(_http_rewrites(match))
    route = {"match": match, "action": {**action, **({"rewrite": rewrite} if draw(st.booleans()) else {})}}
    return {f"{chosen_port['protocol']}Route": route, **draw(maybe(priority=st.sampled_from([0, 1, 1000])))}


@st.composite
def _http_rewrites(draw: st.DrawFn, match: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, st.SearchStrategy[Any]] = {"hostname": REWRITTEN_HOST}
    if "prefix" in match:
        kept = maybe(defaultPrefix=st.sampled_from(["ENABLED", "DISABLED"]))
        other = st.fixed_dictionaries({"value": st.sampled_from(["/", "/other/", "/%41/"])})
        members["prefix"] = kept | other if match["prefix"].endswith("/") else kept
    if "path" in match:
        members["path"] = maybe(exact=PATHS)
    return draw(maybe(**members))


@st.composite
def meshes(draw: st.DrawFn, name: str = MESH) -> list[ApiCall]:
    """The requests that make a mesh and everything in it."""
    mesh = maybe(
        egressFilter=st.fixed_dictionaries({"type": st.sampled_from(["ALLOW_ALL", "DROP_ALL"])}),
        serviceDiscovery=maybe(ipPreference=IP_PREFERENCES),
    )
    calls = [ApiCall("CreateMesh", {"meshName": name, **draw(maybe(spec=mesh))})]

    def create(noun: str, own: str, spec: Mapping[str, Any], **within: str) -> None:
        member = f"{noun[0].lower()}{noun[1:]}Name"
        calls.append(ApiCall(f"Create{noun}", {"meshName": name, member: own, "spec": spec, **within}))

    nodes_by_name = {f"node-{number}": draw(nodes()) for number in range(draw(st.integers(1, 4)))}
    for own, spec in nodes_by_name.items():
        create("VirtualNode", own, spec)
    routers = {f"router_{number}": draw(_routers()) for number in range(draw(st.integers(0, 3)))}
    for own, spec in routers.items():
        create("VirtualRouter", own, spec)
        for number, drawn in enumerate(draw(_distinct(routes(spec, nodes_by_name)))):
            create("Route", f"route-{number}", drawn, virtualRouterName=own)
    provided: dict[str, Any] = {}
    for own in draw(some(_SERVICES, most=4, least=0)):
        spec, provided[own] = draw(_services(nodes_by_name, routers))
        create("VirtualService", own, spec)
    for number in range(draw(st.integers(0, 2))):
        spec = draw(_gateways())
        create("VirtualGateway", f"edge-{number}", spec)
        for other, drawn in enumerate(draw(_distinct(gateway_routes(spec, provided))) if provided else ()):
            create("GatewayRoute", f"way-{other}", drawn, virtualGatewayName=f"edge-{number}")
    return calls


def _distinct(drawn: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to four, of which no two have one priority for the same requests."""

    def route_order(spec: Mapping[str, Any]) -> str:
        (route,) = (value for key, value in spec.items() if key != "priority")
        order = spec.get("priority", id(spec))
        return json.dumps([order, sorted(spec), route.get("match")], sort_keys=True)

    return st.lists(drawn, max_size=4, unique_by=route_order)


@st.composite
def _routers(draw: st.DrawFn) -> dict[str, Any]:
    ports = draw(some(_PORTS, least=0, most=3))
    mappings = [{"portMapping": {"port": port, "protocol": draw(st.sampled_from(PROTOCOLS))}} for port in ports]
    said: bool = bool(mappings) or draw(st.booleans())
    return {"listeners": mappings} if said else {}


@st.composite
def _services(
    draw: st.DrawFn, nodes_by_name: Mapping[str, Any], routers: Mapping[str, Any]
) -> tuple[dict[str, Any], Any]:
    """A virtual service's spec, and that of its provider."""
    providers: list[tuple[Any, Any]] = [({}, {})]
    providers += [
        ({"provider": {"virtualNode": {"virtualNodeName": own}}}, spec) for own, spec in nodes_by_name.items()
    ]
    providers += [({"provider": {"virtualRouter": {"virtualRouterName": own}}}, spec) for own, spec in routers.items()]
    chosen: tuple[dict[str, Any], Any] = draw(st.sampled_from(providers))
    return chosen


@st.composite
def _gateways(draw: st.DrawFn) -> dict[str, Any]:
    spec = draw(maybe(logging=LOGGING, backendDefaults=maybe(clientPolicy=client_policies())))
    return {**spec, "listeners": draw(listeners(HTTP_LIKE, least=1, of_gateway=True))}
