"""Each member of serviceConnectConfiguration: the limits of its values, and the error beyond them."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import ARN, connect, container, offer, service

ELSEWHERE = "arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-0000000000000000"


@pytest.fixture
def protocol_shop(shop):
    ports = [
        {"name": "http", "containerPort": 8080, "appProtocol": "http"},
        {"name": "http2", "containerPort": 8081, "appProtocol": "http2"},
        {"name": "grpc", "containerPort": 8082, "appProtocol": "grpc"},
        {"name": "raw", "containerPort": 9000},
        {"containerPort": 9001},
    ]
    shop.definition("web", containerDefinitions=[container(portMappings=ports)])
    return shop


def alias(**members):
    return offer(clientAliases=[{"port": 80} | members])


def timeout(port, **seconds):
    return offer(port, timeout=seconds)


@pytest.mark.parametrize(
    ("code", "configuration", "message"),
    [
        ("InvalidParameterException", {"namespace": "shop.local"}, "enabled"),
        (
            "InvalidParameterException",
            {"enabled": True},
            "Namespace is missing. Name one in serviceConnectConfiguration",
        ),
        ("NamespaceNotFoundException", connect(namespace="none"), "The namespace none was not found. Create it"),
        ("NamespaceNotFoundException", connect(namespace=ELSEWHERE), f"The namespace {ELSEWHERE} was not found."),
        *(
            ("InvalidParameterException", configuration, message)
            for configuration, message in [
                (connect({}), "portName"),
                (connect(offer("")), "portName() does not refer to any named PortMapping in the container definitions"),
                (connect(offer("HTTP")), "portName(HTTP) does not refer to any named PortMapping"),
                (connect(offer(discoveryName="")), "discoveryName '' is not valid: up to 64 lower-case letters"),
                (connect(offer(discoveryName="a.b")), "discoveryName 'a.b' is not valid"),
                (connect(offer(discoveryName="é")), "discoveryName 'é' is not valid"),
                (connect(offer(clientAliases=[{}])), "port"),
                (connect(alias(port=0)), "The port of a clientAlias must be between 1 and 65535."),
                (connect(alias(port=-1)), "greater than or equal to 0"),
                (connect(alias(dnsName="a" * 64)), "The DNS name that you provided is invalid"),
                (connect(alias(dnsName=".".join(["a" * 42] * 3))), "The DNS name that you provided is invalid"),
                (connect(offer(ingressPortOverride=-1)), "greater than or equal to 0"),
                (connect(offer(ingressPortOverride=65536)), "less than or equal to 65535"),
                (connect(offer(ingressPortOverride=9001)), "ingressPortOverride 9001 is a container port"),
                (connect(offer(ingressPortOverride=15001)), "ingressPortOverride 15001 is taken by the proxy"),
                (connect(timeout("http", idleTimeoutSeconds=-1)), "greater than or equal to 0"),
                (connect(timeout("raw", perRequestTimeoutSeconds=0)), "perRequestTimeoutSeconds needs an appProtocol"),
                (connect(timeout("raw", perRequestTimeoutSeconds=5)), "the port raw has none and is TCP"),
            ]
        ),
    ],
)
def test_a_value_beyond_its_limits_is_refused(protocol_shop, code, configuration, message):
    protocol_shop.fails("CreateService", code, message, **service(serviceConnectConfiguration=configuration))


@pytest.mark.parametrize(
    "configuration",
    [
        connect(),
        connect(namespace="shop.local", services=[]),
        connect(offer(discoveryName="a" * 64, clientAliases=[{"port": 80, "dnsName": "a"}])),
        connect(offer(discoveryName="_-0")),
        connect(alias(port=1)),
        connect(alias(port=65535, dnsName=".".join(["a" * 41, "_b", "c-d", "0" * 63]))),
        connect(offer(clientAliases=[])),
        connect(offer(ingressPortOverride=0)),
        connect(offer(ingressPortOverride=65535)),
        connect(timeout("http", idleTimeoutSeconds=0, perRequestTimeoutSeconds=0)),
        connect(timeout("http2", idleTimeoutSeconds=1, perRequestTimeoutSeconds=2**31 - 1)),
        connect(timeout("grpc", perRequestTimeoutSeconds=1)),
        connect(timeout("raw", idleTimeoutSeconds=2**31 - 1)),
        connect(offer("http"), offer("http2"), offer("grpc"), offer("raw")),
    ],
)
def test_a_value_within_its_limits_is_described_unchanged(protocol_shop, configuration):
    [deployment] = protocol_shop.service(serviceConnectConfiguration=configuration)["deployments"]
    assert deployment["serviceConnectConfiguration"] == configuration
    described_service = protocol_shop.call("DescribeServices", services=[f"{ARN}service/default/web"])["services"][0]
    assert described_service["deployments"] == [deployment]
