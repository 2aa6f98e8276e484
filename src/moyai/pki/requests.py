"""Certificate signing requests: makes those of authorities and servers, and parses those of callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from moyai.domain.pca.authority import AuthorityProperties, KeyUsage, Subject
from moyai.pki.keys import PrivateKey, digest_of, rsa_padding
from moyai.ports.pki import UnreadableRequest

_ATTRIBUTES: Mapping[str, x509.ObjectIdentifier] = MappingProxyType(
    {
        "country": NameOID.COUNTRY_NAME,
        "organization": NameOID.ORGANIZATION_NAME,
        "organizational_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "distinguished_name_qualifier": NameOID.DN_QUALIFIER,
        "state": NameOID.STATE_OR_PROVINCE_NAME,
        "common_name": NameOID.COMMON_NAME,
        "serial_number": NameOID.SERIAL_NUMBER,
        "locality": NameOID.LOCALITY_NAME,
        "title": NameOID.TITLE,
        "surname": NameOID.SURNAME,
        "given_name": NameOID.GIVEN_NAME,
        "initials": NameOID.INITIALS,
        "pseudonym": NameOID.PSEUDONYM,
        "generation_qualifier": NameOID.GENERATION_QUALIFIER,
    }
)


def own_request(configuration: AuthorityProperties, key: PrivateKey) -> str:
    """An authority's request for its own certificate, PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509_name(configuration.subject))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    extensions = configuration.csr_extensions
    if extensions is not None and extensions.key_usage is not None:
        builder = builder.add_extension(_key_usage(extensions.key_usage), critical=True)
    algorithm = configuration.signing_algorithm
    request = builder.sign(key, digest_of(algorithm), rsa_padding=rsa_padding(algorithm))
    return request.public_bytes(Encoding.PEM).decode()


def server_request(key: PrivateKey, names: Sequence[str]) -> str:
    """A request for a certificate for these DNS names, PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = builder.add_extension(alternative, critical=False).sign(key, SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def read_request(pem: bytes) -> x509.CertificateSigningRequest:
    """Parse a request and verify its signature. Raises UnreadableRequest."""
    try:
        request = x509.load_pem_x509_csr(pem)
        is_valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableRequest(f"The certificate signing request can't be read: {error}.") from error
    if not is_valid:
        raise UnreadableRequest("The signature of the certificate signing request is not that of its key.")
    return request


def x509_name(subject: Subject) -> x509.Name:
    """The name with the attributes that the subject has."""
    attributes = ((oid, getattr(subject, name)) for name, oid in _ATTRIBUTES.items())
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])


def _key_usage(usage: KeyUsage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=usage.digital_signature,
        content_commitment=usage.non_repudiation,
        key_encipherment=usage.key_encipherment,
        data_encipherment=usage.data_encipherment,
        key_agreement=usage.key_agreement,
        key_cert_sign=usage.key_cert_sign,
        crl_sign=usage.crl_sign,
        encipher_only=usage.encipher_only and usage.key_agreement,
        decipher_only=usage.decipher_only and usage.key_agreement,
    )
