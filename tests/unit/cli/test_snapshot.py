"""The URLs that ``moyai status`` shows."""

from __future__ import annotations

from moyai.cli.options import REGION
from moyai.cli.remote import Remote
from moyai.cli.snapshot import _Port, _PublicUrls, _schemes, _service, _tls_ports

DEPLOYMENT = {"serviceConnectConfiguration": {"services": [{"portName": "web", "tls": {}}, {"portName": "admin"}]}}
PORTS = {"td": [_Port(8080, "web"), _Port(9000, "admin"), _Port(9001, "")]}


def test_an_encrypted_port_has_an_https_url():
    encrypted = {"ecs-svc/1": _tls_ports(DEPLOYMENT), "ecs-svc/2": _tls_ports({})}
    task = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/1"}
    assert _schemes(PORTS, encrypted, task) == [("https", 8080), ("http", 9000), ("http", 9001)]
    before = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/2"}
    assert _schemes(PORTS, encrypted, before) == [("http", 8080), ("http", 9000), ("http", 9001)]
    assert _schemes(PORTS, encrypted, {"taskDefinitionArn": "td"})[0] == ("http", 8080)


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


class Server(Remote):
    """A server that publishes a task's port 80 at 20000 of its host, and services at 8080."""

    def public_addresses(self):
        return {"eni-1": "127.83.0.1"}

    def gateway(self):
        return {"http_port": 8080, "ports": [{"address": "127.83.0.1", "port": 80, "gateway_port": 20000}]}


class MachineServer(Server):
    """A server whose public addresses are on the caller's machine."""

    def gateway(self):
        return {"http_port": None, "ports": []}


PORTS_OF_TASK = (("http", 80), ("https", 443))


def test_a_public_port_is_shown_at_its_gateway_port_on_the_servers_host():
    urls = _PublicUrls(Server("http://192.168.1.5:4566", REGION))
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://192.168.1.5:20000", "https://127.83.0.1:443"]
    assert urls.of("eni-2", PORTS_OF_TASK) == urls.of(None, PORTS_OF_TASK) == []
    assert _PublicUrls(Server("http://[::1]:4566", REGION)).of("eni-1", PORTS_OF_TASK)[0] == "http://[::1]:20000"


def test_a_service_is_shown_by_its_name_where_there_is_a_port_for_that():
    assert (
        _PublicUrls(Server("http://127.0.0.1:1", REGION)).of_service("Front", "web")
        == "http://front.web.localhost:8080"
    )
    urls = _PublicUrls(MachineServer("http://127.0.0.1:1", REGION))
    assert urls.of_service("Front", "web") == ""
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://127.83.0.1:80", "https://127.83.0.1:443"]
