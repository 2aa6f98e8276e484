"""The URLs that ``moyai status`` shows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from moyai.cli.load_balancers import load_balancers
from moyai.cli.options import REGION
from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote


class Server(Remote):
    """A server that publishes a task's port 80 at 20000 of its host, and services at 8080."""

    def public_addresses(self):
        return {"eni-1": "127.83.0.1"}

    def read(self, path, **_query):
        return {
            "http_port": 8080,
            "https_port": 8443,
            "ports": [{"address": "127.83.0.1", "port": 80, "gateway_port": 20000}],
        }


class MachineServer(Server):
    """A server whose public addresses are on the caller's machine."""

    def read(self, path, **_query):
        return {"http_port": None, "https_port": None, "ports": []}


PORTS_OF_TASK = (("http", 80), ("https", 443))


def test_a_public_port_is_shown_at_its_gateway_port_on_the_servers_host():
    urls = PublicUrls(Server("http://192.168.1.5:4566", REGION))
    assert urls.of("eni-1", PORTS_OF_TASK) == ["http://192.168.1.5:20000", "https://127.83.0.1:443"]
    assert urls.of("eni-2", PORTS_OF_TASK) == urls.of(None, PORTS_OF_TASK) == []
    assert PublicUrls(Server("http://[::1]:4566", REGION)).of("eni-1", PORTS_OF_TASK)[0] == "http://[::1]:20000"


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
    names: tuple[str, ...] = ("web-1.elb.localhost",)

    def call(self, service, operation, **parameters):
        assert (service, operation) == ("acm", "DescribeCertificate")
        return {"Certificate": {"SubjectAlternativeNames": list(self.names)}}

    def public_addresses_by_description(self):
        return {"ELB app/web/1": ["127.83.0.1", "127.83.0.2"]}

    def query(self, service, version, action, **parameters):
        if action == "DescribeLoadBalancers":
            return ET.XML(BALANCER.format(self.kind))
        members = (
            f"<member><Port>{port}</Port><Protocol>{name}</Protocol></member>" for port, name in LISTENERS.items()
        )
        return ET.XML(f"<r><{action}Result><Listeners>{''.join(members)}</Listeners></{action}Result></r>")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["*.shop.test", "shop.test"], "https://shop.test:8443"),
        (["shop.test", "web-1.elb.localhost"], "https://web-1.elb.localhost:8443"),
        (["*.shop.test"], "https://web-1.elb.localhost:8443"),
    ],
)
def test_https_is_shown_by_a_name_of_the_certificate_and_at_no_address(names, expected):
    remote = BalancedServer("http://127.0.0.1:4566", REGION)
    remote.names = names
    [row] = load_balancers(remote, PublicUrls(remote))
    assert [url for url in row["urls"] if url.startswith("https:")] == [expected]


def test_a_load_balancer_is_shown_by_its_name_and_at_gateway_ports():
    remote = BalancedServer("http://127.0.0.1:4566", REGION)
    [row] = load_balancers(remote, PublicUrls(remote))
    assert row["urls"] == [
        "http://web-1.elb.localhost:8080",
        "https://web-1.elb.localhost:8443",
        "http://127.0.0.1:20000",
        "tcp://127.83.0.1:5432",
    ]


def test_each_node_of_a_network_load_balancer_is_shown():
    remote = BalancedServer("http://127.0.0.1:4566", REGION)
    remote.kind = "network"
    [row] = load_balancers(remote, PublicUrls(remote))
    assert row["urls"][-2:] == ["tcp://127.83.0.1:5432", "tcp://127.83.0.2:5432"]


class SharingServer(BalancedServer):
    """A server with two load balancers, each with two HTTPS listeners, whose certificates are for the same names."""

    names = ("443.b.elb.localhost", "shop.test")

    def public_addresses_by_description(self):
        return {f"ELB app/{name}/1": ["127.83.0.1"] for name in "ab"}

    def query(self, service, version, action, **parameters):
        if action != "DescribeLoadBalancers":
            ports = "".join(f"<member><Port>{n}</Port><Protocol>HTTPS</Protocol></member>" for n in (8443, 443))
            return ET.XML(f"<r><{action}Result><Listeners>{ports}</Listeners></{action}Result></r>")
        balancers = (
            f"<member><LoadBalancerArn>arn:loadbalancer/app/{name}/1</LoadBalancerArn><Type>application</Type>"
            f"<LoadBalancerName>{name}</LoadBalancerName><DNSName>{name}.elb.localhost</DNSName></member>"
            for name in "ba"
        )
        return ET.XML(f"<r><{action}Result><LoadBalancers>{''.join(balancers)}</LoadBalancers></{action}Result></r>")


def test_a_certificates_name_is_shown_only_for_the_listener_that_it_leads_to():
    remote = SharingServer("http://127.0.0.1:4566", REGION)
    urls = {row["name"]: row["urls"] for row in load_balancers(remote, PublicUrls(remote))}
    assert list(urls) == ["b", "a"]
    assert urls["a"] == ["https://shop.test:8443", "https://8443.a.elb.localhost:8443"]
    assert urls["b"] == ["https://443.b.elb.localhost:8443", "https://8443.b.elb.localhost:8443"]
