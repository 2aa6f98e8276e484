"""Two tasks of a VPC with IPv6: one finds the other by AAAA and calls it by IPv6; a task of another VPC can't."""

from __future__ import annotations

import json
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ACCOUNT = "200000000006"
"""An account of these tests' own."""
SERVES = "cd /etc && exec python3 -S -m http.server 8080 --bind ::"
CALLS = """
python3 - <<'EOF'
import http.client, json, os, socket, urllib.request
found = sorted({entry[4][0] for entry in socket.getaddrinfo('web.dual.test', 8080, socket.AF_INET6)})
print('found', *found)
for address in found:
    link = http.client.HTTPConnection(address, 8080, timeout=60)
    link.request('GET', '/hostname')
    own = link.sock.getsockname()[0]
    print('called', link.getresponse().status, 'from', own)
print('by name', urllib.request.urlopen('http://web.dual.test:8080/hostname', timeout=60).status)
with urllib.request.urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4']) as answer:
    own = json.load(answer)['Networks'][0]
print('is', own['IPv6Addresses'][0], own['IPv6SubnetCIDRBlock'])
EOF
"""
BY_BALANCER = """
python3 - <<'EOF'
import http.client, socket
for address in sorted({entry[4][0] for entry in socket.getaddrinfo('NAME', 80, socket.AF_INET6)}):
    link = http.client.HTTPConnection(address, 80, timeout=60)
    link.request('GET', '/hostname')
    print('called', address, link.getresponse().status)
EOF
"""
TRIES = """
python3 - <<'EOF'
import socket
try:
    print('reached', socket.create_connection(('ADDRESS', 8080), timeout=3))
except OSError as error:
    print('no way')
EOF
"""


class DualStack:
    """A VPC with a subnet, both with IPv6, and its default security group."""

    def __init__(self, installation: Installation, cidr: str) -> None:
        self.installation = installation
        self.ec2, self.ecs = (installation.client(service, key=ACCOUNT) for service in ("ec2", "ecs"))
        vpc = self.ec2.create_vpc(CidrBlock=f"{cidr}0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        self.id = vpc["VpcId"]
        self.range = IPv6Network(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
        self.part = next(self.range.subnets(new_prefix=64))
        params = {"VpcId": self.id, "CidrBlock": f"{cidr}1.0/24", "Ipv6CidrBlock": str(self.part)}
        self.subnet = self.ec2.create_subnet(**params)["Subnet"]["SubnetId"]
        self.network = {"awsvpcConfiguration": {"subnets": [self.subnet]}}

    def define(self, family: str, line: str, port: int = 0) -> str:
        """A task that runs a line of shell; ``port``: at which it is called by what needs to be told."""
        task_definition = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[shell(line) | ({"portMappings": [{"containerPort": port}]} if port else {})],
        )
        return str(task_definition["taskDefinition"]["taskDefinitionArn"])

    def task_output(self, family: str, line: str) -> list[str]:
        """The output of a task of this VPC."""
        definition = self.define(family, line)
        answer = self.ecs.run_task(cluster="dual", taskDefinition=definition, networkConfiguration=self.network)
        (task,) = answer["tasks"]
        eventually(lambda: self.describe_task(task["taskArn"])["lastStatus"] == "STOPPED", f"{family} has ended")
        identity = task["taskArn"].rpartition("/")[2]
        printed = self.installation.own("GET", f"logs?task={identity}&container=main")
        return [json.loads(line)["text"] for line in printed.splitlines()]

    def describe_task(self, task: str) -> Any:
        """DescribeTasks, of one."""
        (found_task,) = self.ecs.describe_tasks(cluster="dual", tasks=[task])["tasks"]
        return found_task


def registry(installation: Installation, vpc: str) -> str:
    """A Cloud Map service ``web.dual.test`` with A and AAAA."""
    cloudmap = installation.client("servicediscovery", key=ACCOUNT)
    operation = cloudmap.create_private_dns_namespace(Name="dual.test", Vpc=vpc)["OperationId"]
    made = eventually(lambda: cloudmap.get_operation(OperationId=operation)["Operation"].get("Targets"))
    records = [{"Type": "A", "TTL": 2}, {"Type": "AAAA", "TTL": 2}]
    service = cloudmap.create_service(Name="web", NamespaceId=made["NAMESPACE"], DnsConfig={"DnsRecords": records})[
        "Service"
    ]
    return str(service["Arn"])


def test_a_task_is_found_by_aaaa_and_called_by_ipv6_and_not_from_another_vpc(server: Installation):
    here, elsewhere = DualStack(server, "10.61."), DualStack(server, "10.62.")
    here.ecs.create_cluster(clusterName="dual")
    here.ecs.create_service(
        cluster="dual",
        serviceName="web",
        taskDefinition=here.define("web", SERVES, 8080),
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=here.network,
        serviceRegistries=[{"registryArn": registry(server, here.id)}],
    )
    cloudmap = server.client("servicediscovery", key=ACCOUNT)

    def registered_instances() -> Any:
        found_instances = cloudmap.discover_instances(NamespaceName="dual.test", ServiceName="web")["Instances"]
        return found_instances if len(found_instances) == 2 else None

    instances = eventually(registered_instances, "both tasks are registered")
    addresses = sorted(instance["Attributes"]["AWS_INSTANCE_IPV6"] for instance in instances)
    assert all(IPv6Address(address) in here.part for address in addresses)
    task_output = here.task_output("calls", CALLS)
    own = task_output[-1].split()[1]
    assert task_output[0] == " ".join(("found", *addresses))
    assert task_output[1:] == [
        *(f"called 200 from {own}" for _ in addresses),
        "by name 200",
        f"is {own} {here.part}",
    ]
    assert IPv6Address(own) in here.part
    assert elsewhere.task_output("tries", TRIES.replace("ADDRESS", addresses[0])) == ["no way"]
    here.ecs.delete_service(cluster="dual", service="web", force=True)
    gone = {"NamespaceName": "dual.test", "ServiceName": "web"}
    eventually(lambda: cloudmap.discover_instances(**gone)["Instances"] == [], "they are deregistered")


@pytest.mark.parametrize(("family", "cidr"), [("ipv4", "10.63."), ("ipv6", "10.64.")])
def test_a_load_balancer_of_dualstack_is_called_by_ipv6_and_calls_its_targets_by_either(
    server: Installation, family: str, cidr: str
):
    here, name = DualStack(server, cidr), f"dual-{family}"
    elb = server.client("elbv2", key=ACCOUNT)
    here.ecs.create_cluster(clusterName="dual")
    check = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4}
    (created,) = elb.create_target_group(
        Name=name, Protocol="TCP", Port=8080, VpcId=here.id, TargetType="ip", IpAddressType=family, **check
    )["TargetGroups"]
    group = created["TargetGroupArn"]
    of_vpc = [{"Name": "vpc-id", "Values": [here.id]}]
    (members,) = here.ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    (balancer,) = elb.create_load_balancer(
        Name=name,
        Type="network",
        Scheme="internal",
        Subnets=[here.subnet],
        SecurityGroups=[members["GroupId"]],
        IpAddressType="dualstack",
    )["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=[action])
    here.ecs.create_service(
        cluster="dual",
        serviceName=name,
        taskDefinition=here.define(name, SERVES, 8080),
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=here.network,
        loadBalancers=[{"containerName": "main", "containerPort": 8080, "targetGroupArn": group}],
    )

    def healthy() -> bool:
        states = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [state["TargetHealth"]["State"] for state in states] == ["healthy"]

    eventually(healthy, "the task is a healthy target")
    (target,) = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert (":" in target["Target"]["Id"]) == (family == "ipv6")
    node = {"Name": "description", "Values": [f"ELB {arn.partition(':loadbalancer/')[2]}"]}
    (interface,) = here.ec2.describe_network_interfaces(Filters=[node])["NetworkInterfaces"]
    (address,) = (entry["Ipv6Address"] for entry in interface["Ipv6Addresses"])
    called = here.task_output(f"calls-{name}", BY_BALANCER.replace("NAME", balancer["DNSName"]))
    assert called == [f"called {address} 200"]
    here.ecs.delete_service(cluster="dual", service=name, force=True)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.delete_target_group(TargetGroupArn=group)
