"""Certificates, what is trusted, and whose names are taken: what listeners and client policies say of TLS alike.

Promise: of a union exactly one member is set, as the door sees to. Files are in the proxy's file system; an ``sds``
secret comes from the proxy's own SDS socket; an ``acm`` ARN is a certificate of Certificate Manager or an authority of
Private CA (see ``domain.queries.certificates``).
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ListenerTls.html, API_ClientPolicyTls.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AcmCertificate(msgspec.Struct, frozen=True):
    """By ARN."""

    certificate_arn: str


class FileCertificate(msgspec.Struct, frozen=True):
    """By path."""

    certificate_chain: str
    private_key: str


class SdsCertificate(msgspec.Struct, frozen=True):
    """By the secret's name."""

    secret_name: str


class ListenerCertificate(msgspec.Struct, frozen=True):
    """A union: what a listener shows."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: SdsCertificate | None = None


class ClientCertificate(msgspec.Struct, frozen=True):
    """A union: what a client shows; never one of ``acm``."""

    file: FileCertificate | None = None
    sds: SdsCertificate | None = None


class AcmTrust(msgspec.Struct, frozen=True):
    """Up to three authorities, by ARN."""

    certificate_authority_arns: tuple[str, ...]


class FileTrust(msgspec.Struct, frozen=True):
    """By path."""

    certificate_chain: str


class SdsTrust(msgspec.Struct, frozen=True):
    """By the secret's name."""

    secret_name: str


class ListenerTrust(msgspec.Struct, frozen=True):
    """A union: what a listener trusts of clients; never ``acm``."""

    file: FileTrust | None = None
    sds: SdsTrust | None = None


class ClientTrust(msgspec.Struct, frozen=True):
    """A union: what a client trusts of servers."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: SdsTrust | None = None


class SubjectAlternativeNameMatchers(msgspec.Struct, frozen=True):
    """Names of which a certificate must have one: host names or URIs."""

    exact: tuple[str, ...]


class SubjectAlternativeNames(msgspec.Struct, frozen=True):
    """Whose certificates are taken."""

    match: SubjectAlternativeNameMatchers


class ListenerValidation(msgspec.Struct, frozen=True):
    """What a listener asks of its clients' certificates."""

    trust: ListenerTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class ClientValidation(msgspec.Struct, frozen=True):
    """What a client asks of a server's certificate."""

    trust: ClientTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class TlsMode(StrEnum):
    """TLS only, TLS or plain, plain only."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLED = "DISABLED"


class ListenerTls(msgspec.Struct, frozen=True):
    """TLS of a listener."""

    mode: TlsMode
    certificate: ListenerCertificate
    validation: ListenerValidation | None = None
