"""The operations of AWS Cloud Map.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from moyai.api.cloudmap import attributes, creation, discover, health, instances, namespaces, services
from moyai.api.cloudmap import operations as cloudmap_operations
from moyai.api.cloudmap.lookup import TAGS
from moyai.api.operation import ApiService, operations
from moyai.domain.cloudmap.errors import InvalidInput
from moyai.domain.cloudmap.quotas import CloudMapQuotas


def cloudmap(quotas: CloudMapQuotas) -> ApiService:
    """Cloud Map within these quotas."""
    return ApiService(
        name="servicediscovery",
        input_fault=InvalidInput,
        operations=operations(
            attributes,
            creation,
            discover,
            health,
            instances,
            namespaces,
            cloudmap_operations,
            services,
            *TAGS.operations(),
            quotas=quotas,
        ),
    )
