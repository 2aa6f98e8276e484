"""AWS Cloud Map's operations, as the door is given them.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moyai.api.cloudmap import attributes, creation, discover, health, instances, namespaces, operations, services, tags
from moyai.api.operation import Operation, Service, table
from moyai.api.tag_requests import ListTagsForResourceRequest, TagListRequest, UntagResourceRequest
from moyai.domain.cloudmap.errors import InvalidInput
from moyai.domain.cloudmap.quotas import Quotas


def cloudmap(quotas: Quotas) -> Service:
    """Cloud Map within these quotas."""
    return Service(
        name="servicediscovery",
        input_fault=InvalidInput,
        operations=table((*_namespaces(quotas), *_services(), *_instances(quotas), *_others())),
    )


def _namespaces(quotas: Quotas) -> Iterator[Operation[Any]]:
    create = creation.Creation(quotas)
    yield Operation("CreateHttpNamespace", creation.CreateHttpNamespaceRequest, create.http)
    yield Operation("CreatePrivateDnsNamespace", creation.CreatePrivateDnsNamespaceRequest, create.private)
    yield Operation("CreatePublicDnsNamespace", creation.CreatePublicDnsNamespaceRequest, create.public)
    yield Operation("GetNamespace", namespaces.NamespaceRequest, namespaces.get_namespace)
    yield Operation("ListNamespaces", namespaces.ListNamespacesRequest, namespaces.list_namespaces)
    change = namespaces.UpdateDnsNamespaceRequest
    yield Operation("UpdateHttpNamespace", namespaces.UpdateHttpNamespaceRequest, namespaces.update_http_namespace)
    yield Operation("UpdatePrivateDnsNamespace", change, namespaces.update_private_dns_namespace)
    yield Operation("UpdatePublicDnsNamespace", change, namespaces.update_public_dns_namespace)
    yield Operation("DeleteNamespace", namespaces.NamespaceRequest, namespaces.delete_namespace)


def _services() -> Iterator[Operation[Any]]:
    yield Operation("CreateService", services.CreateServiceRequest, services.create_service)
    yield Operation("GetService", services.ServiceRequest, services.get_service)
    yield Operation("ListServices", services.ListServicesRequest, services.list_services)
    yield Operation("UpdateService", services.UpdateServiceRequest, services.update_service)
    yield Operation("DeleteService", services.ServiceRequest, services.delete_service)
    yield Operation("GetServiceAttributes", attributes.ServiceAttributesRequest, attributes.get_service_attributes)
    update, delete = attributes.UpdateServiceAttributesRequest, attributes.DeleteServiceAttributesRequest
    yield Operation("UpdateServiceAttributes", update, attributes.update_service_attributes)
    yield Operation("DeleteServiceAttributes", delete, attributes.delete_service_attributes)


def _instances(quotas: Quotas) -> Iterator[Operation[Any]]:
    registration = instances.Registration(quotas)
    yield Operation("RegisterInstance", instances.RegisterInstanceRequest, registration.register)
    yield Operation("DeregisterInstance", instances.InstanceRequest, instances.deregister_instance)
    yield Operation("GetInstance", instances.InstanceRequest, instances.get_instance)
    yield Operation("ListInstances", instances.ListInstancesRequest, instances.list_instances)
    yield Operation(
        "GetInstancesHealthStatus", health.GetInstancesHealthStatusRequest, health.get_instances_health_status
    )
    told = health.UpdateInstanceCustomHealthStatusRequest
    yield Operation("UpdateInstanceCustomHealthStatus", told, health.update_instance_custom_health_status)
    yield Operation(
        "DiscoverInstances",
        discover.DiscoverInstancesRequest,
        discover.discover_instances,
        basis=discover.discovered_from,
    )
    revision = discover.DiscoverInstancesRevisionRequest
    yield Operation("DiscoverInstancesRevision", revision, discover.discover_instances_revision)


def _others() -> Iterator[Operation[Any]]:
    yield Operation("GetOperation", operations.GetOperationRequest, operations.get_operation)
    yield Operation("ListOperations", operations.ListOperationsRequest, operations.list_operations)
    yield Operation("TagResource", TagListRequest, tags.tag_resource)
    yield Operation("UntagResource", UntagResourceRequest, tags.untag_resource)
    yield Operation("ListTagsForResource", ListTagsForResourceRequest, tags.list_tags_for_resource)
