"""Load balancers, as boto3 makes them for a test."""

from __future__ import annotations

from typing import Any

from tests.contract.api.certificates import make_certificate
from tests.contract.api.installation import Installation

PREFIX = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
ABSENT = "0123456789abcdef"
ABSENT_BALANCER = f"{PREFIX}loadbalancer/app/absent/{ABSENT}"
ABSENT_GROUP = f"{PREFIX}targetgroup/absent/{ABSENT}"
ABSENT_LISTENER = f"{PREFIX}listener/app/absent/{ABSENT}/{ABSENT}"
ABSENT_RULE = f"{PREFIX}listener-rule/app/absent/{ABSENT}/{ABSENT}/{ABSENT}"


class Elb:
    """A client of Elastic Load Balancing, and short ways to make what a test needs."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.client = installation.client("elbv2")
        self.ec2 = installation.client("ec2")
        subnets = sorted(self.ec2.describe_subnets()["Subnets"], key=lambda subnet: str(subnet["AvailabilityZone"]))
        self.vpc = str(subnets[0]["VpcId"])
        self.subnets = [str(subnet["SubnetId"]) for subnet in subnets]

    def load_balancer(self, name: str = "web", **settings: Any) -> dict[str, Any]:
        """A new load balancer in two zones."""
        settings = {"Subnets": self.subnets[:2], **settings}
        created: dict[str, Any] = self.client.create_load_balancer(Name=name, **settings)["LoadBalancers"][0]
        return created

    def target_group(self, name: str = "tg", **settings: Any) -> dict[str, Any]:
        """A new target group, by default for addresses that speak HTTP."""
        settings = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip", **settings}
        created: dict[str, Any] = self.client.create_target_group(Name=name, **settings)["TargetGroups"][0]
        return created

    def listener(self, balancer: str, group: str, port: int = 80, **settings: Any) -> dict[str, Any]:
        """A new listener that forwards to the group."""
        settings = {"Protocol": "HTTP", "DefaultActions": [forward(group)], **settings}
        created: dict[str, Any] = self.client.create_listener(LoadBalancerArn=balancer, Port=port, **settings)[
            "Listeners"
        ][0]
        return created

    def rule(self, listener: str, priority: int = 1, **settings: Any) -> dict[str, Any]:
        """A new rule, by default one that answers requests for ``/x``."""
        settings = {"Conditions": [path("/x")], "Actions": [fixed_response()], **settings}
        created: dict[str, Any] = self.client.create_rule(ListenerArn=listener, Priority=priority, **settings)["Rules"][
            0
        ]
        return created

    def certificate(self, name: str = "www.example.com") -> str:
        """A certificate in Certificate Manager."""
        brought = make_certificate(self.installation, name).brought()
        return str(self.installation.client("acm").import_certificate(**brought)["CertificateArn"])

    def address(self, place: int = 20, zone: int = 0) -> str:
        """An address of the subnet of a zone."""
        [subnet] = self.ec2.describe_subnets(SubnetIds=[self.subnets[zone]])["Subnets"]
        return f"{subnet['CidrBlock'].rpartition('.')[0]}.{place}"


def forward(group: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": group}


def fixed_response(status: str = "404") -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status}}


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "Values": list(values)}


def host(*values: str) -> dict[str, Any]:
    return {"Field": "host-header", "Values": list(values)}
