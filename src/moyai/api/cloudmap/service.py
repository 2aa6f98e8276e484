"""AWS Cloud Map's operations, as the door is given them.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.cloudmap import discover, namespaces, operations, services, tags
from moyai.api.operation import Operation, Service, table
from moyai.domain.cloudmap.errors import InvalidInput

_OTHERS = "namespaces of other accounts are not shared with this one"

CLOUDMAP: Final = Service(
    name="servicediscovery",
    input_fault=InvalidInput,
    refused=MappingProxyType({"*.OwnerAccount": _OTHERS}),
    operations=table(
        (
            Operation("CreateHttpNamespace", namespaces.CreateHttpNamespaceRequest, namespaces.create_http_namespace),
            Operation(
                "CreatePrivateDnsNamespace",
                namespaces.CreatePrivateDnsNamespaceRequest,
                namespaces.create_private_dns_namespace,
            ),
            Operation("GetNamespace", namespaces.NamespaceRequest, namespaces.get_namespace),
            Operation("ListNamespaces", namespaces.ListNamespacesRequest, namespaces.list_namespaces),
            Operation("DeleteNamespace", namespaces.NamespaceRequest, namespaces.delete_namespace),
            Operation("GetOperation", operations.GetOperationRequest, operations.get_operation),
            Operation("ListOperations", operations.ListOperationsRequest, operations.list_operations),
            Operation("GetService", services.ServiceRequest, services.get_service),
            Operation("ListServices", services.ListServicesRequest, services.list_services),
            Operation("GetInstance", services.GetInstanceRequest, services.get_instance),
            Operation("ListInstances", services.ListInstancesRequest, services.list_instances),
            Operation("DiscoverInstances", discover.DiscoverInstancesRequest, discover.discover_instances),
            Operation(
                "DiscoverInstancesRevision",
                discover.DiscoverInstancesRevisionRequest,
                discover.discover_instances_revision,
            ),
            Operation("TagResource", tags.TagResourceRequest, tags.tag_resource),
            Operation("UntagResource", tags.UntagResourceRequest, tags.untag_resource),
            Operation("ListTagsForResource", tags.ListTagsForResourceRequest, tags.list_tags_for_resource),
        )
    ),
)
