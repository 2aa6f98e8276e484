"""Certificates of Certificate Manager: what listeners present, whom clients trust, and which resources use them.

Promise: results come from records alone, so a mesh that was made from them has to be made again only when a
certificate, a key or an authority changes. An expired certificate is still presented until it is replaced; clients then
report it. A root is trusted before any listener presents a certificate of it, and as long as one may.
Sources: https://docs.aws.amazon.com/app-mesh/latest/userguide/tls.html,
https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.pca.authority import last_of
from moyai.domain.world import World
from moyai.kernel.secret import Secret


class ListenerIdentity(NamedTuple):
    """The TLS identity of a listener (``chain``: the certificate and its intermediates, PEM), and the ``roots`` (PEM,
    one certificate each) by which clients verify it.
    """

    chain: str
    private: Secret
    roots: tuple[str, ...]


def listener_identity(world: World, certificate: str) -> ListenerIdentity | None:
    """The identity that a certificate's ARN means; None if there is no such certificate, or it is not issued yet."""
    record, key = world.managed_certificates.get(certificate), world.managed_keys.get(certificate)
    if record is None or record.content is None or key is None:
        return None
    intermediates = record.content.chain
    if record.authority is not None:  # clients have the root of a private authority
        intermediates = intermediates.removesuffix(last_of(intermediates))
    return ListenerIdentity(record.content.pem + intermediates, key.private, _roots(world, record))


def trusted_roots(world: World, authorities: Iterable[str]) -> tuple[str, ...]:
    """The roots (PEM, each once) that clients trust who name these private authorities by ARN.

    An authority that does not exist, or has no certificate yet, adds none. With an empty result no certificate is
    trusted.
    """
    roots: dict[str, None] = {}
    for authority in authorities:
        roots |= dict.fromkeys(_own_root(world, authority))
        for certificate in world.managed_certificates.each("authority", authority):
            roots |= dict.fromkeys(certificate.roots)
    return tuple(roots)


def certificate_users(world: World, certificate: str) -> tuple[str, ...]:
    """The ARNs of the virtual nodes, virtual gateways and load balancers whose listeners present the certificate."""
    tables = world.virtual_nodes, world.virtual_gateways
    users = chain.from_iterable((one.arn for one in t.each("certificate", certificate)) for t in tables)
    balancers = (listener.load_balancer for listener in world.listeners.each("certificate", certificate))
    return tuple(sorted({*users, *balancers}))


def is_renewable(world: World, certificate: ManagedCertificate) -> bool:
    """Whether a certificate is renewed in time: it is private, issued, and in use or exported."""
    private = certificate.type is CertificateType.PRIVATE and certificate.status is CertificateStatus.ISSUED
    return private and (certificate.exported or bool(certificate_users(world, certificate.arn)))


def _roots(world: World, certificate: ManagedCertificate) -> tuple[str, ...]:
    own = () if certificate.authority is None else _own_root(world, certificate.authority)
    return tuple(dict.fromkeys((*own, *certificate.roots)))


def _own_root(world: World, authority: str) -> tuple[str, ...]:
    record = world.authorities.get(authority)
    return () if record is None or record.certificate is None else (record.certificate.root,)
