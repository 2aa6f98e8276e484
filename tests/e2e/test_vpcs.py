"""Networks of one's own, as boto3 makes them: two VPCs and clusters, peered and parted, groups, a way outside.

A client in VPC A calls by name a Service Connect service in VPC B, through both proxies.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ANYWHERE = "0.0.0.0/0"
WEB_PORT = 8080
NOTHING = {"OSError", "TimeoutError"}
"""A router says that there is no way, but not to the same client again and again."""


@dataclass
class Net:
    """A VPC with one subnet, a security group, and its main route table."""

    ec2: Any
    cidr: str
    vpc: str = field(init=False)
    subnet: str = field(init=False)
    group: str = field(init=False)
    table: str = field(init=False)

    def __post_init__(self) -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock=f"{self.cidr}.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{self.cidr}.1.0/24")["Subnet"]["SubnetId"]
        security_group = self.ec2.create_security_group(VpcId=self.vpc, GroupName="tasks", Description="tasks")
        self.group = security_group["GroupId"]
        mine = [{"Name": "vpc-id", "Values": [self.vpc]}]
        self.table = self.ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]

    @property
    def network(self) -> dict[str, Any]:
        return {"subnets": [self.subnet], "securityGroups": [self.group], "assignPublicIp": "DISABLED"}

    def route(self, destination: str, **target: str) -> None:
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=destination, **target)

    def allow(self, rule: dict[str, Any]) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[rule])

    def refuse(self, rule: dict[str, Any]) -> None:
        self.ec2.revoke_security_group_ingress(GroupId=self.group, IpPermissions=[rule])


@dataclass
class World:
    """Two VPCs, a cluster in each, one namespace for both."""

    installation: Installation
    here: Net
    there: Net
    callers: Cluster
    servers: Cluster
    probe: Probe
    peering: str = ""


def web_for(**whom: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": WEB_PORT, "ToPort": WEB_PORT, **whom}


def serve(cluster: Cluster, net: Net, name: str, definition: str, *offers: Any, public: bool = False) -> None:
    """A service whose tasks stand in this VPC."""
    network = net.network | {"assignPublicIp": "ENABLED" if public else "DISABLED"}
    connect = {"enabled": True, "services": list(offers)}
    cluster.ecs.create_service(
        cluster=cluster.name,
        serviceName=name,
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
        serviceConnectConfiguration=connect,
    )
    cluster.steady(name)


@pytest.fixture(scope="module")
def world(make_installation: Callable[[], Installation]) -> World:
    installation = make_installation()
    installation.up()
    ec2 = installation.client("ec2")
    here, there = Net(ec2, "10.1"), Net(ec2, "10.2")
    servers, callers = Cluster(installation, "there", "shared"), Cluster(installation, "here", "shared")
    serve(servers, there, "web", servers.define("web", app("web", WEB_PORT, "http")), offer("web", "web"))
    definition = callers.define("caller", app("probe", 8080, "http"))
    serve(callers, here, "caller", definition, public=True)
    probe = Probe(callers.public_address("caller"), 8080)
    eventually(probe.answers, "the probe answers through its public address, though no group lets anybody in")
    return World(installation, here, there, callers, servers, probe)


def answer(world: World, url: str = "http://web/") -> Any:
    return world.probe.ask("http", url=url)


def answers_by_name(world: World) -> bool:
    received_answer = answer(world)
    return bool(received_answer.get("status") == 200) and answered_by(received_answer) == task_id(
        web_task(world)["taskArn"]
    )


def answered_by(got: Any) -> str:
    return str(json.loads(got["text"])["task"])


def web_task(world: World) -> Any:
    (task,) = world.servers.tasks("web")
    return task


def web_address(world: World) -> str:
    details = {d["name"]: d["value"] for a in web_task(world)["attachments"] for d in a["details"]}
    return str(details["privateIPv4Address"])


def directly(world: World) -> str:
    """The answer to a caller that connects to the server's own address."""
    received_answer = world.probe.ask("lines", host=web_address(world), port=WEB_PORT, line="x", patience=3)
    return str(received_answer.get("error", "answered"))


def test_vpcs_without_a_peering_are_isolated(world: World) -> None:
    world.there.allow(web_for(IpRanges=[{"CidrIp": ANYWHERE}]))
    assert directly(world) in NOTHING
    assert answer(world)["status"] == 503


def test_a_peering_lets_a_client_reach_a_service_of_the_other_vpc_by_name(world: World) -> None:
    ec2 = world.here.ec2
    vpc_peering_connection = ec2.create_vpc_peering_connection(VpcId=world.here.vpc, PeerVpcId=world.there.vpc)
    world.peering = vpc_peering_connection["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    eventually(lambda: peering_status(world) == "pending-acceptance")
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=world.peering)
    eventually(lambda: peering_status(world) == "active")
    world.here.route("10.2.0.0/16", VpcPeeringConnectionId=world.peering)
    world.there.route("10.1.0.0/16", VpcPeeringConnectionId=world.peering)
    eventually(lambda: answers_by_name(world), "the name answers from the other VPC")
    eventually(lambda: directly(world) == "answered", "the address answers")


def peering_status(world: World) -> str:
    response = world.here.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[world.peering])
    return str(response["VpcPeeringConnections"][0]["Status"]["Code"])


def test_revoking_and_granting_security_group_rules_takes_effect(world: World) -> None:
    world.there.refuse(web_for(IpRanges=[{"CidrIp": ANYWHERE}]))
    eventually(lambda: directly(world) == "TimeoutError", "the address is closed")
    world.there.allow(web_for(IpRanges=[{"CidrIp": "10.1.200.0/24"}]))
    assert directly(world) == "TimeoutError"
    world.there.allow(web_for(UserIdGroupPairs=[{"GroupId": world.here.group}]))
    eventually(lambda: directly(world) == "answered", "the callers' group is let in")
    eventually(lambda: answers_by_name(world), "the name answers")


def test_network_rules_hold_while_the_control_plane_is_down_and_after(world: World) -> None:
    address = web_address(world)

    def other_port() -> str:
        return str(world.probe.ask("lines", host=address, port=9, line="x", patience=1)["error"])

    world.installation.kill()
    assert answer(world)["status"] == 200
    assert other_port() == "TimeoutError"
    world.installation.up()
    assert answer(world)["status"] == 200
    world.there.refuse(web_for(UserIdGroupPairs=[{"GroupId": world.here.group}]))
    eventually(lambda: directly(world) == "TimeoutError", "the new control plane closes the address")
    assert other_port() == "TimeoutError"
    world.there.allow(web_for(UserIdGroupPairs=[{"GroupId": world.here.group}]))
    eventually(lambda: directly(world) == "answered")


# ------------------------------------------------------------------------------------------------------- the outside


@pytest.fixture
def outside() -> Iterator[tuple[str, int]]:
    """A server of this machine, on the address by which others know it."""
    routes = json.loads(subprocess.run(["ip", "-json", "-4", "addr"], capture_output=True, check=True).stdout)
    addresses = [a["local"] for link in routes for a in link["addr_info"] if not a["local"].startswith("127.")]
    if not addresses:
        pytest.skip("this machine has no address but its loopback's")
    with socket.create_server((addresses[0], 0)) as server:
        threading.Thread(target=_welcome, args=(server,), daemon=True).start()
        yield server.getsockname()[:2]


def _welcome(server: socket.socket) -> None:
    while True:
        try:
            link, _ = server.accept()
        except OSError:
            return
        with link:
            link.recv(16)
            link.sendall(b"welcome\n")


def reach(world: World, host: str, port: int, patience: float = 3) -> str:
    received_answer = world.probe.ask("lines", host=host, port=port, line="x", patience=patience)
    return str(received_answer.get("text", received_answer.get("error")))


def pasta(world: World) -> int:
    """The process that leads the callers' VPC outside."""
    kept = world.installation.state / f"run/outside/outside-{world.here.vpc}/container/state.json"
    return int(json.loads(kept.read_text())["init"])


def test_an_internet_gateway_route_leads_outside_but_not_to_the_hosts_loopback(
    world: World, outside: tuple[str, int]
) -> None:
    assert reach(world, *outside) in NOTHING
    gateway = world.here.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    world.here.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=world.here.vpc)
    world.here.route(ANYWHERE, GatewayId=gateway)
    eventually(lambda: reach(world, *outside) == "welcome", "the caller's public address opens the way")
    os.kill(pasta(world), signal.SIGKILL)
    eventually(lambda: reach(world, *outside) == "welcome", "what leads outside is started again")
    for host in ("127.0.0.1", "192.0.0.1", "10.1.1.1"):
        assert reach(world, host, world.installation.port, patience=20) == "ConnectionRefusedError"
    nowhere = f"{outside[0]}/32"
    world.here.route(nowhere, VpcPeeringConnectionId=world.peering)
    eventually(lambda: reach(world, *outside) in NOTHING, "what isn't there behind the peering is nowhere")
    world.here.ec2.delete_route(RouteTableId=world.here.table, DestinationCidrBlock=nowhere)
    eventually(lambda: reach(world, *outside) == "welcome", "the wider route counts again")
    world.here.ec2.delete_route(RouteTableId=world.here.table, DestinationCidrBlock=ANYWHERE)
    eventually(lambda: reach(world, *outside) in NOTHING, "the way is closed")


def test_a_subnet_behind_a_nat_gateway_reaches_external_addresses(world: World, outside: tuple[str, int]) -> None:
    ec2, here = world.here.ec2, world.here
    public = ec2.create_subnet(VpcId=here.vpc, CidrBlock=f"{here.cidr}.2.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=here.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=public)
    mine = [{"Name": "attachment.vpc-id", "Values": [here.vpc]}]
    gateway = ec2.describe_internet_gateways(Filters=mine)["InternetGateways"][0]["InternetGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    here.route(ANYWHERE, NatGatewayId=nat)
    eventually(lambda: reach(world, *outside) == "welcome", "the NAT gateway opens the way")
    here.ec2.delete_route(RouteTableId=here.table, DestinationCidrBlock=ANYWHERE)


def test_a_deleted_peering_carries_no_traffic(world: World) -> None:
    world.here.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=world.peering)
    eventually(lambda: directly(world) in NOTHING)
