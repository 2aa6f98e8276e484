"""Who uses a certificate of Certificate Manager, and what follows from it.

Source: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from itertools import chain

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.world import World


def users_of(world: World, certificate: str) -> tuple[str, ...]:
    """The ARNs of the virtual nodes and gateways whose listeners show it."""
    tables = world.virtual_nodes, world.virtual_gateways
    return tuple(sorted(chain.from_iterable((one.arn for one in t.each("certificate", certificate)) for t in tables)))


def is_renewable(world: World, certificate: ManagedCertificate) -> bool:
    """Whether it is renewed in time: an issued private one that somebody shows or has a copy of."""
    private = certificate.type is CertificateType.PRIVATE and certificate.status is CertificateStatus.ISSUED
    return private and (certificate.exported or bool(users_of(world, certificate.arn)))
