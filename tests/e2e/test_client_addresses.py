"""Network load balancers: whom their targets see as the client, and datagrams from outside of the VPC."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ECHO = """
import socket
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(('', 9000))
while True:
    _, peer = server.recvfrom(100)
    server.sendto(peer[0].encode(), peer)
"""
ASK = """
import socket, sys
client = socket.socket(type=socket.SOCK_DGRAM)
client.settimeout(5)
client.connect((sys.argv[1], 9000))
client.send(b'who')
print(client.recv(100).decode(), end='')
"""
KEEP = "preserve_client_ip.enabled"


class NetworkBalancer:
    """A network load balancer in the default VPC, without security groups."""

    def __init__(self, cluster: Cluster, name: str, scheme: str) -> None:
        self.elb, self.name = cluster.installation.client("elbv2"), name
        created = self.elb.create_load_balancer(Name=name, Type="network", Subnets=cluster.subnets[:1], Scheme=scheme)
        (self.record,) = created["LoadBalancers"]
        self.ec2 = cluster.installation.client("ec2")

    def forward(self, protocol: str, port: int, target: str) -> str:
        """A listener that forwards to a port of a target, whose health is that of its HTTP server; the group's ARN."""
        group = self.elb.create_target_group(
            Name=f"{self.name}-{port}",
            Protocol=protocol,
            Port=port,
            VpcId=self.record["VpcId"],
            TargetType="ip",
            HealthCheckPort="8080",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=4,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.set(group, "load_balancing.cross_zone.enabled", "true")
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
        action = {"Type": "forward", "TargetGroupArn": group}
        arn = self.record["LoadBalancerArn"]
        self.elb.create_listener(LoadBalancerArn=arn, Protocol=protocol, Port=port, DefaultActions=[action])
        return str(group)

    def set(self, group: str, key: str, value: str) -> None:
        self.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": key, "Value": value}])

    def interface(self) -> Any:
        """The network interface of its node."""
        description = f"ELB {self.record['LoadBalancerArn'].partition(':loadbalancer/')[2]}"
        filters = [{"Name": "description", "Values": [description]}]
        (interface,) = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return interface


@pytest.fixture(scope="module")
def cluster(make_installation: Callable[..., Installation]) -> Cluster:
    new_installation = make_installation()
    new_installation.up()
    admit_everybody(new_installation)
    return Cluster(new_installation, "clients")


def admit_everybody(installation: Installation) -> None:
    """Let all addresses call the tasks of the default VPC: a load balancer without security groups is in none."""
    ec2 = installation.client("ec2")
    of_default = [{"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=of_default)["SecurityGroups"]
    anywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[anywhere])


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("caller", connect=False)


class Target(NamedTuple):
    """The addresses of a task that answers with its client's address, by HTTP and by UDP."""

    private: str
    public: str


@pytest.fixture(scope="module")
def target(cluster: Cluster) -> Target:
    mapping = {"containerPort": 9000, "protocol": "udp"}
    echo = app("echo", command=["python3", "-c", ECHO], portMappings=[mapping])
    task = cluster.until(cluster.run(cluster.define("told", app("web", 8080), echo), public=True), "RUNNING")
    return Target(private_address(task), cluster.public_address_of(task))


def private_address(task: Any) -> str:
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    return str(details["privateIPv4Address"])


def test_targets_see_the_address_of_a_client_in_the_vpc(cluster, probe, target):
    balancer = NetworkBalancer(cluster, "keeps", "internal")
    streams, _ = balancer.forward("TCP", 8080, target.private), balancer.forward("UDP", 9000, target.private)
    node, (caller,) = balancer.interface()["PrivateIpAddress"], cluster.tasks("caller")

    def peer() -> str:
        answer = probe.ask("http", url=f"http://{node}:8080/")
        return str(json.loads(answer["text"])["peer"]) if answer.get("status") == 200 else ""

    eventually(lambda: peer() == node, "the target sees the node, as the default is for addresses and TCP")
    balancer.set(streams, KEEP, "true")
    eventually(lambda: peer() == private_address(caller), "the target sees the client")
    answer = eventually(lambda: probe.run("python3", "-c", ASK, node)["out"], "a datagram is answered")
    assert answer == private_address(caller)
    balancer.set(streams, KEEP, "false")
    eventually(lambda: peer() == node, "the target sees the node again")


def ask(address: str) -> str:
    """The answer to a datagram from this machine; empty without one."""
    with socket(AF_INET, SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect((address, 9000))
        try:
            client.send(b"who")
            return client.recv(100).decode()
        except OSError:
            return ""


def test_public_udp_ports_answer_to_this_machine(cluster, target):
    balancer = NetworkBalancer(cluster, "public", "internet-facing")
    balancer.forward("UDP", 9000, target.private)
    interface = balancer.interface()
    answer = eventually(lambda: ask(interface["Association"]["PublicIp"]), "the load balancer forwards a datagram")
    assert answer == interface["PrivateIpAddress"]
    assert eventually(lambda: ask(target.public), "the task answers by itself") == router_address(
        cluster, target.private
    )


def router_address(cluster: Cluster, address: str) -> str:
    """The address of the VPC's router in the subnet of an address: its first one."""
    subnets = cluster.installation.client("ec2").describe_subnets(SubnetIds=cluster.subnets)["Subnets"]
    networks = [ip_network(subnet["CidrBlock"]) for subnet in subnets]
    [network] = [network for network in networks if ip_address(address) in network]
    return str(network[1])
