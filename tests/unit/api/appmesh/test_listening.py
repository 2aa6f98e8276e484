"""Refusals of a virtual node's or gateway's spec, and their words: the member as it was written, and why."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from moyai.domain.appmesh.errors import BadRequest, Forbidden
from tests.model.appmesh_specs import AUTHORITY, CERTIFICATE, ApiCall, ask
from tests.unit.api.appmesh.specs import CHECK, DNS, FILE, OUTLIERS, TRUST, error_message, listener, node, policy, sans

NODES: dict[str, tuple[Any, str]] = {
    "two listeners on one port": (node(listener(), listener()), "spec.listeners[1].portMapping.port: 8080 is the port"),
    "no discovery": (node(listener(), serviceDiscovery=None), "spec.serviceDiscovery: it must be set"),
    "another protocol's timeout": (
        node(listener(timeout={"tcp": {}})),
        "spec.listeners[0].timeout.tcp: the listener speaks http",
    ),
    "another protocol's pool": (
        node(listener(protocol="grpc", connectionPool={"http2": {"maxRequests": 1}})),
        "spec.listeners[0].connectionPool.http2: the listener speaks grpc",
    ),
    "two pools": (
        node(listener(connectionPool={"http2": {"maxRequests": 1}, "http": {"maxConnections": 1}})),
        "Exactly one member of a union",
    ),
    "no pool": (node(listener(connectionPool={})), "Exactly one member of a union"),
    "half a duration": (node(listener(timeout={"http": {"idle": {"unit": "s"}}})), "timeout.http.idle"),
    "a negative duration": (
        node(listener(timeout={"http": {"idle": {"unit": "s", "value": -1}}})),
        "greater than or equal to 0",
    ),
    "a duration without end": (
        node(listener(timeout={"http": {"idle": {"unit": "s", "value": 2**40}}})),
        "spec.listeners[0].timeout.http.idle: it is at most 2147483647 seconds",
    ),
    "a check on another port": (
        node(listener(healthCheck=CHECK | {"port": 9})),
        "spec.listeners[0].healthCheck.port: 9 is not the listener's port, 8080",
    ),
    "a grpc check of http": (
        node(listener(healthCheck=CHECK | {"protocol": "grpc"})),
        "spec.listeners[0].healthCheck.protocol: grpc can't be checked",
    ),
    "a check's path": (
        node(listener(healthCheck=CHECK | {"path": "ping"})),
        "spec.listeners[0].healthCheck.path: it starts with /",
    ),
    "an ejection of no time": (
        node(listener(outlierDetection=OUTLIERS | {"baseEjectionDuration": {"unit": "s", "value": 0}})),
        "spec.listeners[0].outlierDetection.baseEjectionDuration: it is at least 1 ms",
    ),
    "more errors than Envoy counts": (
        node(listener(outlierDetection=OUTLIERS | {"maxServerErrors": 2**32})),
        "spec.listeners[0].outlierDetection.maxServerErrors: it is at most 4294967295",
    ),
    "a relative file": (
        node(listener(tls={"mode": "STRICT", "certificate": {"file": FILE["file"] | {"privateKey": "k.pem"}}})),
        "spec.listeners[0].tls.certificate.file.privateKey: 'k.pem' is not the absolute path",
    ),
    "a file above": (
        node(listener(tls={"mode": "STRICT", "certificate": {"file": FILE["file"] | {"privateKey": "/a/../k"}}})),
        "is not the absolute path",
    ),
    "a nameless secret": (
        node(listener(tls={"mode": "STRICT", "certificate": {"sds": {"secretName": ""}}})),
        "spec.listeners[0].tls.certificate.sds.secretName: it has 1 to",
    ),
    "an authority for a certificate": (
        node(listener(tls={"mode": "STRICT", "certificate": {"acm": {"certificateArn": AUTHORITY}}})),
        "spec.listeners[0].tls.certificate.acm.certificateArn",
    ),
    "two certificates": (
        node(listener(tls={"mode": "STRICT", "certificate": {**FILE, "sds": {"secretName": "a"}}})),
        "Exactly one member of a union",
    ),
    "no names at all": (
        node(listener(tls={"mode": "STRICT", "certificate": FILE, "validation": TRUST | sans()})),
        "spec.listeners[0].tls.validation.subjectAlternativeNames.match.exact: without a name",
    ),
    "a name that is none": (
        node(backendDefaults=policy(validation=TRUST | sans("a b"))),
        "spec.backendDefaults.clientPolicy.tls.validation.subjectAlternativeNames.match.exact[0]: 'a b' is neither",
    ),
    "a wildcard that is enforced": (
        node(backendDefaults=policy(validation=TRUST | sans("a.local", "*.local"))),
        "subjectAlternativeNames.match.exact[1]: a policy that is enforced takes exact names only",
    ),
    "a certificate for an authority": (
        node(backendDefaults=policy(validation={"trust": {"acm": {"certificateAuthorityArns": [CERTIFICATE]}}})),
        "trust.acm.certificateAuthorityArns[0]",
    ),
    "a backend twice": (
        node(backends=[{"virtualService": {"virtualServiceName": name}} for name in ("a.local", "A.local")]),
        "spec.backends[1].virtualService.virtualServiceName: A.local is there twice",
    ),
    "a backend twice, once by ARN": (
        node(
            backends=[
                {"virtualService": {"virtualServiceName": name}}
                for name in ("a", "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualService/a")
            ]
        ),
        "is there twice",
    ),
    "a backend of another mesh": (
        node(
            backends=[
                {
                    "virtualService": {
                        "virtualServiceName": "arn:aws:appmesh:us-east-1:123456789012:mesh/other/virtualService/a"
                    }
                }
            ]
        ),
        "is not the ARN of a virtual service of this mesh",
    ),
    "a backend's name": (
        node(backends=[{"virtualService": {"virtualServiceName": "*.local"}}]),
        "spec.backends[0].virtualService.virtualServiceName: a virtual service's name has",
    ),
    "an operator that isn't one": (
        node(logging={"accessLog": {"file": {"path": "/dev/stdout", "format": {"text": "%NOTHING%"}}}}),
        "spec.logging.accessLog.file.format.text: %NOTHING% is not one of Envoy's",
    ),
    "an operator in JSON": (
        node(
            logging={
                "accessLog": {"file": {"path": "/a", "format": {"json": [{"key": "a", "value": "%REQ%"}]}}},
            }
        ),
        "spec.logging.accessLog.file.format.json[0].value: %REQ%: REQ needs an argument",
    ),
    "a key twice": (
        node(
            logging={
                "accessLog": {
                    "file": {"path": "/a", "format": {"json": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}}
                },
            }
        ),
        "spec.logging.accessLog.file.format.json[1].key: 'a' is there twice",
    ),
    "both formats": (
        node(logging={"accessLog": {"file": {"path": "/a", "format": {"text": "a", "json": []}}}}),
        "Exactly one member of a union",
    ),
    "a log's path": (node(logging={"accessLog": {"file": {"path": "log"}}}), "spec.logging.accessLog.file.path"),
    "a host that is none": (
        node(serviceDiscovery={"dns": {"hostname": "http://a"}}),
        "spec.serviceDiscovery.dns.hostname: 'http://a' is not a host name",
    ),
    "two discoveries": (
        node(serviceDiscovery=DNS | {"awsCloudMap": {"namespaceName": "a", "serviceName": "b"}}),
        "Exactly one member of a union",
    ),
}


@pytest.mark.parametrize("case", NODES)
def test_invalid_virtual_nodes_are_refused(store, case):
    spec, words = NODES[case]
    assert words in error_message(store, "CreateVirtualNode", virtualNodeName="new", spec=_without_none(spec))
    assert words in error_message(store, "UpdateVirtualNode", virtualNodeName="one", spec=_without_none(spec))


def _without_none(spec):
    return {key: value for key, value in spec.items() if value is not None}


def test_several_faults_are_reported_at_once(store):
    spec = node(listener(), listener(timeout={"grpc": {}}), backends=[{"virtualService": {"virtualServiceName": "*"}}])
    message = error_message(store, "CreateVirtualNode", virtualNodeName="a/b", spec=spec)
    assert [part.partition(":")[0] for part in message.split(". ")] == [
        "virtualNodeName",
        "spec.listeners[1].portMapping.port",
        "spec.listeners[1].timeout.grpc",
        "spec.backends[0].virtualService.virtualServiceName",
    ]


def test_resources_of_another_account_cannot_be_referenced(store):
    other = CERTIFICATE.replace("123456789012", "222222222222")
    tls = {"mode": "STRICT", "certificate": {"acm": {"certificateArn": other}}}
    params = {"virtualNodeName": "new", "spec": node(listener(tls=tls))}
    assert other in error_message(store, "CreateVirtualNode", Forbidden, **params)
    trust = {"trust": {"acm": {"certificateAuthorityArns": [AUTHORITY.replace("123456789012", "222222222222")]}}}
    defaults = policy(validation=trust)
    error_message(store, "CreateVirtualNode", Forbidden, virtualNodeName="new", spec=node(backendDefaults=defaults))
    backend = {"virtualServiceName": "a", **defaults}
    spec = node(backends=[{"virtualService": backend}])
    error_message(store, "CreateVirtualNode", Forbidden, virtualNodeName="new", spec=spec)
    params = {"virtualGatewayName": "new", "spec": {"listeners": [listener(tls=tls)]}}
    error_message(store, "CreateVirtualGateway", Forbidden, **params)


def test_unused_members_are_accepted(store):
    for name, spec in {
        "an empty client": {},
        "discovery without listeners": {"serviceDiscovery": DNS},
        "a path that is ignored": node(listener(protocol="tcp", healthCheck=CHECK | {"protocol": "tcp", "path": "x"})),
        "a check without a path": node(listener(healthCheck={k: v for k, v in CHECK.items() if k != "path"})),
        "a wildcard that is not enforced": node(
            backendDefaults=policy(validation=TRUST | sans("*.local"), enforce=False)
        ),
        "a backend by ARN": node(
            backends=[
                {
                    "virtualService": {
                        "virtualServiceName": "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualService/not.yet"
                    }
                }
            ]
        ),
    }.items():
        ask(
            store,
            ApiCall("CreateVirtualNode", {"meshName": "shop", "virtualNodeName": name.replace(" ", "-"), "spec": spec}),
        )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"listeners": []}, "spec.listeners: a virtual gateway must have a listener"),
        ({"listeners": [listener(protocol="tcp")]}, "enum value set: [http, http2, grpc]"),
        ({"listeners": [listener(), listener()]}, "8080 is the port of another listener"),
        ({"listeners": [listener(connectionPool={"grpc": {"maxRequests": 1}})]}, "connectionPool.grpc: the listener"),
        ({"listeners": [listener(healthCheck=CHECK | {"port": 1})]}, "is not the listener's port"),
        ({"listeners": [listener()], "logging": {"accessLog": {"file": {"path": "a"}}}}, "spec.logging"),
        ({"listeners": [listener()], "backendDefaults": policy(validation=TRUST | sans())}, "spec.backendDefaults"),
    ],
)
def test_invalid_virtual_gateways_are_refused(store, spec, words):
    assert words in error_message(store, "CreateVirtualGateway", virtualGatewayName="new", spec=deepcopy(spec))


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "ä", "a" * 256])
def test_resource_names_are_validated(store, name):
    for noun, spec in (("VirtualNode", {}), ("VirtualRouter", {}), ("VirtualGateway", {"listeners": [listener()]})):
        error_message(store, f"Create{noun}", **{f"v{noun[1:]}Name": name, "spec": spec})
    with pytest.raises(BadRequest):
        ask(store, ApiCall("CreateMesh", {"meshName": name}))


@pytest.mark.parametrize("name", ["", "a b", "*.local", "a/b", "ä", "a:80", "a" * 256])
def test_virtual_service_names_are_validated(store, name):
    error_message(store, "CreateVirtualService", virtualServiceName=name, spec={})
