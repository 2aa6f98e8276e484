"""TLS: the certificates that listeners present and require, and how each client calls each server.

Promise: a client with a policy for the server's port does as the policy says, whatever the server does. Any other
client follows the server: it uses TLS if the server does, and trusts the certificate's own authority if the certificate
is Certificate Manager's, and any certificate if it is from a file or from SDS. Where no authority is trusted, nothing
is sent.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/tls.html, virtual-node-tls.html#app-mesh-tls-client-policy
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.appmesh.client_policy import ClientPolicyTls
from moyai.domain.appmesh.tls import (
    ClientCertificate,
    ClientTrust,
    ListenerCertificate,
    ListenerTls,
    ListenerTrust,
    SubjectAlternativeNames,
    TlsMode,
)
from moyai.domain.queries.certificates import listener_identity, trusted_roots
from moyai.domain.world import World
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.ir import (
    AnyCertificate,
    AnyTrusted,
    Certificate,
    CertificateFile,
    CertificateRef,
    CertificateSecret,
    ClientTls,
    IssuerTrust,
    PeerCheck,
    ServerTls,
    TrustedFile,
    TrustedRoots,
    TrustedSecret,
)


class Encryption(NamedTuple):
    """How a client calls a server: ``tls`` None = plain text. Without ``is_possible``, nothing may be sent."""

    tls: ClientTls | None = None
    is_possible: bool = True


def has_certificate(shard: ShardBuilder, subject: str, port: int, tls: ListenerTls | None) -> bool:
    """Whether a listener of ``subject`` has the certificate that it is to present; otherwise the port stays closed."""
    if tls is None or tls.mode is TlsMode.DISABLED or tls.certificate.acm is None:
        return True
    arn = tls.certificate.acm.certificate_arn
    is_issued = listener_identity(shard.world, arn) is not None
    if not is_issued:
        shard.report(subject, f"its port {port} is closed: its certificate {arn} is not issued")
    return is_issued


def server_tls(shard: ShardBuilder, tls: ListenerTls | None) -> ServerTls | None:
    """The TLS settings of a listener; None = plain text."""
    if tls is None or tls.mode is TlsMode.DISABLED:
        return None
    validation = tls.validation
    callers = None if validation is None else _roots_of(shard.world, validation.trust)
    names = () if validation is None else _names(validation.subject_alternative_names)
    return ServerTls(
        certificate=_listener_certificate(shard, tls.certificate),
        permissive=tls.mode is TlsMode.PERMISSIVE,
        callers=None if callers is None else PeerCheck(callers, names),
    )


def client_encryption(
    world: World, policy: ClientPolicyTls | None, server: ListenerTls | None, name: str
) -> Encryption:
    """How a client calls a server. ``policy``: the client's, if it has one for the server's port; ``name``: the name by
    which the server is discovered.
    """
    certificate = None if policy is None or policy.certificate is None else _certificate(policy.certificate)
    if policy is not None and policy.enforced:
        trust = _roots_of(world, policy.validation.trust)
        names = _names(policy.validation.subject_alternative_names) or ((name,) if name else ())
        return _encryption(PeerCheck(trust, names), certificate, name)
    if server is None or server.mode is TlsMode.DISABLED:
        return Encryption()
    if server.certificate.acm is None:
        return Encryption(ClientTls(None, certificate, name))
    identity = listener_identity(world, server.certificate.acm.certificate_arn)
    return _encryption(PeerCheck(TrustedRoots(() if identity is None else identity.roots)), certificate, name)


def _encryption(check: PeerCheck, certificate: AnyCertificate | None, name: str) -> Encryption:
    """TLS to servers that pass the check; impossible if none could pass."""
    trusts_nobody = check.trusted_ca == TrustedRoots(())
    return Encryption(None if trusts_nobody else ClientTls(check, certificate, name), not trusts_nobody)


def accepts_issuer(policy: ClientPolicyTls | None, trust: IssuerTrust) -> bool:
    """Whether a client with this policy accepts the certificates that Service Connect's members present."""
    if policy is None or not policy.enforced:
        return True
    acm, names = policy.validation.trust.acm, _names(policy.validation.subject_alternative_names)
    issuers = () if acm is None else tuple(arn.rpartition("/")[2] for arn in acm.certificate_authority_arns)
    return trust.issuer in issuers and (not names or trust.name in names)


def _listener_certificate(shard: ShardBuilder, certificate: ListenerCertificate) -> AnyCertificate:
    if certificate.acm is None:
        return _certificate(ClientCertificate(certificate.file, certificate.sds))
    arn = certificate.acm.certificate_arn
    identity = listener_identity(shard.world, arn)
    if identity is not None:
        shard.add_certificate(Certificate(arn, identity.chain, identity.private))
    return CertificateRef(arn)


def _certificate(certificate: ClientCertificate) -> AnyCertificate:
    if certificate.file is not None:
        return CertificateFile(certificate.file.certificate_chain, certificate.file.private_key)
    return CertificateSecret("" if certificate.sds is None else certificate.sds.secret_name)


def _roots_of(world: World, trust: ClientTrust | ListenerTrust) -> AnyTrusted:
    if trust.file is not None:
        return TrustedFile(trust.file.certificate_chain)
    if trust.sds is not None:
        return TrustedSecret(trust.sds.secret_name)
    authorities = trust.acm if isinstance(trust, ClientTrust) else None
    return TrustedRoots(() if authorities is None else trusted_roots(world, authorities.certificate_authority_arns))


def _names(alternatives: SubjectAlternativeNames | None) -> tuple[str, ...]:
    return () if alternatives is None else alternatives.match.exact
