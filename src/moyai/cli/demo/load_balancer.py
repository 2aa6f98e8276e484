"""The application load balancer in front of the shop, created through AWS's APIs as any SDK user would do it.

Its HTTPS listener has a certificate for ``shop.localhost`` and for the load balancer's own name, and one rule, which
forwards the shop's path to the service front. Its HTTP listener redirects to HTTPS. This machine reaches both at the
ports ``--gateway-https-port`` and ``--gateway-http-port`` of the server.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Any

from moyai.cli.demo.certificate import issue_certificate
from moyai.cli.demo.server import NamedPorts
from moyai.cli.demo.shop import FRONT_PORT, PATH, wait_until
from moyai.cli.demo.traffic import LocalHttpsConnection
from moyai.cli.remote import Remote

HOST = "shop.localhost"
"""Browsers and curl take every name below localhost for this machine."""
_NAME = "shop"
_TIMEOUT = 10.0
_UNKNOWN_PATH = "/"
"""The load balancer itself answers it, so that no service is called."""


@dataclass(frozen=True)
class ShopLoadBalancer:
    """A load balancer whose target group is the tasks of the service front."""

    remote: Remote
    arn: str
    dns_name: str
    target_group: str
    """The ARN of the target group."""
    root: str
    """PEM: the root of its certificate."""
    ports: NamedPorts

    @property
    def url(self) -> str:
        """The URL at which the shop opens on this machine."""
        return f"https://{HOST}:{self.ports.https}{PATH}"

    @property
    def http_url(self) -> str:
        """The URL that is redirected to HTTPS."""
        return f"http://{self.dns_name}:{self.ports.http}{PATH}"

    def wait_until_reachable(self) -> None:
        """Wait until it is active, redirects HTTP, and answers HTTPS under its name. Raises TookTooLong."""
        elb = self.remote.client("elbv2")

        def is_active() -> bool:
            (description,) = elb.describe_load_balancers(LoadBalancerArns=[self.arn])["LoadBalancers"]
            return bool(description["State"]["Code"] == "active")

        wait_until(is_active, f"load balancer {_NAME} to be active")
        wait_until(self._redirects, f"{self.http_url} to be redirected")
        wait_until(self._answers, f"{self.url} to be answered")

    def _redirects(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports.http, timeout=_TIMEOUT)
        response = _get(connection, PATH, self.dns_name)
        if response is None or response.status != http.client.MOVED_PERMANENTLY:
            return False
        return response.getheader("location") == f"https://{self.dns_name}:{self.ports.https}{PATH}"

    def _answers(self) -> bool:
        connection = LocalHttpsConnection(HOST, self.ports.https, self.root, _TIMEOUT)
        response = _get(connection, _UNKNOWN_PATH, HOST)
        return response is not None and response.status == http.client.NOT_FOUND


def create_load_balancer(remote: Remote, ports: NamedPorts) -> ShopLoadBalancer:
    """Create it in the subnets of the default VPC, with its target group, listeners and rule. Raises TookTooLong."""
    elb = remote.client("elbv2")
    default_subnets = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [
        subnet["SubnetId"] for subnet in remote.client("ec2").describe_subnets(Filters=default_subnets)["Subnets"]
    ]
    (balancer,) = elb.create_load_balancer(Name=_NAME, Subnets=subnets)["LoadBalancers"]
    arn, dns_name = balancer["LoadBalancerArn"], balancer["DNSName"]
    target_group = _create_target_group(elb, balancer["VpcId"])
    certificate = issue_certificate(remote, (HOST, dns_name))
    not_found = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": f"The shop has {PATH}/NUMBER.\n"}
    (https,) = elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate.arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": not_found}],
    )["Listeners"]
    elb.create_rule(
        ListenerArn=https["ListenerArn"],
        Priority=1,
        Conditions=[
            {"Field": "host-header", "HostHeaderConfig": {"Values": [HOST, dns_name]}},
            {"Field": "path-pattern", "PathPatternConfig": {"Values": [f"{PATH}/*"]}},
        ],
        Actions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    to_https = {"Protocol": "HTTPS", "Port": str(ports.https), "StatusCode": "HTTP_301"}
    elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": to_https}],
    )
    return ShopLoadBalancer(remote, arn, dns_name, target_group, certificate.root, ports)


def _create_target_group(elb: Any, vpc: str) -> str:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """The ARN of a target group for tasks of the service front."""
    (group,) = elb.create_target_group(
        Name="shop-front",
        Protocol="HTTP",
        Port=FRONT_PORT,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=4,
        HealthyThresholdCount=2,
    )["TargetGroups"]
    return str(group["TargetGroupArn"])


def _get(connection: http.client.HTTPConnection, path: str, host: str) -> http.client.HTTPResponse | None:
    """The answer without its body; None if there is none."""
    try:
        connection.request("GET", path, headers={"host": host})
        return connection.getresponse()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
