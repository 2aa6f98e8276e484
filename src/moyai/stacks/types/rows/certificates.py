"""The resource types of AWS Certificate Manager, AWS Private CA and AWS RAM.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CertificateManager.html, AWS_ACMPCA.html and
AWS_RAM.html there
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, ids, prop
from moyai.stacks.types.tags import Tagging, arn_tags

_AUTHORITY: Final = ids("CertificateAuthorityArn")
_OF_AUTHORITY: Final = prop("CertificateAuthorityArn", "CertificateAuthorityArn")
_CONFIGURATION: Final = frozenset({"CsrExtensions", "KeyAlgorithm", "SigningAlgorithm", "Subject"})
"""The properties that are members of an authority's configuration."""
_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CertificateExport": "Export",
        "CertificateTransparencyLoggingPreference": "CertificateTransparencyLoggingPreference",
    }
)
"""Members of a certificate's options, by property."""


def certificate_rows() -> Iterator[StackResourceType]:
    """The rows of the services ``acm``, ``acm-pca`` and ``ram``."""
    yield _certificate()
    yield _authority()
    yield _activation()
    yield _issued_certificate()
    yield _permission()
    yield _resource_share()


def _tagging_with_lists(resource: str, add: str, remove: str) -> Tagging:
    """The tagging of services that take tags, not keys, when they remove them."""
    return replace(
        arn_tags(ids(resource), add, remove), remove_input=lambda names: {"Tags": [{"Key": name} for name in names]}
    )


def _certificate() -> StackResourceType:
    return StackResourceType(
        "AWS::CertificateManager::Certificate",
        "acm",
        "RequestCertificate",
        "CertificateArn",
        "DeleteCertificate",
        ids("CertificateArn"),
        tagging=_tagging_with_lists("CertificateArn", "AddTagsToCertificate", "RemoveTagsFromCertificate"),
        arrange=_arrange_certificate,
        arranged=frozenset(_OPTIONS),
        read=Read("DescribeCertificate", ids("CertificateArn"), "Certificate"),
        stable=Stable(
            "Status", frozenset({"ISSUED"}), frozenset({"FAILED", "VALIDATION_TIMED_OUT"}), "FailureReason || Status"
        ),
        missing=frozenset({"ResourceNotFoundException"}),
    )


def _arrange_certificate(values: dict[str, Any]) -> dict[str, Any]:
    """The input of a request. The hosted zones of validations are for CloudFormation itself, and left out."""
    arranged = {name: value for name, value in values.items() if name not in _OPTIONS}
    if "DomainValidationOptions" in values:
        arranged["DomainValidationOptions"] = [
            {
                "DomainName": option["DomainName"],
                "ValidationDomain": option.get("ValidationDomain", option["DomainName"]),
            }
            for option in values["DomainValidationOptions"]
        ]
    options = {member: values[name] for name, member in _OPTIONS.items() if name in values}
    return {**arranged, **({"Options": options} if options else {})}


def _authority() -> StackResourceType:
    return StackResourceType(
        "AWS::ACMPCA::CertificateAuthority",
        "acm-pca",
        "CreateCertificateAuthority",
        "CertificateAuthorityArn",
        "DeleteCertificateAuthority",
        lambda resource: {"CertificateAuthorityArn": resource.id, "PermanentDeletionTimeInDays": 7},
        idempotency_member="IdempotencyToken",
        rename={"Type": "CertificateAuthorityType"},
        tagging=_tagging_with_lists("CertificateAuthorityArn", "TagCertificateAuthority", "UntagCertificateAuthority"),
        arrange=_arrange_authority,
        arranged=_CONFIGURATION,
        read=Read("DescribeCertificateAuthority", _AUTHORITY, "CertificateAuthority"),
        stable=Stable(
            "Status", frozenset({"PENDING_CERTIFICATE", "ACTIVE", "DISABLED", "EXPIRED"}), frozenset({"FAILED"})
        ),
        lookups={"CertificateSigningRequest": Read("GetCertificateAuthorityCsr", _AUTHORITY, "Csr")},
        update="UpdateCertificateAuthority",
        update_by=_AUTHORITY,
        missing=frozenset({"ResourceNotFoundException", "InvalidStateException"}),
    )


def _arrange_authority(values: dict[str, Any]) -> dict[str, Any]:
    configuration = {name: value for name, value in values.items() if name in _CONFIGURATION}
    others = {name: value for name, value in values.items() if name not in _CONFIGURATION}
    return {**others, **({"CertificateAuthorityConfiguration": configuration} if configuration else {})}


def _activation() -> StackResourceType:
    return StackResourceType(
        "AWS::ACMPCA::CertificateAuthorityActivation",
        "acm-pca",
        "ImportCertificateAuthorityCertificate",
        "CertificateAuthorityArn",
        "UpdateCertificateAuthority",
        lambda resource: {"CertificateAuthorityArn": resource.id, "Status": "DISABLED"},
        follow={
            "Status": Follow(
                "UpdateCertificateAuthority", both(_AUTHORITY, prop("Status", "Status")), default=always("ACTIVE")
            ),
        },
        lookups={
            "CompleteCertificateChain": Read(
                "GetCertificateAuthorityCertificate", _AUTHORITY, "join('\n', [Certificate, CertificateChain][?@])"
            )
        },
        update="ImportCertificateAuthorityCertificate",
        update_by=_AUTHORITY,
        missing=frozenset({"ResourceNotFoundException", "InvalidStateException"}),
    )


def _issued_certificate() -> StackResourceType:
    return StackResourceType(
        "AWS::ACMPCA::Certificate",
        "acm-pca",
        "IssueCertificate",
        "CertificateArn",
        None,
        ids("CertificateArn"),
        rename={"CertificateSigningRequest": "Csr"},
        read=Read("GetCertificate", both(_OF_AUTHORITY, ids("CertificateArn"))),
        derive=lambda resource: {"Arn": resource.id},
    )


def _permission() -> StackResourceType:
    return StackResourceType(
        "AWS::ACMPCA::Permission",
        "acm-pca",
        "CreatePermission",
        "join('|', [CertificateAuthorityArn, Principal])",
        "DeletePermission",
        lambda resource: {
            name: resource.properties[name]
            for name in ("CertificateAuthorityArn", "Principal", "SourceAccount")
            if name in resource.properties
        },
        read=Read(
            "ListPermissions",
            prop("CertificateAuthorityArn", "CertificateAuthorityArn"),
            "Permissions[?Principal=='$Principal'] | [0]",
        ),
        missing=frozenset({"ResourceNotFoundException"}),
    )


def _resource_share() -> StackResourceType:
    return StackResourceType(
        "AWS::RAM::ResourceShare",
        "ram",
        "CreateResourceShare",
        "resourceShare.resourceShareArn",
        "DeleteResourceShare",
        ids("resourceShareArn"),
        idempotency_member="clientToken",
        tagging=arn_tags(ids("resourceShareArn")),
        children={"ResourceArns": _share_members("resourceArns"), "Principals": _share_members("principals")},
        read=Read("GetResourceShares", _own_share, "resourceShares[0]"),
        gone=Stable("status", frozenset({"DELETED"})),
        attributes={"Arn": "resourceShareArn"},
        update="UpdateResourceShare",
        missing=frozenset({"UnknownResourceException", "ResourceArnNotFoundException"}),
    )


def _own_share(resource: PhysicalResource) -> Properties:
    return {"resourceOwner": "SELF", "resourceShareArns": [resource.id]}


def _share_members(member: str) -> Children:
    return Children(
        "AssociateResourceShare",
        "DisassociateResourceShare",
        lambda resource, element: {"resourceShareArn": resource.id, member: [element]},
        absent=frozenset({"UnknownResourceException"}),
    )
