"""Gateways, their routes and what is behind them, as the API shows them.

Promise: the status of a route is that of the records behind it: it is ACTIVE when its certificate is issued and its
load balancer is served, and DELETE_IN_PROGRESS from when the service's newest deployment no longer uses it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Gateway.html, API_GatewayRoute.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.tagging import tag_list
from moyai.domain.ecs.gateway import ServiceGateway
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.elb.attributes import DESYNC_MITIGATION
from moyai.domain.keys import scope_of
from moyai.domain.queries.ingress import route_status
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.ids import LoadBalancerArn, SecurityGroupId

_LOGS: Final = "access_logs.s3."


def summary(gateway: ServiceGateway) -> dict[str, object]:
    """The ARN, name and status of a gateway."""
    return {"gateway_arn": gateway.arn, "name": gateway.name, "status": gateway.status}


def gateway_view(world: World, gateway: ServiceGateway) -> dict[str, object]:
    """A gateway as DescribeGateway shows it."""
    return {
        **summary(gateway),
        "status_reason": gateway.failures[0].message if gateway.failures else None,
        "failures": [
            {
                "arn": failure.arn,
                "errors": [
                    {
                        "operation": "elasticloadbalancing:ModifyLoadBalancerAttributes",
                        "code": "InvalidConfigurationRequest",
                        "message": failure.message,
                    }
                ],
            }
            for failure in gateway.failures
        ],
        "infrastructure_role_arn": gateway.infrastructure_role,
        "deletion_protection": gateway.deletion_protection,
        "configuration": {"host_shared_alb": _alb_view(world, gateway)},
        "access_type": gateway.access,
        "propagate_tags": "GATEWAY" if gateway.propagates_tags else "NONE",
        "tags": tag_list(gateway.tags),
        "created_at": gateway.created_at,
        "updated_at": gateway.updated_at,
    }


def balancers_of(world: World, gateway: ServiceGateway) -> dict[LoadBalancerArn, list[IngressPath]]:
    """The load balancers of a gateway with their paths, in the order in which they were made."""
    balancers: dict[LoadBalancerArn, list[IngressPath]] = {}
    for path in world.ingress_paths.by("pool", gateway.arn):
        balancers.setdefault(path.load_balancer, []).append(path)
    return balancers


def security_group_arn(owner: str, group: SecurityGroupId) -> str:
    """The ARN of a security group in the scope of the ARN ``owner``."""
    return arn("ec2", scope_of(owner), f"security-group/{group}")


def route_view(world: World, path: IngressPath) -> dict[str, object]:
    """A route as DescribeGatewayRoute shows it."""
    group = world.security_groups.get(path.balancer_group)
    rules = () if group is None else group.rules
    inbound = [arn("ec2", scope_of(path.service), f"security-group-rule/{rule.id}") for rule in rules]
    resources = {
        "acm_certificate_arn": path.certificate,
        "load_balancer_arn": path.load_balancer,
        "listener_arn": path.listener,
        "listener_rule_arn": path.rule,
        "test_listener_rule_arns": [] if path.test_rule is None else [path.test_rule],
        "load_balancer_security_groups": [
            {"arn": security_group_arn(path.service, path.balancer_group), "rule_arns": inbound}
        ],
        "service_security_group_arn": security_group_arn(path.service, path.service_groups[-1])
        if path.service_groups
        else None,
    }
    return {
        "gateway_route_arn": path.route,
        "service_arn": path.service,
        "service_container_port_name": path.port_name,
        "status": route_status(world, path),
        "service_url": path.url,
        "resources": {"host_shared_alb": [resources]},
    }


def _alb_view(world: World, gateway: ServiceGateway) -> dict[str, object]:
    header, values = gateway.test_header, gateway.attributes
    has_logs = values.get(f"{_LOGS}enabled") == "true"
    bucket = {"bucket": values.get(f"{_LOGS}bucket", ""), "prefix": values.get(f"{_LOGS}prefix") or None}
    return {
        "network_configuration": {
            "inbound_security_group": gateway.inbound_group,
            "subnets": gateway.subnets,
            "ip_address_type": gateway.ip_address_type,
        },
        "scheme": gateway.access.scheme,
        "access_logs": {"destination": {"s3": bucket}} if has_logs else None,
        "port": 443,
        "protocol": "HTTPS",
        "max_alb_count": gateway.max_balancers,
        "current_alb_count": len(balancers_of(world, gateway)),
        "http_desync": values.get(DESYNC_MITIGATION.key, DESYNC_MITIGATION.default),
        "test_traffic_rules": None if header is None else {"header": {"name": header.name, "values": header.values}},
    }
