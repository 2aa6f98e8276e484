"""Issues certificates.

Promise: a certificate has the extensions of its template, and of its request only the subject and the alternative
names. Serial numbers have 127 random bits.
Source: https://docs.aws.amazon.com/privateca/latest/userguide/template-definitions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from moyai.domain.pca.authority import AuthorityType
from moyai.domain.pca.certificate import CLIENT, SERVER, Template
from moyai.kernel.clock import Instant
from moyai.pki.keys import digest_of, parse_key, rsa_padding
from moyai.pki.requests import read_request
from moyai.ports.pki import Issuer, Mismatch, SignedCertificate, UnreadableRequest, ValidityPeriod

_SERIAL_DIGITS = 32
_USAGES = MappingProxyType({SERVER: ExtendedKeyUsageOID.SERVER_AUTH, CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH})
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def issue(issuer: Issuer, csr: bytes, template: Template, span: ValidityPeriod) -> SignedCertificate:
    """Issue a certificate for a request. Raises UnreadableRequest, Mismatch."""
    request = read_request(csr)
    public = request.public_key()
    if not isinstance(public, PublicKey):
        raise UnreadableRequest("The key of the certificate signing request is neither RSA nor elliptic.")
    names = _alternative_names(request)
    if not request.subject.rdns and names is None:
        raise UnreadableRequest("The certificate signing request has neither a subject nor alternative names.")
    own = parse_key(issuer.private).public_key()
    if template.makes is AuthorityType.ROOT and public != own:
        raise Mismatch("A root signs itself: the request must be the authority's own.")
    return sign(issuer, request.subject, public, (*_extensions(template, public), *_san(names, request)), span)


Extension = tuple[x509.ExtensionType, bool]
"""An extension, and whether it is critical."""


def sign(
    issuer: Issuer, subject: x509.Name, public: PublicKey, extensions: tuple[Extension, ...], span: ValidityPeriod
) -> SignedCertificate:
    """Sign a certificate with these extensions, and with the identifiers of its own key and of the issuer's."""
    key = parse_key(issuer.private)
    above = None if issuer.certificate is None else x509.load_pem_x509_certificate(issuer.certificate.pem.encode())
    is_self_signed = above is None or public == key.public_key()
    serial = x509.random_serial_number() >> 32
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .subject_name(subject)
        .issuer_name(subject if above is None or is_self_signed else above.subject)
        .public_key(public)
        .not_valid_before(_moment(span.begin))
        .not_valid_after(_moment(span.end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_authority_identifier(above, public if is_self_signed else key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(key, digest_of(issuer.algorithm), rsa_padding=rsa_padding(issuer.algorithm))
    return SignedCertificate(certificate.public_bytes(Encoding.PEM).decode(), f"{serial:0{_SERIAL_DIGITS}x}")


def _moment(at: Instant) -> datetime:
    return datetime.fromtimestamp(int(at), UTC)


def _authority_identifier(above: x509.Certificate | None, public: PublicKey) -> x509.AuthorityKeyIdentifier:
    """The key identifier in the issuer's own certificate, if it has one; else one computed from the issuer's key."""
    if above is not None:
        try:
            own = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)
        except x509.ExtensionNotFound:
            pass
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public)


def _alternative_names(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension) as error:
        raise UnreadableRequest(f"The extensions of the certificate signing request can't be read: {error}.") from error


def _san(names: x509.SubjectAlternativeName | None, request: x509.CertificateSigningRequest) -> Iterator[Extension]:
    if names is not None:
        yield names, not request.subject.rdns


def _extensions(template: Template, public: PublicKey) -> Iterator[Extension]:
    if template.makes is not None:
        yield x509.BasicConstraints(ca=True, path_length=template.path_length), True
        yield usage(key_cert_sign=True, crl_sign=True, digital_signature=True), True
        return
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield usage(digital_signature=True, key_encipherment=isinstance(public, rsa.RSAPublicKey)), True
    yield x509.ExtendedKeyUsage([_USAGES[u] for u in template.extended_usages]), False


def usage(
    *, digital_signature: bool, key_encipherment: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    """A key usage extension with these bits."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
