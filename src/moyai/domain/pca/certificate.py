"""Issued certificates, and their templates.

Source: https://docs.aws.amazon.com/privateca/latest/userguide/UsingTemplates.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from moyai.domain.pca.authority import AuthorityType
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateArn, CertificateAuthorityArn

SERVER, CLIENT = "server", "client"
"""The extended key usages of templates."""


class Template(msgspec.Struct, frozen=True):
    """A template. ``makes``: a type of authority, or None for an end entity; ``path_length``: authorities below it."""

    makes: AuthorityType | None = None
    path_length: int | None = None
    extended_usages: tuple[str, ...] = ()


END_ENTITY = "EndEntityCertificate/V1"
TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "RootCACertificate/V1": Template(AuthorityType.ROOT),
        **{f"SubordinateCACertificate_PathLen{n}/V1": Template(AuthorityType.SUBORDINATE, n) for n in range(4)},
        END_ENTITY: Template(extended_usages=(SERVER, CLIENT)),
        "EndEntityServerAuthCertificate/V1": Template(extended_usages=(SERVER,)),
        "EndEntityClientAuthCertificate/V1": Template(extended_usages=(CLIENT,)),
    }
)
"""The templates by name, as in ``arn:aws:acm-pca:::template/<name>``."""


class Revocation(msgspec.Struct, frozen=True):
    """The record that a certificate was revoked, which nothing publishes."""

    reason: str
    at: Instant


class IssuedCertificate(ArnRecord, frozen=True, tag="issued_certificate"):
    """A certificate of IssueCertificate: PEM, and the chain above it at that time."""

    arn: CertificateArn
    authority: CertificateAuthorityArn
    pem: str
    chain: str
    issued_at: Instant
    token: str | None = None
    revocation: Revocation | None = None
