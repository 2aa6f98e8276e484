"""Certificate Manager's operations, as the door is given them.

Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.acm import certificates, listing, tags
from moyai.api.acm.certificates import CertificateRequest, Exporting
from moyai.api.acm.imports import ImportCertificateRequest, Importing
from moyai.api.acm.requests import RequestCertificateRequest, request_certificate
from moyai.api.operation import Operation, Service, table
from moyai.ports.pki import Pki

_PUBLIC: Final = "it is of public certificates, and moyai issues private ones only"


def acm(pki: Pki) -> Service:
    """Certificate Manager with these keys and certificates."""
    return Service(
        name="acm",
        refused=MappingProxyType(
            {
                "RequestCertificate.ManagedBy": "no other service has certificates of its own here",
                "RequestCertificate.CertificateUsage": _PUBLIC,
                "RequestCertificate.RootHierarchyType": _PUBLIC,
                "RequestCertificate.Options.ValidationMethod": _PUBLIC,
            }
        ),
        operations=table(
            (
                Operation("RequestCertificate", RequestCertificateRequest, request_certificate),
                Operation("ImportCertificate", ImportCertificateRequest, Importing(pki).import_certificate),
                Operation("DescribeCertificate", CertificateRequest, certificates.describe),
                Operation("ListCertificates", listing.ListCertificatesRequest, listing.list_certificates),
                Operation("GetCertificate", CertificateRequest, certificates.get),
                Operation("ExportCertificate", certificates.ExportCertificateRequest, Exporting(pki).export),
                Operation("RenewCertificate", CertificateRequest, certificates.renew),
                Operation("DeleteCertificate", CertificateRequest, certificates.delete),
                Operation("AddTagsToCertificate", tags.TagsRequest, tags.add),
                Operation("RemoveTagsFromCertificate", tags.TagsRequest, tags.remove),
                Operation("ListTagsForCertificate", tags.ListTagsRequest, tags.list_all),
            )
        ),
    )
