"""Load balancers over the public API, and their front proxy as it is seen from this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rig.server import Server, wait_until
from rig.tasks import front_proxy

_CHECK = {"HealthCheckPath": "/", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4}
_OUTSIDE = {"AvailabilityZone": "all"}


class Balancers:
    """The load balancers of the default VPC. ``vpc``: its id."""

    def __init__(self, target: Server) -> None:
        self._state = target.state
        self.elb, self.acm, self._ec2 = target.client("elbv2"), target.client("acm"), target.client("ec2")
        subnets = self._ec2.describe_subnets()["Subnets"][:2]
        self._subnets = [subnet["SubnetId"] for subnet in subnets]
        self.vpc: str = subnets[0]["VpcId"]

    def new(self, name: str) -> str:
        """An internal application load balancer; its ARN."""
        created = self.elb.create_load_balancer(Name=name, Subnets=self._subnets, Scheme="internal")
        return str(created["LoadBalancers"][0]["LoadBalancerArn"])

    def group(self, name: str, *targets: tuple[str, int]) -> str:
        """A target group with these addresses and ports, in the VPC or outside of it; its ARN."""
        created = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", **_CHECK
        )
        arn = str(created["TargetGroups"][0]["TargetGroupArn"])
        if targets:
            self.register(arn, *targets)
        return arn

    def register(self, group: str, *targets: tuple[str, int]) -> None:
        """Register addresses and ports."""
        listed = [{"Id": a, "Port": port} | ({} if a.startswith("172.31.") else _OUTSIDE) for a, port in targets]
        self.elb.register_targets(TargetGroupArn=group, Targets=listed)

    def listen(self, balancer: str, port: int, group: str, certificate: str = "") -> str:
        """A listener, of HTTPS with a certificate, that forwards to a group; its ARN."""
        created = self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTPS" if certificate else "HTTP",
            Port=port,
            Certificates=[{"CertificateArn": certificate}] if certificate else [],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return str(created["Listeners"][0]["ListenerArn"])

    def certificate(self, chain: bytes, key: bytes) -> str:
        """An imported certificate; its ARN."""
        return str(self.acm.import_certificate(Certificate=chain, PrivateKey=key)["CertificateArn"])

    def address(self, balancer: str) -> str:
        """The address of a node."""
        description = f"ELB {balancer.partition(':loadbalancer/')[2]}"
        found = self._ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [description]}])
        return str(min(interface["PrivateIpAddress"] for interface in found["NetworkInterfaces"]))

    def healthy(self, group: str) -> int:
        """How many targets of a group are healthy."""
        found = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sum(entry["TargetHealth"]["State"] == "healthy" for entry in found)

    def await_active(self) -> None:
        """Wait until all load balancers are active."""
        wait_until(lambda: all(b["State"]["Code"] == "active" for b in self._described()), "load balancers are active")

    def _described(self) -> list[Any]:
        pages = self.elb.get_paginator("describe_load_balancers").paginate()
        return [balancer for page in pages for balancer in page["LoadBalancers"]]

    def proxy(self) -> int:
        """The process of the front proxy."""
        return front_proxy(self._state, self.vpc)


def self_signed(name: str) -> tuple[bytes, bytes]:
    """A certificate of its own and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
