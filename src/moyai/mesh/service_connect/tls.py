"""Encryption between proxies: which certificate a port shows, whom callers believe, which members are encrypted.

Promise: a port that is to be encrypted is never open without. A member says by whom its certificate is, so callers
reach encrypted and plain members of one name side by side while a deployment switches from the one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.certificate import certificate_key
from moyai.domain.connect.names import Offer
from moyai.domain.world import World
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.mesh.ir import Certificate, ServerTls, Shown, Trust
from moyai.mesh.service_connect.projections import ConnectTask


def certificate_name(offer: Offer) -> str | None:
    """The certificate that the offer's port shows; None where it is not encrypted."""
    if offer.authority is None:
        return None
    return certificate_key(offer.discovery_service, offer.authority).rpartition(":service/")[2]


def server_tls(offer: Offer) -> ServerTls | None:
    """How connections to the offer's port are encrypted; None where they are not."""
    name = certificate_name(offer)
    return None if name is None else ServerTls(Shown(name), newest_only=True)


def certificates_of(world: World, tasks: Iterable[ConnectTask]) -> dict[str, Certificate]:
    """All that these tasks' proxies show, as far as they have been made."""
    shown = {
        name: certificate_key(offer.discovery_service, offer.authority)
        for task in tasks
        for offer in task.offers
        if offer.authority is not None and (name := certificate_name(offer)) is not None
    }
    made = ((name, world.server_certificates.get(key)) for name, key in sorted(shown.items()))
    return {name: Certificate(name, c.chain, c.private) for name, c in made if c is not None}


def trusts_of(world: World, service: DiscoveryService) -> tuple[Trust, ...]:
    """Whom callers of the service believe."""
    made = sorted(world.server_certificates.by("discovery_service", service.arn), key=lambda c: c.authority)
    return tuple(Trust(_issuer(c.authority), c.name, c.roots) for c in made)


def issuer_of(offer: Offer | None) -> str:
    """By whom the certificate is that is shown; empty where none is."""
    return "" if offer is None or offer.authority is None else _issuer(offer.authority)


def _issuer(authority: CertificateAuthorityArn) -> str:
    return authority.rpartition("/")[2]
