"""Certificates: describe, get, export, renew, delete.

Promise: only the response to ExportCertificate contains a private key, encrypted with the caller's passphrase.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_ExportCertificate.html, API_RenewCertificate.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acm.lookup import certificate_of, content_of
from moyai.api.acm.view import detail
from moyai.api.operation import Context
from moyai.domain.acm.certificate import CertificateType, ManagedCertificate, ManagedKey, Renewal, RenewalStatus
from moyai.domain.acm.errors import InvalidState, RequestInProgress, ResourceInUse
from moyai.domain.queries.certificates import certificate_users, is_renewable
from moyai.domain.world import Delete, Put
from moyai.kernel.errors import InvalidInput
from moyai.ports.pki import Pki

_FORBIDDEN_IN_PASSPHRASE: Final = b"#$%"
_FIRST_NON_ASCII: Final = 0x80


class CertificateRequest(msgspec.Struct, frozen=True):
    """The certificate to describe, get, renew or delete."""

    certificate_arn: str


class TransparencyOptions(msgspec.Struct, frozen=True):
    """Whether the certificate is logged for transparency."""

    certificate_transparency_logging_preference: str = "ENABLED"


class UpdateCertificateOptionsRequest(msgspec.Struct, frozen=True):
    """The new options of a certificate."""

    certificate_arn: str
    options: TransparencyOptions


class ExportCertificateRequest(msgspec.Struct, frozen=True):
    certificate_arn: str
    passphrase: bytes


def describe_certificate(ctx: Context, request: CertificateRequest) -> dict[str, object]:
    """Everything about a certificate except its key."""
    return {"certificate": detail(ctx.store.world, certificate_of(ctx, request.certificate_arn))}


def get_certificate(ctx: Context, request: CertificateRequest) -> dict[str, str | None]:
    """A certificate and its chain."""
    content = content_of(certificate_of(ctx, request.certificate_arn))
    return {"certificate": content.pem, "certificate_chain": content.chain or None}


def delete_certificate(ctx: Context, request: CertificateRequest) -> None:
    """Delete a certificate and its key. Raises ResourceInUse while a listener or proxy uses it."""
    certificate = certificate_of(ctx, request.certificate_arn)
    users = certificate_users(ctx.store.world, certificate.arn)
    if users:
        raise ResourceInUse(f"The certificate {certificate.arn} is in use by {', '.join(users)}.")
    ctx.store.apply([Delete(ManagedCertificate, certificate.arn), Delete(ManagedKey, certificate.arn)])


def update_certificate_options(ctx: Context, request: UpdateCertificateOptionsRequest) -> None:
    """Record whether a certificate is to be logged for transparency. moyai writes to no transparency log."""
    certificate = certificate_of(ctx, request.certificate_arn)
    if certificate.type is CertificateType.IMPORTED:
        raise InvalidState(f"The certificate {certificate.arn} is imported; its options can't be changed.")
    transparency = request.options.certificate_transparency_logging_preference == "ENABLED"
    ctx.store.apply([Put(replace(certificate, transparency=transparency))])


def renew_certificate(ctx: Context, request: CertificateRequest) -> None:
    """Schedule the renewal of a certificate, with a new key."""
    certificate = certificate_of(ctx, request.certificate_arn)
    content_of(certificate)
    if not is_renewable(ctx.store.world, certificate):
        raise InvalidInput(
            f"The certificate {certificate.arn} is not eligible for renewal. A private certificate is eligible when it"
            " is ISSUED, and was exported or is in use."
        )
    if certificate.renewal is not None and certificate.renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL:
        raise RequestInProgress(f"The certificate {certificate.arn} is being renewed.")
    pending = Renewal(RenewalStatus.PENDING_AUTO_RENEWAL, ctx.now)
    ctx.store.apply([Put(replace(certificate, renewal=pending, renew_at=ctx.now))])


def export_certificate(pki: Pki, ctx: Context, request: ExportCertificateRequest) -> dict[str, str | None]:
    """A certificate, its chain, and its key encrypted with the passphrase."""
    certificate = certificate_of(ctx, request.certificate_arn)
    content = content_of(certificate)
    if certificate.type is not CertificateType.PRIVATE or not certificate.exportable:
        raise InvalidInput(
            f"The certificate {certificate.arn} can't be exported. A private certificate can be exported, unless it was"
            " requested with the option Export DISABLED."
        )
    if any(byte >= _FIRST_NON_ASCII or byte in _FORBIDDEN_IN_PASSPHRASE for byte in request.passphrase):
        raise InvalidInput("Passphrase may have all ASCII characters except #, $ and %.")
    key = pki.encrypt_key(ctx.store.world.managed_keys[certificate.arn].private, request.passphrase)
    if not certificate.exported:
        ctx.store.apply([Put(replace(certificate, exported=True))])
    return {"certificate": content.pem, "certificate_chain": content.chain or None, "private_key": key}
