"""The operations of AWS Cloud Map.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from functools import partial

from moyai.api.cloudmap import attributes, creation, discover, health, instances, namespaces, services, tags
from moyai.api.cloudmap.operations import get_operation, list_operations
from moyai.api.operation import ApiService, operation, operations
from moyai.domain.cloudmap.errors import InvalidInput
from moyai.domain.cloudmap.quotas import CloudMapQuotas


def cloudmap(quotas: CloudMapQuotas) -> ApiService:
    """Cloud Map within these quotas."""
    return ApiService(
        name="servicediscovery",
        input_fault=InvalidInput,
        operations=operations(
            partial(creation.create_http_namespace, quotas),
            partial(creation.create_private_dns_namespace, quotas),
            partial(creation.create_public_dns_namespace, quotas),
            namespaces.get_namespace,
            namespaces.list_namespaces,
            namespaces.update_http_namespace,
            namespaces.update_private_dns_namespace,
            namespaces.update_public_dns_namespace,
            namespaces.delete_namespace,
            services.create_service,
            services.get_service,
            services.list_services,
            services.update_service,
            services.delete_service,
            attributes.get_service_attributes,
            attributes.update_service_attributes,
            attributes.delete_service_attributes,
            partial(instances.register_instance, quotas),
            instances.deregister_instance,
            instances.get_instance,
            instances.list_instances,
            health.get_instances_health_status,
            health.update_instance_custom_health_status,
            operation(discover.discover_instances, basis=discover.discovered_from),
            discover.discover_instances_revision,
            get_operation,
            list_operations,
            tags.TAGS.tag_resource,
            tags.TAGS.untag_resource,
            tags.list_tags_for_resource,
        ),
    )
