"""The operations of Elastic Load Balancing v2.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from moyai.api.elbv2 import (
    attributes,
    certificates,
    listeners,
    load_balancer_settings,
    load_balancers,
    policies,
    rules,
    tags,
    target_groups,
    targets,
)
from moyai.api.operation import ApiService, operations

_AUTHENTICATION: Final = "load balancers don't authenticate clients"
_MUTUAL_TLS: Final = "there are no trust stores"
_QUIC: Final = "load balancers don't speak QUIC"
_ADDRESSES: Final = "moyai chooses the addresses of nodes from their subnets"
_DEFAULT_CERTIFICATE: Final = "AWS does not accept it either"


def _refusals() -> Iterator[tuple[str, str]]:
    for member in ("PrivateIPv4Address", "IPv6Address", "SourceNatIpv6Prefix"):
        yield f"*.SubnetMappings[].{member}", _ADDRESSES
    yield "CreateLoadBalancer.CustomerOwnedIpv4Pool", "there are no outposts"
    yield "CreateLoadBalancer.IpamPools", _ADDRESSES
    yield "CreateTargetGroup.TargetControlPort", "there is no target optimizer"
    yield "*.Targets[].QuicServerId", _QUIC
    yield "*.Certificates[].IsDefault", _DEFAULT_CERTIFICATE
    for member in ("AuthenticateOidcConfig", "AuthenticateCognitoConfig", "JwtValidationConfig"):
        yield f"*.DefaultActions[].{member}", _AUTHENTICATION
        yield f"*.Actions[].{member}", _AUTHENTICATION
    for member in (
        "TrustStoreArn",
        "IgnoreClientCertificateExpiry",
        "TrustStoreAssociationStatus",
        "AdvertiseTrustStoreCaNames",
        "ClientCertificateIdentityFilters",
    ):
        yield f"*.MutualAuthentication.{member}", _MUTUAL_TLS
    yield "*.Conditions[].SourceIpConfig.IpAddressType", "only rules of network load balancers have it"


ELBV2: Final = ApiService(
    name="elbv2",
    refused=MappingProxyType(dict(_refusals())),
    operations=operations(
        attributes,
        certificates,
        listeners,
        load_balancer_settings,
        load_balancers,
        policies,
        policies.DESCRIBE_SSL_POLICIES,
        rules,
        tags,
        target_groups,
        targets,
    ),
)
