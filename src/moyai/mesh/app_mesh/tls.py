"""TLS: what listeners show and ask for, and how each client speaks to each server.

Promise: a client with a policy that holds for the server's port does as the policy says, whatever the server does. Any
other follows the server: where the server has TLS so has the client, and it believes the certificate's own authority
where the certificate is Certificate Manager's, and anybody where it is from a file or from SDS. Where nobody is to be
believed nothing is sent.
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
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.ir import (
    AnyShown,
    AnyTrusted,
    Certificate,
    ClientTls,
    PeerCheck,
    ServerTls,
    Shown,
    ShownFile,
    ShownSecret,
    Trust,
    TrustedFile,
    TrustedRoots,
    TrustedSecret,
)


class Spoken(NamedTuple):
    """How a client speaks to a server: ``tls`` None = plain. ``believes`` False: not at all."""

    tls: ClientTls | None = None
    believes: bool = True


def may_open(part: Part, subject: str, port: int, tls: ListenerTls | None) -> bool:
    """Whether a listener of ``subject`` has what it is to show. Without, it stays closed, and nothing else does."""
    if tls is None or tls.mode is TlsMode.DISABLED or tls.certificate.acm is None:
        return True
    arn = tls.certificate.acm.certificate_arn
    is_there = listener_identity(part.world, arn) is not None
    if not is_there:
        part.report(subject, f"its port {port} is closed: there is no certificate {arn} that has been issued")
    return is_there


def server_tls(part: Part, tls: ListenerTls | None) -> ServerTls | None:
    """What a listener that may open shows and asks for; None = plain text."""
    if tls is None or tls.mode is TlsMode.DISABLED:
        return None
    asked = tls.validation
    trusted = None if asked is None else _trusted(part.world, asked.trust)
    names = () if asked is None else _names(asked.subject_alternative_names)
    return ServerTls(
        shown=_shown_by(part, tls.certificate),
        permissive=tls.mode is TlsMode.PERMISSIVE,
        callers=None if trusted is None else PeerCheck(trusted, names),
    )


def client_tls(world: World, policy: ClientPolicyTls | None, server: ListenerTls | None, name: str) -> Spoken:
    """How a client speaks to a server. ``policy``: the client's, where it has one that holds for the server's port;
    ``name``: under which the server is found.
    """
    shown = None if policy is None or policy.certificate is None else _shown(policy.certificate)
    if policy is not None and policy.enforced:
        trusted = _trusted(world, policy.validation.trust)
        names = _names(policy.validation.subject_alternative_names) or ((name,) if name else ())
        return _checked(PeerCheck(trusted, names), shown, name)
    if server is None or server.mode is TlsMode.DISABLED:
        return Spoken()
    if server.certificate.acm is None:
        return Spoken(ClientTls(None, shown, name))
    identity = listener_identity(world, server.certificate.acm.certificate_arn)
    return _checked(PeerCheck(TrustedRoots(() if identity is None else identity.roots)), shown, name)


def _checked(check: PeerCheck, shown: AnyShown | None, name: str) -> Spoken:
    """With TLS, to whoever passes; to nobody, where nobody could."""
    nobody = check.trusted == TrustedRoots(())
    return Spoken(None if nobody else ClientTls(check, shown, name), not nobody)


def believed(policy: ClientPolicyTls | None, trust: Trust) -> bool:
    """Whether a client with this policy takes the certificates that Service Connect's members show."""
    if policy is None or not policy.enforced:
        return True
    acm, names = policy.validation.trust.acm, _names(policy.validation.subject_alternative_names)
    issuers = () if acm is None else tuple(arn.rpartition("/")[2] for arn in acm.certificate_authority_arns)
    return trust.issuer in issuers and (not names or trust.name in names)


def _shown_by(part: Part, certificate: ListenerCertificate) -> AnyShown:
    if certificate.acm is None:
        return _shown(ClientCertificate(certificate.file, certificate.sds))
    arn = certificate.acm.certificate_arn
    identity = listener_identity(part.world, arn)
    if identity is not None:
        part.add_certificate(Certificate(arn, identity.chain, identity.private))
    return Shown(arn)


def _shown(certificate: ClientCertificate) -> AnyShown:
    if certificate.file is not None:
        return ShownFile(certificate.file.certificate_chain, certificate.file.private_key)
    return ShownSecret("" if certificate.sds is None else certificate.sds.secret_name)


def _trusted(world: World, trust: ClientTrust | ListenerTrust) -> AnyTrusted:
    if trust.file is not None:
        return TrustedFile(trust.file.certificate_chain)
    if trust.sds is not None:
        return TrustedSecret(trust.sds.secret_name)
    authorities = trust.acm if isinstance(trust, ClientTrust) else None
    return TrustedRoots(() if authorities is None else trusted_roots(world, authorities.certificate_authority_arns))


def _names(said: SubjectAlternativeNames | None) -> tuple[str, ...]:
    return () if said is None else said.match.exact
