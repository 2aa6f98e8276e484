"""assignPublicIp: an address on this machine, found as on AWS, and shown by ``moyai status``."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from ipaddress import ip_address, ip_network

import pytest

from tests.e2e.stack import Cluster, app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture(scope="module")
def cluster(server):
    new_cluster = Cluster(server, "public")
    definition = new_cluster.define("public-web", app("web", 8080), app("lines", 7000))
    new_cluster.serve("front", definition, connect=False, public=True)
    new_cluster.steady("front")
    return new_cluster


def status_of(host):
    connection = HTTPConnection(host, 8080, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def test_the_network_interface_has_an_address_that_answers(cluster):
    address = cluster.public_address("front")
    assert ip_address(address) in ip_network("127.83.0.0/16")
    assert eventually(lambda: status_of(address)) == 200


def test_status_prints_the_url(cluster):
    address = cluster.public_address("front")
    output = cluster.installation.moyai("status")
    assert f"http://{address}:8080" in output
    document = json.loads(cluster.installation.moyai("status", "--json"))
    (mine,) = [c for c in document["clusters"] if c["name"] == "public"]
    assert mine["tasks"][0]["urls"] == [f"http://{address}:8080", f"http://{address}:7000"]
    assert mine["services"][0]["running"] == 1


def test_a_task_without_a_public_address_has_no_association(cluster, server):
    arn = cluster.run(cluster.define("private", app("web", 8080)))
    task = cluster.until(arn, "RUNNING")
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    (interface,) = server.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[details["networkInterfaceId"]]
    )["NetworkInterfaces"]
    assert "Association" not in interface
    assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
