"""The protocol of a listener, and what it presents to TLS clients.

Promise: a listener with TLS has one default certificate, of Certificate Manager, and a security policy; others have
neither.
Refuses: certificates of IAM, and mutual TLS.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.domain.acm.certificate import CertificateStatus
from moyai.domain.elb.errors import (
    AlpnPolicyNotFound,
    CertificateNotFound,
    InvalidConfigurationRequest,
    SslPolicyNotFound,
    TooManyCertificates,
)
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.rule import ListenerProtocol, PresentedTls
from moyai.domain.elb.ssl_policies import DEFAULT_POLICY, SSL_POLICIES
from moyai.domain.keys import scope_of
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import ManagedCertificateArn

_ALPN_POLICIES: Final = ("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")
_HTTP: Final = (ListenerProtocol.HTTPS, ListenerProtocol.HTTP)
_NETWORK: Final = (ListenerProtocol.TCP, ListenerProtocol.TCP_UDP, ListenerProtocol.TLS, ListenerProtocol.UDP)


class CertificateRequest(msgspec.Struct, frozen=True):
    certificate_arn: str | None = None


class MutualAuthenticationRequest(msgspec.Struct, frozen=True):
    mode: str | None = None


class ListenerSettingsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a request that are about the port of a listener; None or empty = not set."""

    protocol: str | None = None
    port: int | None = None
    ssl_policy: str | None = None
    certificates: tuple[CertificateRequest, ...] = ()
    alpn_policy: tuple[str, ...] = ()
    mutual_authentication: MutualAuthenticationRequest | None = None


def protocol_of(balancer: LoadBalancer, text: str | None) -> ListenerProtocol:
    """The protocol of a listener. Raises InvalidInput for one that the load balancer does not speak."""
    if text is None:
        raise InvalidInput("A listener protocol must be specified")
    possible = _HTTP if balancer.type is LoadBalancerType.APPLICATION else _NETWORK
    if text not in possible:
        raise InvalidInput(f"Listener protocol '{text}' must be one of '{', '.join(possible)}'")
    return ListenerProtocol(text)


def tls_settings(
    ctx: Context, protocol: ListenerProtocol, request: ListenerSettingsRequest, current: PresentedTls
) -> PresentedTls:
    """The certificates and policy of a listener after a request, in place of ``current``. Raises the errors of
    CreateListener.
    """
    mode = request.mutual_authentication
    if mode is not None and mode.mode not in {None, "off"}:
        raise InvalidConfigurationRequest(
            f"MutualAuthentication.Mode '{str(mode.mode)[:100]}' is not supported by moyai: there are no trust stores"
        )
    if not protocol.is_encrypted:
        _check_without_tls(protocol, request)
        return PresentedTls()
    if request.alpn_policy and protocol is not ListenerProtocol.TLS:
        raise InvalidInput(f"An ALPN policy cannot be specified for {protocol} listeners")
    if len(request.certificates) > 1:
        raise TooManyCertificates("A listener has one default certificate; AddListenerCertificates adds others")
    certificates = current.certificates
    if request.certificates:
        default = certificate_of(ctx, request.certificates[0])
        certificates = (default, *(other for other in certificates[1:] if other != default))
    if not certificates:
        raise InvalidInput(f"A certificate must be specified for {protocol} listeners")
    policy = request.ssl_policy or current.policy or DEFAULT_POLICY
    if policy not in SSL_POLICIES:
        raise SslPolicyNotFound(f"SSL policy '{policy[:100]}' not found")
    alpn_policy = _alpn_policy(request.alpn_policy) if request.alpn_policy else current.alpn_policy
    return PresentedTls(policy, certificates, alpn_policy if protocol is ListenerProtocol.TLS else None)


def certificate_of(ctx: Context, request: CertificateRequest) -> ManagedCertificateArn:
    """The issued certificate that a request names. Raises CertificateNotFound."""
    arn = request.certificate_arn or ""
    record = ctx.store.world.managed_certificates.get(arn)
    if record is None or scope_of(record.arn) != ctx.scope:
        raise CertificateNotFound(f"Certificate '{arn[:200]}' not found: moyai uses those of Certificate Manager")
    if record.status is not CertificateStatus.ISSUED:
        raise CertificateNotFound(f"Certificate '{arn}' can't be used: its status is {record.status}")
    return record.arn


def _check_without_tls(protocol: ListenerProtocol, request: ListenerSettingsRequest) -> None:
    settings = {
        "certificate": request.certificates,
        "SSL policy": request.ssl_policy,
        "ALPN policy": request.alpn_policy,
    }
    for name, value in settings.items():
        if value:
            raise InvalidInput(f"A {name} cannot be specified for {protocol} listeners")


def _alpn_policy(names: Sequence[str]) -> str:
    if len(names) > 1:
        raise InvalidInput("A listener has one ALPN policy")
    if names[0] not in _ALPN_POLICIES:
        raise AlpnPolicyNotFound(f"ALPN policy '{names[0][:100]}' not found: it is one of {', '.join(_ALPN_POLICIES)}")
    return names[0]
