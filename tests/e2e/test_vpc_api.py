"""A network as tools make it, tasks in it, and the way back; what a task finds in a VPC of its account's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.stack import shell
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

ACCOUNT = "200000000001"
"""An account of these tests' own: its VPCs are in nobody's way."""
ANYWHERE = "0.0.0.0/0"


class Network:
    """A VPC with a public subnet in zone a and a private one in zone b, made in the order in which tools make it."""

    def __init__(self, installation: Installation, cidr: str = "10.40.") -> None:
        self.ec2 = installation.client("ec2", key=ACCOUNT)
        self.ecs = installation.client("ecs", key=ACCOUNT)
        ec2 = self.ec2
        self.vpc = ec2.create_vpc(CidrBlock=f"{cidr}0.0/16", TagSpecifications=name_tag("vpc", "net"))["Vpc"]["VpcId"]
        ec2.get_waiter("vpc_available").wait(VpcIds=[self.vpc])
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public = self._subnet(f"{cidr}0.0/24", "a")
        self.private = self._subnet(f"{cidr}1.0/24", "b")
        ec2.modify_subnet_attribute(SubnetId=self.public, MapPublicIpOnLaunch={"Value": True})
        self.address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat_gateway = ec2.create_nat_gateway(SubnetId=self.public, AllocationId=self.address)["NatGateway"]
        self.nat = nat_gateway["NatGatewayId"]
        ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[self.nat])
        self.tables = [
            self._table(self.public, GatewayId=self.gateway),
            self._table(self.private, NatGatewayId=self.nat),
        ]
        params = {"GroupName": "web", "Description": "web", "VpcId": self.vpc}
        self.group = ec2.create_security_group(**params)["GroupId"]
        inside = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": f"{cidr}0.0/16"}]}]
        ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=inside)

    def _subnet(self, cidr: str, zone: str) -> str:
        params = {"VpcId": self.vpc, "CidrBlock": cidr, "AvailabilityZone": f"us-east-1{zone}"}
        subnet_id: str = self.ec2.create_subnet(**params)["Subnet"]["SubnetId"]
        self.ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet_id])
        return subnet_id

    def _table(self, subnet: str, **target: str) -> str:
        table: str = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **target)
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def run(self, cluster: str, *containers: dict[str, Any], subnet: str | None = None) -> str:
        """Run one task in the private subnet, or this one; its ARN."""
        self.ecs.create_cluster(clusterName=cluster)
        definition = self.ecs.register_task_definition(
            family=cluster,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=list(containers),
        )["taskDefinition"]["taskDefinitionArn"]
        network = {"subnets": [subnet or self.private], "securityGroups": [self.group]}
        answer = self.ecs.run_task(
            cluster=cluster, taskDefinition=definition, networkConfiguration={"awsvpcConfiguration": network}
        )
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])

    def until(self, cluster: str, task: str, status: str) -> Any:
        """The task, once it has this lastStatus."""

        def task_in_status() -> Any:
            (found_task,) = self.ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
            return found_task if found_task["lastStatus"] == status else None

        return eventually(task_in_status, f"{task} is {status}")

    def take_away(self) -> None:
        """Delete all of it, in the order in which tools do."""
        ec2 = self.ec2
        ec2.delete_nat_gateway(NatGatewayId=self.nat)
        ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[self.nat])
        ec2.release_address(AllocationId=self.address)
        for table in ec2.describe_route_tables(RouteTableIds=self.tables)["RouteTables"]:
            for association in table["Associations"]:
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
            ec2.delete_route_table(RouteTableId=table["RouteTableId"])
        ec2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=self.gateway)
        for subnet in (self.public, self.private):
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_security_group(GroupId=self.group)
        ec2.delete_vpc(VpcId=self.vpc)


def name_tag(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def error_code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def simulated_network(simulation: Installation) -> Iterator[Network]:
    network = Network(simulation)
    yield network
    network.take_away()


def test_a_network_is_created_used_and_deleted(simulated_network):
    network, cluster = simulated_network, "lived-in"
    task = network.run(cluster, shell("sleep 1000"))
    running = network.until(cluster, task, "RUNNING")
    assert running["availabilityZone"] == "us-east-1b"
    mine = [{"Name": "group-id", "Values": [network.group]}]
    (interface,) = network.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
    assert (interface["VpcId"], interface["SubnetId"]) == (network.vpc, network.private)
    assert interface["PrivateIpAddress"] == "10.40.1.4"
    (subnet,) = network.ec2.describe_subnets(SubnetIds=[network.private])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == 256 - 5 - 1
    assert error_code(network.ec2.delete_subnet, SubnetId=network.private) == "DependencyViolation"
    assert error_code(network.ec2.delete_security_group, GroupId=network.group) == "DependencyViolation"
    network.ecs.stop_task(cluster=cluster, task=task)
    network.until(cluster, task, "STOPPED")


FINDS = """
cat /etc/resolv.conf
getent hosts web.here.internal
python3 -c "
import json, os, urllib.request
with urllib.request.urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4']) as answer:
    print(json.load(answer)['Networks'][0]['IPv4SubnetCIDRBlock'])
"
"""


@pytest.mark.heavy
def test_a_task_in_a_custom_vpc_finds_names_and_metadata(server):
    network, cluster = Network(server, "10.41."), "finds"
    cloudmap = server.client("servicediscovery", key=ACCOUNT)
    operation = cloudmap.create_private_dns_namespace(Name="here.internal", Vpc=network.vpc)["OperationId"]
    targets = eventually(lambda: cloudmap.get_operation(OperationId=operation)["Operation"].get("Targets"))
    service = cloudmap.create_service(
        Name="web",
        NamespaceId=targets["NAMESPACE"],
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 5}]},
    )["Service"]["Id"]
    cloudmap.register_instance(ServiceId=service, InstanceId="i", Attributes={"AWS_INSTANCE_IPV4": "10.41.9.9"})
    eventually(lambda: cloudmap.list_instances(ServiceId=service)["Instances"], "the instance is registered")
    task = network.run(cluster, shell(FINDS))
    network.until(cluster, task, "STOPPED")
    log = server.own("GET", f"logs?task={task.rpartition('/')[2]}&container=main").decode()
    assert "nameserver 10.41.0.2" in log
    assert "10.41.9.9" in log
    assert "10.41.1.0/24" in log
    network.take_away()
