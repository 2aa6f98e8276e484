"""The security policies that listeners can have, and the quotas of the account.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeSSLPolicies.html,
API_DescribeAccountLimits.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.api.elbv2.lookup import MAX_PAGE, MarkerPageRequest, invalid_marker
from moyai.api.operation import ApiOperation, Context
from moyai.domain.elb import quotas
from moyai.domain.elb.errors import SslPolicyNotFound
from moyai.domain.elb.ssl_policies import SSL_POLICIES
from moyai.domain.paging import page

_TYPES: Final = ("application", "network")
_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "application-load-balancers": quotas.LOAD_BALANCERS,
        "certificates-per-application-load-balancer": quotas.CERTIFICATES,
        "condition-values-per-alb-rule": quotas.CONDITION_VALUES,
        "condition-wildcards-per-alb-rule": quotas.CONDITION_WILDCARDS,
        "listeners-per-application-load-balancer": quotas.LISTENERS,
        "rules-per-application-load-balancer": quotas.RULES,
        "target-groups-per-action-on-application-load-balancer": quotas.GROUPS_PER_ACTION,
        "target-groups-per-application-load-balancer": quotas.GROUPS_PER_LOAD_BALANCER,
        "targets-per-application-load-balancer": quotas.TARGETS,
        "network-load-balancers": quotas.LOAD_BALANCERS,
        "certificates-per-network-load-balancer": quotas.CERTIFICATES,
        "listeners-per-network-load-balancer": quotas.LISTENERS,
        "target-groups-per-action-on-network-load-balancer": quotas.GROUPS_PER_ACTION,
        "target-groups": quotas.TARGET_GROUPS,
        "targets-per-target-group": quotas.TARGETS,
    }
)


class DescribeSSLPoliciesRequest(MarkerPageRequest, frozen=True):
    names: tuple[str, ...] = ()
    load_balancer_type: str | None = None


class DescribeAccountLimitsRequest(MarkerPageRequest, frozen=True):
    """A page of the quotas."""


def describe_account_limits(ctx: Context, request: DescribeAccountLimitsRequest) -> dict[str, object]:  # noqa: ARG001 (the same for all)
    """The quotas, which no account can change here."""
    size = request.page_size or MAX_PAGE
    names, marker = page(_LIMITS, "account limits", request.marker, size, fault=invalid_marker)
    return {"limits": [{"name": name, "max": str(_LIMITS[name])} for name in names], "next_marker": marker}


def _describe_ssl_policies(_ctx: Context, request: DescribeSSLPoliciesRequest) -> dict[str, object]:
    """The security policies, or those with these names; all are for both types of load balancers."""
    unknown = [name for name in request.names if name not in SSL_POLICIES]
    if unknown:
        raise SslPolicyNotFound(f"SSL policy '{unknown[0][:100]}' not found")
    chosen = request.names or (() if request.load_balancer_type == "gateway" else SSL_POLICIES)
    listing = ("security policies", request.names, request.load_balancer_type)
    names, marker = page(set(chosen), listing, request.marker, request.page_size or MAX_PAGE, fault=invalid_marker)
    return {"ssl_policies": [_policy_view(name) for name in names], "next_marker": marker}


def _policy_view(name: str) -> dict[str, object]:
    policy = SSL_POLICIES[name]
    return {
        "name": name,
        "ssl_protocols": [f"TLSv{version}".removesuffix(".0") for version in policy.versions],
        "ciphers": [{"name": cipher, "priority": place} for place, cipher in enumerate(policy.ciphers, start=1)],
        "supported_load_balancer_types": _TYPES,
    }


DESCRIBE_SSL_POLICIES: Final = ApiOperation("DescribeSSLPolicies", DescribeSSLPoliciesRequest, _describe_ssl_policies)
