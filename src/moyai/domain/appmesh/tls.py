"""TLS settings of listeners and client policies: certificates, trusted authorities, accepted names.

Promise: the API makes sure that exactly one member of a union is set. Files are in the proxy's file system; an ``sds``
secret comes from the proxy's own SDS socket; an ``acm`` ARN is a certificate of Certificate Manager or an authority of
Private CA (see ``domain.queries.certificates``).
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ListenerTls.html, API_ClientPolicyTls.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AcmCertificate(msgspec.Struct, frozen=True):
    """A certificate of Certificate Manager."""

    certificate_arn: str


class FileCertificate(msgspec.Struct, frozen=True):
    """A certificate and its key, as paths."""

    certificate_chain: str
    private_key: str


class SdsCertificate(msgspec.Struct, frozen=True):
    """A certificate of the proxy's SDS server."""

    secret_name: str


class ListenerCertificate(msgspec.Struct, frozen=True):
    """A union: the certificate that a listener presents."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: SdsCertificate | None = None


class ClientCertificate(msgspec.Struct, frozen=True):
    """A union: the certificate that a client presents."""

    file: FileCertificate | None = None
    sds: SdsCertificate | None = None


class AcmTrust(msgspec.Struct, frozen=True):
    """Up to three private authorities."""

    certificate_authority_arns: tuple[str, ...]


class FileTrust(msgspec.Struct, frozen=True):
    """Authorities in a file."""

    certificate_chain: str


class SdsTrust(msgspec.Struct, frozen=True):
    """Authorities of the proxy's SDS server."""

    secret_name: str


class ListenerTrust(msgspec.Struct, frozen=True):
    """A union: the authorities that a listener trusts."""

    file: FileTrust | None = None
    sds: SdsTrust | None = None


class ClientTrust(msgspec.Struct, frozen=True):
    """A union: the authorities that a client trusts."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: SdsTrust | None = None


class SubjectAlternativeNameMatchers(msgspec.Struct, frozen=True):
    """Host names or URIs, one of which a certificate has to have."""

    exact: tuple[str, ...]


class SubjectAlternativeNames(msgspec.Struct, frozen=True):
    """The names of accepted certificates."""

    match: SubjectAlternativeNameMatchers


class ListenerValidation(msgspec.Struct, frozen=True):
    """A listener's check of its clients' certificates."""

    trust: ListenerTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class ClientValidation(msgspec.Struct, frozen=True):
    """A client's check of a server's certificate."""

    trust: ClientTrust
    subject_alternative_names: SubjectAlternativeNames | None = None


class TlsMode(StrEnum):
    """STRICT is TLS only, PERMISSIVE is TLS or plain text, DISABLED is plain text."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLED = "DISABLED"


class ListenerTls(msgspec.Struct, frozen=True):
    """The TLS settings of a listener."""

    mode: TlsMode
    certificate: ListenerCertificate
    validation: ListenerValidation | None = None
