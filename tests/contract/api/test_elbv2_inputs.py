"""Whatever the model allows as input, an operation of Elastic Load Balancing answers it or raises an error that the
model lists, and an error changes nothing."""

from __future__ import annotations

import pytest

from moyai.api.elbv2.service import ELBV2
from tests.contract.api.drawn import ask_anything
from tests.contract.api.elb import ABSENT_BALANCER, ABSENT_GROUP, ABSENT_LISTENER, ABSENT_RULE, fixed_response

pytestmark = pytest.mark.long

COMMON = frozenset({"ValidationError", "MalformedInput"})


@pytest.mark.parametrize("name", sorted(ELBV2.operations))
def test_any_input_is_answered_or_refused_with_a_modelled_error(elb, installation, balancer, group, listener, name):
    rule = elb.rule(listener)["RuleArn"]
    certificate = elb.certificate()
    https = elb.listener(
        balancer,
        "",
        443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[fixed_response()],
    )["ListenerArn"]
    arns = [balancer, group, listener, https, rule]
    values_by_member = {
        "Name": ["web", "tg", "new"],
        "Names": ["web", "tg"],
        "LoadBalancerArn": [balancer, ABSENT_BALANCER],
        "LoadBalancerArns": [balancer],
        "TargetGroupArn": [group, ABSENT_GROUP],
        "TargetGroupArns": [group],
        "ListenerArn": [listener, https, ABSENT_LISTENER],
        "ListenerArns": [listener],
        "RuleArn": [rule, ABSENT_RULE],
        "RuleArns": [rule],
        "ResourceArns": arns,
        "CertificateArn": [certificate],
        "Subnets": elb.subnets,
        "SubnetId": elb.subnets,
        "VpcId": [elb.vpc],
        "Id": [elb.address()],
        "Field": ["path-pattern", "host-header", "http-header", "source-ip", "query-string", "http-request-method"],
        "Values": ["/x", "10.0.0.0/8", "GET"],
        "StatusCode": ["200", "404", "HTTP_301"],
        "Key": ["idle_timeout.timeout_seconds", "stickiness.enabled", "team"],
        "Value": ["60", "true"],
        "HealthCheckPort": ["traffic-port", "80"],
    }
    ask_anything(installation, "elbv2", name, values_by_member, COMMON)
