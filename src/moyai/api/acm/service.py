"""The operations of AWS Certificate Manager.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.acm import certificates, imports, listing, requests
from moyai.api.acm.lookup import TAGS
from moyai.api.operation import ApiService, operations
from moyai.ports.pki import Pki

_PUBLIC: Final = "only public certificates have it, and moyai issues private ones"


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
                "UpdateCertificateOptions.Options.ValidationMethod": _PUBLIC,
                "UpdateCertificateOptions.Options.Export": "a certificate is exportable from its request on",
            }
        ),
        operations=operations(certificates, imports, listing, requests, *TAGS.operations(), pki=pki),
    )
