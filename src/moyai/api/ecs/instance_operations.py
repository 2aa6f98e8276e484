"""The operations of container instances and capacity providers, as the door is given them."""

from __future__ import annotations

from typing import Final

from moyai.api.ecs import agent, attributes, capacity_providers, instance_queries, instances
from moyai.api.operation import Operation

OPERATIONS: Final = (
    Operation(
        "RegisterContainerInstance",
        instances.RegisterContainerInstanceRequest,
        instances.register_container_instance,
    ),
    Operation(
        "DeregisterContainerInstance",
        instances.DeregisterContainerInstanceRequest,
        instances.deregister_container_instance,
    ),
    Operation(
        "UpdateContainerInstancesState",
        instances.UpdateContainerInstancesStateRequest,
        instances.update_container_instances_state,
    ),
    Operation("UpdateContainerAgent", instances.UpdateContainerAgentRequest, instances.update_container_agent),
    Operation(
        "DescribeContainerInstances",
        instance_queries.DescribeContainerInstancesRequest,
        instance_queries.describe_container_instances,
    ),
    Operation(
        "ListContainerInstances",
        instance_queries.ListContainerInstancesRequest,
        instance_queries.list_container_instances,
    ),
    Operation(
        "CreateCapacityProvider",
        capacity_providers.CreateCapacityProviderRequest,
        capacity_providers.create_capacity_provider,
    ),
    Operation(
        "UpdateCapacityProvider",
        capacity_providers.UpdateCapacityProviderRequest,
        capacity_providers.update_capacity_provider,
    ),
    Operation(
        "DeleteCapacityProvider",
        capacity_providers.DeleteCapacityProviderRequest,
        capacity_providers.delete_capacity_provider,
    ),
    Operation(
        "DescribeCapacityProviders",
        capacity_providers.DescribeCapacityProvidersRequest,
        capacity_providers.describe_capacity_providers,
    ),
    Operation("PutAttributes", attributes.PutAttributesRequest, attributes.put_attributes),
    Operation("DeleteAttributes", attributes.DeleteAttributesRequest, attributes.delete_attributes),
    Operation("ListAttributes", attributes.ListAttributesRequest, attributes.list_attributes),
    Operation("DiscoverPollEndpoint", agent.DiscoverPollEndpointRequest, agent.discover_poll_endpoint),
    Operation("SubmitTaskStateChange", agent.SubmitTaskStateChangeRequest, agent.submit_task_state_change),
    Operation(
        "SubmitContainerStateChange",
        agent.SubmitContainerStateChangeRequest,
        agent.submit_container_state_change,
    ),
    Operation(
        "SubmitAttachmentStateChanges",
        agent.SubmitAttachmentStateChangesRequest,
        agent.submit_attachment_state_changes,
    ),
)
