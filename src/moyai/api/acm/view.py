"""Certificates as the API shows them, without keys.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html, API_CertificateSummary.html
"""

from __future__ import annotations

from typing import Any

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.queries.certificates import certificate_users, is_renewable
from moyai.domain.world import World

_SHOWN_NAMES = 100
_SHARED_STATUSES = frozenset({CertificateStatus.PENDING_VALIDATION, CertificateStatus.FAILED})
"""The statuses that a certificate and the validation of its names have at the same time."""


def detail(world: World, certificate: ManagedCertificate) -> dict[str, Any]:
    """A certificate as DescribeCertificate shows it."""
    facts = None if certificate.content is None else certificate.content.facts
    view = _shared_members(world, certificate) | {
        "subject_alternative_names": certificate.names or None,
        "in_use_by": certificate_users(world, certificate.arn),
        "failure_reason": certificate.failure,
        "certificate_authority_arn": certificate.authority,
        "options": {
            "certificate_transparency_logging_preference": _word(on=certificate.transparency),
            "export": _word(on=certificate.exportable),
        },
        "domain_validation_options": _validations(certificate),
        "renewal_summary": _renewal(certificate),
    }
    if facts is not None:
        view |= {
            "serial": facts.serial,
            "subject": facts.subject,
            "issuer": facts.issuer,
            "signature_algorithm": facts.signature_algorithm,
            "key_usages": [{"name": name} for name in facts.key_usages],
            "extended_key_usages": [{"name": usage.name, "oid": usage.oid} for usage in facts.extended_usages],
        }
    return view


def summary(world: World, certificate: ManagedCertificate) -> dict[str, Any]:
    """A certificate as ListCertificates shows it."""
    facts = None if certificate.content is None else certificate.content.facts
    view = _shared_members(world, certificate) | {
        "subject_alternative_name_summaries": certificate.names[:_SHOWN_NAMES] or None,
        "has_additional_subject_alternative_names": len(certificate.names) > _SHOWN_NAMES,
        "export_option": _word(on=certificate.exportable),
        "in_use": bool(certificate_users(world, certificate.arn)),
        "exported": certificate.exported,
    }
    if facts is not None:
        view["key_usages"] = facts.key_usages
        view["extended_key_usages"] = tuple(usage.name for usage in facts.extended_usages)
    return view


def _shared_members(world: World, certificate: ManagedCertificate) -> dict[str, Any]:
    content, is_imported = certificate.content, certificate.type is CertificateType.IMPORTED
    at = None if content is None else content.at
    return {
        "certificate_arn": certificate.arn,
        "domain_name": certificate.domain_name or None,
        "type": certificate.type,
        "status": certificate.status,
        "key_algorithm": certificate.key_algorithm,
        "created_at": certificate.created_at,
        "issued_at": None if is_imported else at,
        "imported_at": at if is_imported else None,
        "not_before": None if content is None else content.facts.not_before,
        "not_after": None if content is None else content.facts.not_after,
        "renewal_eligibility": "ELIGIBLE" if is_renewable(world, certificate) else "INELIGIBLE",
        "certificate_key_pair_origin": "CUSTOMER_PROVIDED" if is_imported else "AWS_MANAGED",
    }


def _renewal(certificate: ManagedCertificate) -> dict[str, Any] | None:
    renewal = certificate.renewal
    if renewal is None:
        return None
    return {
        "renewal_status": renewal.status,
        "renewal_status_reason": renewal.reason,
        "updated_at": renewal.updated_at,
        "domain_validation_options": _validations(certificate),
    }


def _validations(certificate: ManagedCertificate) -> list[dict[str, str]] | None:
    """The validation of each name, which clients wait for: all succeed at once when the authority has signed."""
    if certificate.type is not CertificateType.PRIVATE:
        return None
    status = certificate.status if certificate.status in _SHARED_STATUSES else "SUCCESS"
    return [{"domain_name": name, "validation_status": status} for name in certificate.names]


def _word(*, on: bool) -> str:
    return "ENABLED" if on else "DISABLED"
