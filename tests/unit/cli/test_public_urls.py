"""The URLs that ``moyai status`` shows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from moyai.cli.load_balancers import load_balancers
from moyai.cli.options import REGION
from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote

BALANCER_ARN = "arn:loadbalancer/app/web/1"


class Server(Remote):
    """A server that publishes a task's port 80 at 20000 of its host, and services at 8080."""

    def public_addresses(self):
        return {"eni-1": "127.83.0.1"}

    def read(self, path, **_query):
        return {
            "failures": {"127.83.0.1:80": "Address already in use"},
            "http_port": 8080,
            "https_port": 8443,
            "ports": [{"address": "127.83.0.1", "port": 80, "protocol": "tcp", "gateway_port": 20000}],
            "listeners": [
                {"load_balancer": arn, "port": port, "url": f"{scheme}://{name}.test:8443"}
                for arn, port, scheme, name in (
                    (BALANCER_ARN, 80, "http", "web"),
                    (BALANCER_ARN, 443, "https", "shop"),
                    ("arn:loadbalancer/app/other/1", 443, "https", "other"),
                )
            ],
        }


class MachineServer(Server):
    """A server whose public addresses are on the caller's machine."""

    def read(self, path, **_query):
        return {"http_port": None, "https_port": None, "ports": [], "listeners": []}


class OlderServer(Server):
    """A server that has gateway ports of TCP only, and no names of listeners."""

    def read(self, path, **_query):
        ports = [{"address": "127.83.0.1", "port": 80, "gateway_port": 20000}]
        return {"http_port": None, "https_port": None, "ports": ports}


PORTS_OF_TASK = (("http", 80), ("https", 443))


def test_a_public_port_is_shown_at_its_gateway_port_on_the_servers_host():
    urls = PublicUrls(Server("http://192.168.1.5:4566", REGION))
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://192.168.1.5:20000", "https://127.83.0.1:443"]
    assert urls.of("eni-2", PORTS_OF_TASK) == urls.of(None, PORTS_OF_TASK) == []
    assert PublicUrls(Server("http://[::1]:4566", REGION)).of("eni-1", PORTS_OF_TASK)[0] == "http://[::1]:20000"


def test_an_older_server_that_still_runs_shows_the_urls_that_it_has():
    urls = PublicUrls(OlderServer("http://192.168.1.5:4566", REGION))
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://192.168.1.5:20000", "https://127.83.0.1:443"]
    assert urls.of_listeners(BALANCER_ARN) == {}
    assert urls.failures == {}


def test_a_service_is_shown_by_its_name_where_there_is_a_port_for_that():
    urls = PublicUrls(Server("http://127.0.0.1:1", REGION))
    assert urls.of_name("Front.web.localhost") == "http://front.web.localhost:8080"
    urls = PublicUrls(MachineServer("http://127.0.0.1:1", REGION))
    assert urls.of_name("front.web.localhost") == ""
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://127.83.0.1:80", "https://127.83.0.1:443"]


LISTENERS = {80: "HTTP", 443: "HTTPS", 53: "UDP", 5432: "TCP"}
BALANCER = """
<r><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>arn:loadbalancer/app/web/1</LoadBalancerArn>
<LoadBalancerName>web</LoadBalancerName><Type>{0}</Type><DNSName>web-1.elb.localhost</DNSName></member></LoadBalancers>
</DescribeLoadBalancersResult></r>
"""


class BalancedServer(Server):
    """A server with a load balancer at the public address."""

    kind = "application"

    def public_addresses_by_description(self):
        return {"ELB app/web/1": ["127.83.0.1", "127.83.0.2"]}

    def query(self, service, version, action, **parameters):
        if action == "DescribeLoadBalancers":
            return ET.XML(BALANCER.format(self.kind))
        members = (
            f"<member><Port>{port}</Port><Protocol>{name}</Protocol></member>" for port, name in LISTENERS.items()
        )
        return ET.XML(f"<r><{action}Result><Listeners>{''.join(members)}</Listeners></{action}Result></r>")


def test_a_load_balancer_is_shown_by_its_name_and_at_gateway_ports():
    remote = BalancedServer("http://127.0.0.1:4566", REGION)
    [row] = load_balancers(remote, PublicUrls(remote))
    assert row["urls"] == [
        "http://web.test:8443",
        "https://shop.test:8443",
        "udp://127.83.0.1:53",
        "http://127.0.0.1:20000",
        "tcp://127.83.0.1:5432",
    ]


def test_each_node_of_a_network_load_balancer_is_shown():
    remote = BalancedServer("http://127.0.0.1:4566", REGION)
    remote.kind = "network"
    [row] = load_balancers(remote, PublicUrls(remote))
    assert row["urls"][-2:] == ["tcp://127.83.0.1:5432", "tcp://127.83.0.2:5432"]
