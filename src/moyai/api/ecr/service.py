"""The operations of Amazon ECR.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.api.ecr import authorization, images, layers, listing, policies, repositories
from moyai.api.ecr.repositories import TAGS
from moyai.api.operation import ApiService, operations
from moyai.domain.ecr.errors import InvalidParameter
from moyai.ports.blobs import BlobStore


def ecr(blobs: BlobStore) -> ApiService:
    """The service, with the contents of its images in this store."""
    return ApiService(
        name="ecr",
        input_fault=InvalidParameter,
        operations=operations(
            authorization, images, layers, listing, policies, repositories, *TAGS.operations(), blobs=blobs
        ),
    )
