"""Load balancers over the public API, as short as a test wants to say them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from moyai.domain.elb.front import front_sandbox
from moyai.kernel.ids import VpcId
from tests.e2e.leftovers import Leftovers
from tests.e2e.stack import Cluster, processes
from tests.e2e.waiting import eventually

CHECK = {
    "HealthCheckPath": "/",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 4,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}


class Balancer:
    """An application load balancer with one HTTP listener at port 80, and one target group of addresses behind it."""

    def __init__(self, cluster: Cluster, name: str, scheme: str = "internet-facing") -> None:
        self.installation = cluster.installation
        self.elb = cluster.installation.client("elbv2")
        self.ec2 = cluster.installation.client("ec2")
        created = self.elb.create_load_balancer(Name=name, Subnets=cluster.subnets[:2], Scheme=scheme)
        (balancer,) = created["LoadBalancers"]
        self.arn, self.dns_name, self.vpc = balancer["LoadBalancerArn"], balancer["DNSName"], balancer["VpcId"]
        self.name = name
        self.group = self.new_group(name)
        self.listener = self.listen(80, self.group)

    def new_group(self, name: str, **more: Any) -> str:
        """A target group; its ARN."""
        group = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=self.vpc, TargetType="ip", **(CHECK | more)
        )
        return str(group["TargetGroups"][0]["TargetGroupArn"])

    def listen(self, port: int, group: str) -> str:
        """A listener that forwards to a group; its ARN."""
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        listener = self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=port, DefaultActions=actions
        )
        return str(listener["Listeners"][0]["ListenerArn"])

    def delete(self) -> None:
        """Delete the load balancer and its target group."""
        self.elb.delete_load_balancer(LoadBalancerArn=self.arn)
        self.elb.delete_target_group(TargetGroupArn=self.group)

    def describe(self) -> Any:
        """DescribeLoadBalancers, of this one."""
        (balancer,) = self.elb.describe_load_balancers(LoadBalancerArns=[self.arn])["LoadBalancers"]
        return balancer

    def await_active(self) -> None:
        """Wait until the load balancer is active."""
        eventually(lambda: self.describe()["State"]["Code"] == "active", f"{self.name} is active")

    @property
    def sandbox(self) -> str:
        """The sandbox of its front proxy. Installations with the same VPC have it alike."""
        return front_sandbox(VpcId(self.vpc))

    def front_processes(self, words: str = "/envoy") -> set[int]:
        """The processes of its front proxy with these words in their command line."""
        groups = f"/moyai/{Leftovers.of(self.installation.state).installation}/"
        return {pid for pid in processes(self.sandbox, words) if groups in _groups(pid)}

    def kill_front(self) -> None:
        """SIGKILL to its front proxy."""
        for pid in self.front_processes():
            os.kill(pid, signal.SIGKILL)

    def interfaces(self) -> list[Any]:
        """The network interfaces of its nodes."""
        described = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "description", "Values": [f"ELB {self.arn.partition(':loadbalancer/')[2]}"]}]
        )
        return list(described["NetworkInterfaces"])

    def private_addresses(self) -> list[str]:
        """The addresses of its nodes in the VPC."""
        return sorted(interface["PrivateIpAddress"] for interface in self.interfaces())

    def public_addresses(self) -> list[str]:
        """The addresses of its nodes on this machine."""
        return sorted(interface["Association"]["PublicIp"] for interface in self.interfaces())

    def register(self, *addresses: str) -> None:
        """Register these addresses."""
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": a, "Port": 8080} for a in addresses])

    def deregister(self, *addresses: str) -> None:
        """Deregister these addresses."""
        self.elb.deregister_targets(TargetGroupArn=self.group, Targets=[{"Id": a, "Port": 8080} for a in addresses])

    def health(self) -> Mapping[str, Any]:
        """DescribeTargetHealth, by the targets' ids."""
        described = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return {entry["Target"]["Id"]: entry["TargetHealth"] for entry in described}

    def await_health(self, **states: int) -> None:
        """Wait until as many targets as given have each state, and no others."""

        def is_so() -> bool:
            found = [health["State"] for health in self.health().values()]
            return sorted(found) == sorted(state for state, count in states.items() for _ in range(count))

        eventually(is_so, f"the targets of {self.name} are {states}")


def _groups(pid: int) -> str:
    """The control groups of a process; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return ""


def get(host: str, path: str = "/", port: int = 80, headers: Mapping[str, str] | None = None) -> Any:
    """The status and the JSON body, or text, of an answer to this machine; None without an answer."""
    connection = HTTPConnection(host, port, timeout=60)
    return answer_of(connection, path, dict(headers or {}))


def answer_of(connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> Any:
    """The status and the JSON body, or text, of the connection's only answer; None without an answer."""
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read().decode()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    try:
        return answer.status, json.loads(body)
    except ValueError:
        return answer.status, body
