"""The logs of load balancers: texts that every entry contains, so that the collector needs no record to write it.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-file-format,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html#connection-log-file-format
"""

from __future__ import annotations

from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.log_attributes import ACCESS_LOGS, CONNECTION_LOGS, LogAttributes
from moyai.domain.elb.rule import Action, FixedResponseAction, ForwardAction, Listener, RedirectAction, Rule
from moyai.domain.keys import scope_of
from moyai.mesh.ir import FrontLog


def access_log(balancer: LoadBalancer, listener: Listener) -> FrontLog | None:
    """The log of a listener's requests, or of its TLS connections; None if there is none."""
    is_logged = balancer.type is LoadBalancerType.APPLICATION or listener.protocol.is_encrypted
    return _log(ACCESS_LOGS, balancer, listener, "") if is_logged else None


def connection_log(balancer: LoadBalancer, listener: Listener) -> FrontLog | None:
    """The log of a listener's connections; None if there is none."""
    return _log(CONNECTION_LOGS, balancer, listener, "conn_log.")


def log_name(rule: Rule) -> str:
    """The name of a rule in logs: its priority, 0 for the default rule, and its action."""
    return f"{rule.priority or 0} {_action(rule.action)}"


def _log(attributes: LogAttributes, balancer: LoadBalancer, listener: Listener, kind: str) -> FrontLog | None:
    if not attributes.enabled.of(balancer):
        return None
    scope, prefix = scope_of(balancer.arn), attributes.prefix.of(balancer)
    bucket = f"{attributes.bucket.of(balancer)}/{prefix}".removesuffix("/")
    return FrontLog(
        folder=f"{bucket}/AWSLogs/{scope.account}/elasticloadbalancing/{scope.region}",
        name=f"{kind}{scope.account}_elasticloadbalancing_{scope.region}_{balancer.dimension.replace('/', '.')}",
        elb=balancer.dimension,
        listener=listener.arn,
        host=balancer.dns_name,
    )


def _action(action: Action) -> str:
    match action:
        case ForwardAction():
            return "forward"
        case RedirectAction():
            return "redirect"
        case FixedResponseAction():
            return "fixed-response"
