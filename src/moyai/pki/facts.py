"""Reads the content of a certificate, with AWS's names for usages and algorithms.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from moyai.domain.acm.certificate import CertificateFacts, ExtendedUsage
from moyai.domain.pca.algorithms import KeyAlgorithm, KeyFamily
from moyai.kernel.clock import Instant
from moyai.pki.certificates import key_of, serial_of
from moyai.ports.pki import UnreadableCertificate

E = TypeVar("E", bound=x509.ExtensionType)

_USAGES: Mapping[str, str] = MappingProxyType(
    {
        "digital_signature": "DIGITAL_SIGNATURE",
        "content_commitment": "NON_REPUDIATION",
        "key_encipherment": "KEY_ENCIPHERMENT",
        "data_encipherment": "DATA_ENCIPHERMENT",
        "key_agreement": "KEY_AGREEMENT",
        "key_cert_sign": "CERTIFICATE_SIGNING",
        "crl_sign": "CRL_SIGNING",
    }
)
_EXTENDED_USAGES: Mapping[x509.ObjectIdentifier, str] = MappingProxyType(
    {
        ExtendedKeyUsageOID.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
        ExtendedKeyUsageOID.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
        ExtendedKeyUsageOID.CODE_SIGNING: "CODE_SIGNING",
        ExtendedKeyUsageOID.EMAIL_PROTECTION: "EMAIL_PROTECTION",
        ExtendedKeyUsageOID.TIME_STAMPING: "TIME_STAMPING",
        ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP_SIGNING",
        ExtendedKeyUsageOID.IPSEC_IKE: "IPSEC_END_SYSTEM",
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "ANY",
    }
)
_KEYS: Mapping[str | int, KeyAlgorithm] = MappingProxyType(
    {
        2048: KeyAlgorithm.RSA_2048,
        3072: KeyAlgorithm.RSA_3072,
        4096: KeyAlgorithm.RSA_4096,
        "secp256r1": KeyAlgorithm.EC_prime256v1,
        "secp384r1": KeyAlgorithm.EC_secp384r1,
        "secp521r1": KeyAlgorithm.EC_secp521r1,
    }
)
_SIGNATURES: Mapping[str, KeyFamily] = MappingProxyType(
    {"1.2.840.113549.1.1.": KeyFamily.RSA, "1.2.840.10045.4.": KeyFamily.EC}
)
"""By the arc of the object identifiers (RFC 8017, RFC 5758)."""


def facts(certificate: x509.Certificate) -> CertificateFacts:
    """A certificate's content. Raises UnreadableCertificate, also for a key that no proxy could use."""
    try:
        extensions = certificate.extensions
        usages = tuple(_usages(extensions))
        return CertificateFacts(
            names=tuple(dict.fromkeys(_names(certificate.subject, extensions))),
            serial=serial_of(certificate),
            subject=certificate.subject.rfc4514_string(),
            issuer=_issuer(certificate.issuer),
            not_before=Instant(certificate.not_valid_before_utc.timestamp()),
            not_after=Instant(certificate.not_valid_after_utc.timestamp()),
            key_algorithm=_key_algorithm(certificate),
            signature_algorithm=_signature_algorithm(certificate),
            key_usages=usages,
            extended_usages=tuple(_extended_usages(extensions)),
        )
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate can't be read: {error}.") from error


def signed_with(certificate: x509.Certificate) -> KeyFamily | None:
    """The family of the key that has signed a certificate; None when it is neither RSA nor elliptic."""
    oid = certificate.signature_algorithm_oid.dotted_string
    return next((family for arc, family in _SIGNATURES.items() if oid.startswith(arc)), None)


def _names(subject: x509.Name, extensions: x509.Extensions) -> Iterator[str]:
    alternative = _value(extensions, x509.SubjectAlternativeName)
    names = [] if alternative is None else [n.lower() for n in alternative.get_values_for_type(x509.DNSName)]
    common = [str(attribute.value).lower() for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    yield from (name for name in common if name in names or (not names and "." in name))
    yield from names


def _issuer(name: x509.Name) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return str(attribute.value)
    return name.rfc4514_string()


def _key_algorithm(certificate: x509.Certificate) -> KeyAlgorithm:
    match key_of(certificate):
        case rsa.RSAPublicKey(key_size=size):
            algorithm = _KEYS.get(size)
        case ec.EllipticCurvePublicKey(curve=curve):
            algorithm = _KEYS.get(curve.name)
        case _:
            algorithm = None
    if algorithm is None:
        raise UnreadableCertificate(f"The certificate's key is none that a proxy can use: {', '.join(KeyAlgorithm)}.")
    return algorithm


def _signature_algorithm(certificate: x509.Certificate) -> str:
    oid, digest = certificate.signature_algorithm_oid, certificate.signature_hash_algorithm
    family = signed_with(certificate)
    if digest is None or family is None:
        return oid.dotted_string
    padding = "_PSS" if oid == SignatureAlgorithmOID.RSASSA_PSS else ""
    return f"{digest.name.upper()}WITH{'ECDSA' if family is KeyFamily.EC else 'RSA'}{padding}"


def _usages(extensions: x509.Extensions) -> Iterator[str]:
    usage = _value(extensions, x509.KeyUsage)
    if usage is None:
        return
    yield from (name for member, name in _USAGES.items() if getattr(usage, member))
    if usage.key_agreement and usage.encipher_only:
        yield "ENCIPHER_ONLY"
    if usage.key_agreement and usage.decipher_only:
        yield "DECIPHER_ONLY"


def _extended_usages(extensions: x509.Extensions) -> Iterator[ExtendedUsage]:
    for oid in _value(extensions, x509.ExtendedKeyUsage) or ():
        yield ExtendedUsage(_EXTENDED_USAGES.get(oid, "CUSTOM"), oid.dotted_string)


def _value(extensions: x509.Extensions, kind: type[E]) -> E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
