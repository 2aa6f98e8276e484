"""TLS of HTTPS and TLS listeners: the certificates that they present, and the security policy.

A listener without its default certificate stays closed; a further certificate that does not exist or is not issued is
left out.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.elb import attributes
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.rule import Listener
from moyai.domain.elb.ssl_policies import DEFAULT_POLICY, SSL_POLICIES
from moyai.domain.queries.certificates import listener_identity
from moyai.mesh.ir import Certificate, FrontTls
from moyai.mesh.load_balancing.shard import FrontBuilder

_ALPN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "HTTP1Only": ("http/1.1",),
        "HTTP2Only": ("h2",),
        "HTTP2Optional": ("http/1.1", "h2"),
        "HTTP2Preferred": ("h2", "http/1.1"),
        "None": (),
    }
)
"""The protocols of each ALPN policy."""
_NOT_IN_ENVOY: Final = ("-SHA256", "-SHA384", "DES-CBC3-SHA")
"""The ends of the names of cipher suites that Envoy's library lacks, except for suites with GCM."""


def listener_tls(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> FrontTls | None:
    """The TLS settings of an encrypted listener; None for others, and, with a report, if it can't be opened."""
    if not listener.protocol.is_encrypted:
        return None
    certificates = tuple(_certificates(shard, listener))
    if listener.certificates[:1] != certificates[:1]:
        shard.report(listener.arn, "it is closed: its default certificate does not exist, or is not issued")
        return None
    policy = SSL_POLICIES.get(listener.ssl_policy or DEFAULT_POLICY, SSL_POLICIES[DEFAULT_POLICY])
    return FrontTls(
        certificates=certificates,
        oldest=policy.versions[0],
        newest=policy.versions[-1],
        ciphers=tuple(cipher for cipher in policy.ciphers if _is_supported(cipher)),
        alpn=_alpn(balancer, listener),
    )


def _alpn(balancer: LoadBalancer, listener: Listener) -> tuple[str, ...]:
    if balancer.type is LoadBalancerType.NETWORK:
        return _ALPN.get(listener.alpn_policy or "None", ())
    return _ALPN["HTTP2Preferred"] if attributes.HTTP2.of(balancer) else _ALPN["HTTP1Only"]


def _certificates(shard: FrontBuilder, listener: Listener) -> Iterator[str]:
    """The certificates that can be presented, each added to the shard."""
    for arn in listener.certificates:
        identity = listener_identity(shard.world, arn)
        if identity is None:
            shard.report(listener.arn, f"it does not present {arn}, which does not exist, or is not issued")
            continue
        shard.add_certificate(Certificate(arn, identity.chain, identity.private))
        yield arn


def _is_supported(cipher: str) -> bool:
    is_older = not cipher.startswith("TLS_")
    return is_older and ("GCM" in cipher or not cipher.endswith(_NOT_IN_ENVOY))
