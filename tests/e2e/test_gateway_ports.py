"""Public ports at ports of this machine, and services by name."""

from __future__ import annotations

import json
import socket
from functools import partial
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.ports import free_port
from tests.e2e.stack import Cluster, app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """The gateway's: one for a public port, one for names."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def cluster(make_installation, ports):
    """A service with two public ports, and a gateway port for one of them."""
    gateway_port, http_port = ports
    installation = make_installation(f"--gateway-ports={gateway_port}", f"--gateway-http-port={http_port}")
    installation.up()
    new_cluster = Cluster(installation, "Shop")
    definition = new_cluster.define("front", app("web", 8080), app("lines", 9000))
    new_cluster.serve("front", definition, connect=False, public=True)
    new_cluster.steady("front")
    return new_cluster


def gateway(cluster: Cluster) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(cluster.installation.own("GET", "gateway"))
    return report


def status_of(port: int, host: str) -> int | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": host})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def answers(port: int, host: str) -> bool:
    return status_of(port, host) == 200


def test_a_service_answers_by_its_name(cluster, ports):
    _, http_port = ports
    for name in (f"front.shop.localhost:{http_port}", "8080.front.Shop.localhost"):
        eventually(partial(answers, http_port, name), name)
    assert status_of(http_port, "back.shop.localhost") == 404
    assert status_of(http_port, "evil.example") == 404


def test_a_public_port_keeps_its_gateway_port_when_the_control_plane_starts_again(cluster, ports):
    before = gateway(cluster)
    assert [port["gateway_port"] for port in before["ports"]] == [ports[0]]
    cluster.installation.kill()
    cluster.installation.up()
    eventually(lambda: gateway(cluster) == before, "the same ports as before")
    assert "all 1 gateway ports are in use" in cluster.installation.log.read_text()


def test_a_port_in_use_is_reported_and_opened_once_it_is_free(make_installation):
    port = free_port()
    installation = make_installation(f"--gateway-http-port={port}")
    with socket.create_server(("127.0.0.1", port)):
        installation.up()
        assert f"--gateway-http-port {port}: another program has this port" in installation.log.read_text()
        new_cluster = Cluster(installation, "shop")
        new_cluster.serve("front", new_cluster.define("front", app("web", 8080)), connect=False, public=True)
        new_cluster.steady("front")
        eventually(lambda: ports_not_open(installation) == ["services by name"], "doctor's finding")
        eventually(lambda: "services by name can't be opened" in installation.log.read_text(), "the log's line")
        assert "services by name can't be opened" in installation.moyai("status")
    eventually(partial(answers, port, "front.shop.localhost"), "the service by its name")
    assert ports_not_open(installation) == []


def ports_not_open(installation: Installation) -> list[str]:
    """What doctor says could not be opened."""
    report = json.loads(installation.own("GET", "doctor"))
    return [finding["subject"] for finding in report["findings"] if finding["kind"] == "port-not-open"]


def test_status_shows_the_gateway_port_and_the_services_name(cluster, ports):
    gateway_port, http_port = ports
    eventually(lambda: gateway(cluster)["ports"], "ports")
    [mine] = json.loads(cluster.installation.moyai("status", "--json"))["clusters"]
    [task], [service] = mine["tasks"], mine["services"]
    published = gateway(cluster)["ports"][0]["port"]
    assert f"http://127.0.0.1:{gateway_port}" in task["urls"]
    assert len([url for url in task["urls"] if url.startswith("http://127.83.")]) == 1
    assert published in {8080, 9000}
    assert service["url"] == f"http://front.shop.localhost:{http_port}"
