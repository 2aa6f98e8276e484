"""The tables of certificates, secrets and parameters, and of the installation's own settings."""

from __future__ import annotations

from moyai.domain.acm.certificate import ManagedCertificate, ManagedKey
from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.defaults import Defaults
from moyai.domain.keys import named_key, scope_of
from moyai.domain.pca.authority import AuthorityKey, CertificateAuthority
from moyai.domain.pca.certificate import IssuedCertificate
from moyai.domain.s3.env_file import EnvFile
from moyai.domain.secretsmanager.secret import ManagedSecret
from moyai.domain.ssm.parameter import Parameter
from moyai.domain.sts.session import SessionRoot
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import optional, scope_in_arn


class SecurityTables:
    """Certificate authorities, certificates, parameters, secrets and environment files."""

    authorities = TableSpec(
        CertificateAuthority, scope=scope_in_arn, built_in=lambda a: scope_in_arn(a) if a.built_in else ()
    )
    """``built_in``: the scopes of the installation's own authorities."""
    authority_keys = TableSpec(AuthorityKey)
    issued_certificates = TableSpec(IssuedCertificate, authority=lambda c: (c.authority,))
    server_certificates = TableSpec(
        ServerCertificate,
        service=lambda c: (c.service,),
        discovery_service=lambda c: (c.discovery_service,),
    )
    managed_certificates = TableSpec(ManagedCertificate, scope=scope_in_arn, authority=lambda c: optional(c.authority))
    """``authority``: the private authority that signs the certificate."""
    managed_keys = TableSpec(ManagedKey)

    parameters = TableSpec(Parameter, scope=scope_in_arn)
    secrets = TableSpec(ManagedSecret, scope=scope_in_arn, name=lambda s: (named_key(scope_of(s.arn), s.name),))
    """``name``: several secrets have the same one when all but the newest can no longer be restored."""
    env_files = TableSpec(EnvFile)

    _defaults = TableSpec(Defaults)
    _session_roots = TableSpec(SessionRoot)
