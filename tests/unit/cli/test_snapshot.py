"""The schemes of ports and the names of services that ``moyai status`` shows."""

from __future__ import annotations

from moyai.cli.options import REGION
from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote
from moyai.cli.snapshot import _managed_urls, _Port, _ports, _schemes, _service, _tls_ports

DEPLOYMENT = {"serviceConnectConfiguration": {"services": [{"portName": "web", "tls": {}}, {"portName": "admin"}]}}
PORTS = {"td": [_Port(8080, "web"), _Port(9000, "admin"), _Port(9001, "")]}


def test_an_encrypted_port_has_an_https_url():
    encrypted = {"ecs-svc/1": _tls_ports(DEPLOYMENT), "ecs-svc/2": _tls_ports({})}
    task = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/1"}
    assert _schemes(PORTS, encrypted, task) == [("https", 8080), ("http", 9000), ("http", 9001)]
    before = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/2"}
    assert _schemes(PORTS, encrypted, before) == [("http", 8080), ("http", 9000), ("http", 9001)]
    assert _schemes(PORTS, encrypted, {"taskDefinitionArn": "td"})[0] == ("http", 8080)


class DefinitionServer(Remote):
    """A server with one task definition."""

    def call(self, service, operation, **parameters):
        assert (service, operation, parameters) == ("ecs", "DescribeTaskDefinition", {"taskDefinition": "td"})
        mappings = [
            {"containerPort": 80, "name": "web"},
            {"containerPort": 53, "protocol": "udp"},
            {"containerPortRange": "90-99", "protocol": "tcp"},
        ]
        return {"taskDefinition": {"containerDefinitions": [{"portMappings": mappings}]}}


def test_a_udp_port_has_a_udp_url():
    ports = _ports(DefinitionServer("http://localhost:4566", REGION), {"td"})
    assert _schemes(ports, {}, {"taskDefinitionArn": "td"}) == [("http", 80), ("udp", 53)]


def test_an_alias_without_a_dns_name_is_shown_with_the_default_name():
    services = [
        {"portName": "web", "discoveryName": "front", "clientAliases": [{"port": 80}]},
        {"portName": "admin", "clientAliases": [{"port": 81}, {"port": 82, "dnsName": "admin"}]},
    ]
    deployment = {"serviceConnectConfiguration": {"namespace": "shop-arn", "services": services}}
    counts = {"desiredCount": 1, "runningCount": 1, "pendingCount": 0}
    service = {"serviceName": "front", "status": "ACTIVE", "deployments": [deployment], **counts}
    described_service = _service(service, lambda arn: "shop" if arn == "shop-arn" else "nowhere")
    assert described_service["names"] == ["front.shop:80", "admin.shop:81", "admin:82"]


class RevisionServer(Remote):
    """A server with the revisions of an Express service, of one behind a gateway, and of an ordinary one."""

    https_port: int | None = 8443

    def read(self, path, **_query):
        return {"http_port": None, "https_port": self.https_port, "ports": []}

    def call(self, service, operation, **members):
        managed = {
            "express": {"ingressPaths": [{"endpoint": "https://ex.localhost", "accessType": "PUBLIC"}]},
            "gateway": {
                "gatewayConnections": [
                    {"serviceUrl": "https://a.localhost", "accessType": "PUBLIC"},
                    {"serviceUrl": "https://b.localhost", "accessType": "PRIVATE"},
                ]
            },
        }
        described = [
            {"serviceRevisionArn": arn, "ecsManagedResources": managed.get(arn)}
            for arn in members["serviceRevisionArns"]
        ]
        return {"serviceRevisions": described}


def test_services_are_shown_at_the_urls_that_ecs_has_made_for_them():
    services = [
        {"serviceName": name, "currentServiceRevisions": [{"arn": name}]} for name in ("express", "gateway", "plain")
    ]
    external = {"serviceName": "external", "currentServiceRevisions": []}
    server = RevisionServer("http://127.0.0.1:1", REGION)
    assert _managed_urls(server, PublicUrls(server), [*services, external]) == {
        "express": ["https://ex.localhost:8443"],
        "gateway": ["https://a.localhost:8443", "https://b.localhost"],
        "plain": [],
    }
    server.https_port = None
    assert _managed_urls(server, PublicUrls(server), services[:1]) == {"express": ["https://ex.localhost"]}
