"""The URLs that ``moyai status`` shows."""

from __future__ import annotations

from moyai.cli.snapshot import _encrypted, _Port, _schemes

DEPLOYMENT = {"serviceConnectConfiguration": {"services": [{"portName": "web", "tls": {}}, {"portName": "admin"}]}}
PORTS = {"td": [_Port(8080, "web"), _Port(9000, "admin"), _Port(9001, "")]}


def test_a_port_that_its_deployment_encrypts_is_called_by_https():
    encrypted = {"ecs-svc/1": _encrypted(DEPLOYMENT), "ecs-svc/2": _encrypted({})}
    task = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/1"}
    assert _schemes(PORTS, encrypted, task) == [("https", 8080), ("http", 9000), ("http", 9001)]
    before = {"taskDefinitionArn": "td", "startedBy": "ecs-svc/2"}
    assert _schemes(PORTS, encrypted, before) == [("http", 8080), ("http", 9000), ("http", 9001)]
    assert _schemes(PORTS, encrypted, {"taskDefinitionArn": "td"})[0] == ("http", 8080)
