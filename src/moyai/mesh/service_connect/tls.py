"""TLS between proxies: which certificate a port presents, which issuers callers trust, which members use TLS.

Promise: a port with TLS is never open in plain text. A member names the issuer of its certificate, so callers can call
members with and without TLS under one name while a deployment changes from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.certificate import certificate_key
from moyai.domain.connect.names import Offer
from moyai.domain.world import World
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.mesh.ir import Certificate, CertificateRef, IssuerTrust, ServerTls
from moyai.mesh.service_connect.projections import ConnectTask


def certificate_name(offer: Offer) -> str | None:
    """The certificate that the offer's port presents; None without TLS."""
    if offer.authority is None:
        return None
    return certificate_key(offer.discovery_service, offer.authority).rpartition(":service/")[2]


def server_tls(offer: Offer) -> ServerTls | None:
    """TLS of connections to the offer's port; None = plain text."""
    name = certificate_name(offer)
    return None if name is None else ServerTls(CertificateRef(name), newest_only=True)


def certificates_of(world: World, tasks: Iterable[ConnectTask]) -> dict[str, Certificate]:
    """The certificates that these tasks' proxies present; those that are not issued yet are left out."""
    names = {
        name: certificate_key(offer.discovery_service, offer.authority)
        for task in tasks
        for offer in task.offers
        if offer.authority is not None and (name := certificate_name(offer)) is not None
    }
    records = ((name, world.server_certificates.get(key)) for name, key in sorted(names.items()))
    return {name: Certificate(name, c.chain, c.private) for name, c in records if c is not None}


def trusts_of(world: World, service: DiscoveryService) -> tuple[IssuerTrust, ...]:
    """The issuers that callers of the service trust."""
    certificates = sorted(world.server_certificates.by("discovery_service", service.arn), key=lambda c: c.authority)
    return tuple(IssuerTrust(_issuer(c.authority), c.name, c.roots) for c in certificates)


def issuer_of(offer: Offer | None) -> str:
    """The issuer of the certificate that an offer's port presents; empty without TLS."""
    return "" if offer is None or offer.authority is None else _issuer(offer.authority)


def _issuer(authority: CertificateAuthorityArn) -> str:
    return authority.rpartition("/")[2]
