"""The operations of AWS Certificate Manager.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import Final

from moyai.api.acm import certificates, imports, listing, requests, tags
from moyai.api.operation import ApiService, operations
from moyai.ports.pki import Pki

_PUBLIC: Final = "it is of public certificates, and moyai issues private ones only"


def acm(pki: Pki) -> ApiService:
    """Certificate Manager with these keys and certificates."""
    return ApiService(
        name="acm",
        refused=MappingProxyType(
            {
                "RequestCertificate.ManagedBy": "no other service has certificates of its own here",
                "RequestCertificate.CertificateUsage": _PUBLIC,
                "RequestCertificate.RootHierarchyType": _PUBLIC,
                "RequestCertificate.Options.ValidationMethod": _PUBLIC,
            }
        ),
        operations=operations(
            requests.request_certificate,
            partial(imports.import_certificate, pki),
            certificates.describe_certificate,
            listing.list_certificates,
            certificates.get_certificate,
            partial(certificates.export_certificate, pki),
            certificates.renew_certificate,
            certificates.delete_certificate,
            tags.add_tags_to_certificate,
            tags.remove_tags_from_certificate,
            tags.list_tags_for_certificate,
        ),
    )
