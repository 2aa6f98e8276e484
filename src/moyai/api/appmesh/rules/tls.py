"""TLS of listeners and of client policies.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/tls.html, mutual-tls.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.api.appmesh.rules.text import Faults, file_path, printable
from moyai.domain.appmesh.client_policy import BackendDefaults, ClientPolicy
from moyai.domain.appmesh.tls import (
    AcmTrust,
    ClientCertificate,
    ClientTrust,
    ListenerCertificate,
    ListenerTls,
    ListenerTrust,
    SubjectAlternativeNames,
)
from moyai.kernel.arn import parse_arn

_DOMAIN: Final = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_CERTIFICATE: Final = ("acm", "certificate")
_AUTHORITY: Final = ("acm-pca", "certificate-authority")


def listener_tls(where: str, tls: ListenerTls) -> Faults:
    """Faults of a listener's TLS settings."""
    yield from _certificate_faults(f"{where}.certificate", tls.certificate)
    if tls.validation is not None:
        yield from _trust(f"{where}.validation.trust", tls.validation.trust)
        yield from _names(f"{where}.validation", tls.validation.subject_alternative_names, wildcards=True)


def client_policy(where: str, policy: ClientPolicy | None) -> Faults:
    """Faults of the client policy of one backend, or of all."""
    tls = None if policy is None else policy.tls
    if tls is None:
        return
    where = f"{where}.tls"
    if tls.certificate is not None:
        yield from _certificate_faults(f"{where}.certificate", tls.certificate)
    yield from _trust(f"{where}.validation.trust", tls.validation.trust)
    names = tls.validation.subject_alternative_names
    yield from _names(f"{where}.validation", names, wildcards=not tls.enforced)


def backend_defaults(where: str, defaults: BackendDefaults | None) -> Faults:
    """Faults of the backend defaults of a virtual node or a virtual gateway."""
    if defaults is not None:
        yield from client_policy(f"{where}.clientPolicy", defaults.client_policy)


def _certificate_faults(where: str, certificate: ListenerCertificate | ClientCertificate) -> Faults:
    if certificate.file is not None:
        yield from file_path(f"{where}.file.certificateChain", certificate.file.certificate_chain)
        yield from file_path(f"{where}.file.privateKey", certificate.file.private_key)
    if certificate.sds is not None:
        yield from printable(f"{where}.sds.secretName", certificate.sds.secret_name)
    if isinstance(certificate, ListenerCertificate) and certificate.acm is not None:
        arn = certificate.acm.certificate_arn
        if _what(arn) != _CERTIFICATE:
            yield f"{where}.acm.certificateArn: {arn[:200]!r} is not the ARN of a certificate of Certificate Manager."


def _trust(where: str, trust: ListenerTrust | ClientTrust) -> Faults:
    if trust.file is not None:
        yield from file_path(f"{where}.file.certificateChain", trust.file.certificate_chain)
    if trust.sds is not None:
        yield from printable(f"{where}.sds.secretName", trust.sds.secret_name)
    if isinstance(trust, ClientTrust) and trust.acm is not None:
        yield from _authorities(f"{where}.acm.certificateAuthorityArns", trust.acm)


def _authorities(where: str, trust: AcmTrust) -> Faults:
    for place, arn in enumerate(trust.certificate_authority_arns):
        if _what(arn) != _AUTHORITY:
            yield f"{where}[{place}]: {arn[:200]!r} is not the ARN of a certificate authority of Private CA."


def _names(where: str, names: SubjectAlternativeNames | None, *, wildcards: bool) -> Faults:
    if names is None:
        return
    where = f"{where}.subjectAlternativeNames.match.exact"
    if not names.match.exact:
        yield f"{where}: without a name in it, no certificate would do. Leave subjectAlternativeNames out."
    for place, name in enumerate(names.match.exact):
        if not _DOMAIN.fullmatch(name) and not _URI.fullmatch(name):
            yield f"{where}[{place}]: {name[:100]!r} is neither a domain name nor a URI."
        elif name.startswith("*.") and not wildcards:
            yield f"{where}[{place}]: a policy that is enforced takes exact names only, and {name[:100]!r} is none."


def _what(arn: str) -> tuple[str, str] | None:
    """Service and kind in the ARN of one thing; None for other texts."""
    parsed = parse_arn(arn)
    return None if parsed is None or len(parsed.path) != 1 or not parsed.path[0] else (parsed.service, parsed.kind)
