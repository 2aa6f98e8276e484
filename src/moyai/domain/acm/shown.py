"""What proxies need of Certificate Manager's certificates: what a listener shows, and whom its clients believe.

Promise: answers come from the records alone, so whoever holds a mesh made from them knows when to ask again: when a
certificate, a key or an authority changes. A certificate that has run out is still shown, until it is replaced: its
callers say what is wrong with it. A root is believed before anybody shows a certificate of it, and after as long as
somebody may.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/tls.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from moyai.domain.acm.certificate import ManagedCertificate
from moyai.domain.pca.trust import last_of
from moyai.domain.world import World
from moyai.kernel.secret import Secret


class Identity(NamedTuple):
    """What a listener shows (``chain``: the certificate and those above it, PEM) and by which ``roots`` (PEM, each one
    certificate) a client knows it.
    """

    chain: str
    private: Secret
    roots: tuple[str, ...]


def identity_of(world: World, certificate: str) -> Identity | None:
    """By ARN; None where there is no such certificate, or it has not been issued."""
    found, key = world.managed_certificates.get(certificate), world.managed_keys.get(certificate)
    if found is None or found.content is None or key is None:
        return None
    above = found.content.chain
    if found.authority is not None:  # whoever believes a private root has it
        above = above.removesuffix(last_of(above))
    return Identity(found.content.pem + above, key.private, _roots(world, found))


def roots_of(world: World, authorities: Iterable[str]) -> tuple[str, ...]:
    """Whom those believe who name these private authorities by ARN: the root above each, PEM, each once.

    One that is not there, or has no certificate yet, adds nothing; of nobody, nobody is to be believed.
    """
    found: dict[str, None] = {}
    for authority in authorities:
        found |= dict.fromkeys(_own_root(world, authority))
        for certificate in world.managed_certificates.each("authority", authority):
            found |= dict.fromkeys(certificate.roots)
    return tuple(found)


def _roots(world: World, certificate: ManagedCertificate) -> tuple[str, ...]:
    own = () if certificate.authority is None else _own_root(world, certificate.authority)
    return tuple(dict.fromkeys((*own, *certificate.roots)))


def _own_root(world: World, authority: str) -> tuple[str, ...]:
    found = world.authorities.get(authority)
    return () if found is None or found.certificate is None else (found.certificate.root,)
