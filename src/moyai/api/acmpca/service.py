"""AWS Private CA's operations, as the door is given them.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.acmpca import authorities, certificates, permissions, tags
from moyai.api.operation import Operation, Service, table
from moyai.ports.pki import Pki

_NO_REVOCATION: Final = "nothing here publishes revocations"
_ATTRIBUTES: Final = "a name has the attributes that have a name"


def acmpca(pki: Pki) -> Service:
    """Private CA with these keys and certificates."""
    signing = certificates.Signing(pki)
    one = authorities.AuthorityRequest
    create, change = authorities.CreateCertificateAuthorityRequest, authorities.UpdateCertificateAuthorityRequest
    delete, listing = authorities.DeleteCertificateAuthorityRequest, authorities.ListCertificateAuthoritiesRequest
    return Service(
        name="acm-pca",
        refused=MappingProxyType(dict(_refused())),
        operations=table(
            (
                Operation("CreateCertificateAuthority", create, authorities.create),
                Operation("DescribeCertificateAuthority", one, authorities.describe),
                Operation("ListCertificateAuthorities", listing, authorities.list_all),
                Operation("UpdateCertificateAuthority", change, authorities.update),
                Operation("DeleteCertificateAuthority", delete, authorities.delete),
                Operation("RestoreCertificateAuthority", one, authorities.restore),
                Operation("GetCertificateAuthorityCsr", one, certificates.get_csr),
                Operation("GetCertificateAuthorityCertificate", one, certificates.get_own),
                Operation("ImportCertificateAuthorityCertificate", certificates.ImportRequest, signing.accept),
                Operation("IssueCertificate", certificates.IssueCertificateRequest, signing.issue),
                Operation("GetCertificate", certificates.GetCertificateRequest, certificates.get),
                Operation("CreatePermission", permissions.CreatePermissionRequest, permissions.create),
                Operation("DeletePermission", permissions.PermissionRequest, permissions.delete),
                Operation("ListPermissions", permissions.ListPermissionsRequest, permissions.list_all),
                Operation("TagCertificateAuthority", tags.TagsRequest, tags.tag),
                Operation("UntagCertificateAuthority", tags.TagsRequest, tags.untag),
                Operation("ListTags", tags.ListTagsRequest, tags.list_tags),
            )
        ),
    )


def _refused() -> tuple[tuple[str, str], ...]:
    crl = ("ExpirationInDays", "CustomCname", "S3BucketName", "S3ObjectAcl", "CrlType", "CustomPath")
    revoking = [f"RevocationConfiguration.CrlConfiguration.{member}" for member in crl]
    revoking += [
        "RevocationConfiguration.CrlConfiguration.CrlDistributionPointExtensionConfiguration",
        "RevocationConfiguration.OcspConfiguration.OcspCustomCname",
    ]
    configuration = "CreateCertificateAuthority.CertificateAuthorityConfiguration"
    return (
        *(
            (f"{operation}CertificateAuthority.{m}", _NO_REVOCATION)
            for operation in ("Create", "Update")
            for m in revoking
        ),
        (f"{configuration}.Subject.CustomAttributes", _ATTRIBUTES),
        (f"{configuration}.CsrExtensions.SubjectInformationAccess", "no proxy looks at it"),
        ("CreateCertificateAuthority.KeyStorageSecurityStandard", "keys are in the state file, not in a module"),
        ("IssueCertificate.ApiPassthrough", "no template that is here takes anything from the call"),
    )
