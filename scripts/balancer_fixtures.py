"""Write web/test/fixtures/balancers.json: what the public API answers about a load balancer in front of a service.

`make fixtures` runs it. A server of its own runs both in the runtime `sim`; what is recorded are the bodies as they
came over HTTP.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from scripts.console_fixtures import Asks, client, definition, server, service, until, write

VERSIONS = MappingProxyType({"elasticloadbalancing": "2015-12-01", "ec2": "2016-11-15"})
TASKS = 2


def query(url: str, api: str, operation: str, /, **members: object) -> str:
    """The body of an answer of a query API, also of a refusal; keywords are its members, as AWS spells them."""
    credential = f"Credential=123456789012/20260101/us-east-1/{api}/aws4_request"
    form = {"Action": operation, "Version": VERSIONS[api], **dict(parameters("", members))}
    headers = {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none"}
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)  # noqa: S310 (our own server)
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return str(answer.read(), "utf-8")
    except urllib.error.HTTPError as error:
        return str(error.read(), "utf-8")


def parameters(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    """The parameters of a query request; members of lists are numbered from 1."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from parameters(f"{prefix}.{name}" if prefix else name, member)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, member in enumerate(value, 1):
            yield from parameters(f"{prefix}.member.{number}", member)
    else:
        yield prefix, str(value)


def build_balancer(url: str) -> dict[str, str]:
    """A load balancer with rules and two target groups; ARNs by what they are."""

    def create(operation: str, element: str, /, **members: object) -> str:
        body = query(url, "elasticloadbalancing", operation, **members)
        return body.partition(f"<{element}>")[2].partition("<")[0]

    subnets = re.findall(r"<subnetId>(.*?)<", query(url, "ec2", "DescribeSubnets"))[:2]
    [vpc, *_] = re.findall(r"<vpcId>(.*?)<", query(url, "ec2", "DescribeVpcs"))
    check = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4, "HealthyThresholdCount": 2}
    group = {"Protocol": "HTTP", "Port": 8080, "VpcId": vpc, "TargetType": "ip", **check}
    arns = {
        name: create("CreateTargetGroup", "TargetGroupArn", Name=f"site-{name}", **group) for name in ("blue", "green")
    }
    tags = [{"Key": "tier", "Value": "edge"}]
    arns["balancer"] = create("CreateLoadBalancer", "LoadBalancerArn", Name="site", Subnets=subnets, Tags=tags)
    weights = [{"TargetGroupArn": arns["blue"], "Weight": 3}, {"TargetGroupArn": arns["green"], "Weight": 1}]
    arns["listener"] = create(
        "CreateListener",
        "ListenerArn",
        LoadBalancerArn=arns["balancer"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )
    rules = (
        ({"Field": "path-pattern", "Values": ["/down"]}, {"StatusCode": "503", "MessageBody": "later"}),
        ({"Field": "host-header", "Values": ["*.old.test"]}, {"StatusCode": "410"}),
    )
    for number, (condition, response) in enumerate(rules, 1):
        arns[f"rule{number}"] = create(
            "CreateRule",
            "RuleArn",
            ListenerArn=arns["listener"],
            Priority=10 * number,
            Conditions=[condition],
            Actions=[{"Type": "fixed-response", "FixedResponseConfig": response}],
        )
    return arns


def build_service(ask: Asks, url: str, group: str) -> None:
    """The service site in the cluster shop, whose tasks are healthy targets of the group."""
    entry = {"targetGroupArn": group, "containerName": "app", "containerPort": 8080}
    ask("ecs", "CreateCluster", clusterName="shop", serviceConnectDefaults={"namespace": "shop"})
    ask("logs", "CreateLogGroup", logGroupName="/ecs/site")
    ask("ecs", "RegisterTaskDefinition", **definition("site"))
    ask("ecs", "CreateService", **service("site", TASKS), loadBalancers=[entry])

    def health() -> str:
        return query(url, "elasticloadbalancing", "DescribeTargetHealth", TargetGroupArn=group)

    until(lambda: health().count("<State>healthy</State>") == TASKS, "healthy targets")


def record_balancer(ask: Asks, url: str, arns: Mapping[str, str]) -> dict[str, object]:
    """Every answer that the pages of load balancers are tested on, by operation."""
    balancer, listener, group = arns["balancer"], arns["listener"], arns["blue"]

    def body(operation: str, /, **members: object) -> str:
        return query(url, "elasticloadbalancing", operation, **members)

    tasks = ask("ecs", "ListTasks", cluster="shop", serviceName="site")
    site = ask("ecs", "DescribeServices", cluster="shop", services=["site"], include=["TAGS"])
    description = f"ELB {balancer.partition(':loadbalancer/')[2]}"
    by_description = {"Filter": {1: {"Name": "description", "Value": {1: description}}}}
    return {
        "arns": dict(arns),
        "DescribeLoadBalancers": body("DescribeLoadBalancers", Names=["site"]),
        "DescribeLoadBalancerAttributes": body("DescribeLoadBalancerAttributes", LoadBalancerArn=balancer),
        "DescribeTags": body("DescribeTags", ResourceArns=[balancer]),
        "DescribeListeners": body("DescribeListeners", LoadBalancerArn=balancer),
        "DescribeRules": body("DescribeRules", ListenerArn=listener),
        "DescribeTargetGroups": body("DescribeTargetGroups"),
        "DescribeTargetGroup": body("DescribeTargetGroups", Names=["site-blue"]),
        "DescribeTargetGroupAttributes": body("DescribeTargetGroupAttributes", TargetGroupArn=group),
        "DescribeTargetHealth": body("DescribeTargetHealth", TargetGroupArn=group),
        "DescribeNetworkInterfaces": query(url, "ec2", "DescribeNetworkInterfaces", **by_description),
        "DescribeSubnets": query(url, "ec2", "DescribeSubnets"),
        "DescribeSecurityGroups": query(url, "ec2", "DescribeSecurityGroups"),
        "DescribeServices": site,
        "ListServices": {"serviceArns": [one["serviceArn"] for one in site["services"]]},
        "ListTasks": tasks,
        "DescribeTasks": ask("ecs", "DescribeTasks", cluster="shop", tasks=tasks["taskArns"], include=["TAGS"]),
        "refusals": refusals(url, arns),
    }


def refusals(url: str, arns: Mapping[str, str]) -> dict[str, str]:
    """What the API says no with, by operation."""
    balancer, listener, group = arns["balancer"], arns["listener"], arns["blue"]

    def body(operation: str, /, **members: object) -> str:
        return query(url, "elasticloadbalancing", operation, **members)

    return {
        "CreateRule": body(
            "CreateRule",
            ListenerArn=listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        ),
        "SetRulePriorities": body("SetRulePriorities", RulePriorities=[{"RuleArn": arns["rule1"], "Priority": 20}]),
        "DeleteTargetGroup": body("DeleteTargetGroup", TargetGroupArn=group),
        "ModifyLoadBalancerAttributes": body(
            "ModifyLoadBalancerAttributes",
            LoadBalancerArn=balancer,
            Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "soon"}],
        ),
    }


def main() -> None:
    """Record the responses and write the file."""
    with server() as url:
        ask = client(url)
        arns = build_balancer(url)
        build_service(ask, url, arns["blue"])
        write("balancers", record_balancer(ask, url, arns))


if __name__ == "__main__":
    main()
