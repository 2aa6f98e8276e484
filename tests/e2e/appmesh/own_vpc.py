"""A mesh whose tasks stand in a VPC of their own, with IPv4 and IPv6."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

from tests.e2e.appmesh.stage import Stage
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually


class OwnVpc(Stage):
    """``block`` is the VPC's: 10.<block>.0.0/16."""

    def __init__(self, installation: Installation, name: str, block: int, **mesh: Any) -> None:
        self.ec2 = installation.client("ec2")
        self.cidr = f"10.{block}.0.0/16"
        vpc = self.ec2.create_vpc(CidrBlock=self.cidr, AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        self.vpc = str(vpc["VpcId"])
        range6 = IPv6Network(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
        part6 = str(next(range6.subnets(new_prefix=64)))
        params = {"VpcId": self.vpc, "CidrBlock": f"10.{block}.1.0/24", "Ipv6CidrBlock": part6}
        subnet = self.ec2.create_subnet(**params)["Subnet"]["SubnetId"]
        super().__init__(installation, name, **mesh)
        self.cluster.subnets = [subnet]

    def _namespace(self) -> str:
        operation = self.cloudmap.create_private_dns_namespace(Name=self.domain, Vpc=self.vpc)["OperationId"]

        def namespace_id() -> Any:
            answer = self.cloudmap.get_operation(OperationId=operation)["Operation"]
            return answer["Targets"]["NAMESPACE"] if answer["Status"] == "SUCCESS" else None

        return str(eventually(namespace_id, f"the namespace {self.domain} is made"))
