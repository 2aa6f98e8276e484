"""Amazon ECS's own errors.

Promise: an error is raised only by operations whose model lists it. AWS answers every one with HTTP 400.
A task definition's mistakes are ClientException, those of services, tasks and networks are
InvalidParameterException; clusters, services and namespaces have codes of their own.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and each operation's page.
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ClientException(ClientFault, code="ClientException"):
    """A task definition is not valid, does not exist, or is not active."""


class InvalidParameter(ClientFault):
    """A parameter is not valid, or asks for what moyai does not support."""


class ClusterNotFound(ClientFault, message="Cluster not found."):
    """There is no such cluster, or it was deleted."""


class ClusterContainsServices(ClientFault, message="The Cluster cannot be deleted while Services are active."):
    """A cluster can be deleted only after its services."""


class ClusterContainsTasks(ClientFault, message="The Cluster cannot be deleted while Tasks are active."):
    """A cluster can be deleted only when its last task has stopped."""


class ClusterContainsInstances(
    ClientFault,
    code="ClusterContainsContainerInstancesException",
    message="The Cluster cannot be deleted while Container Instances are active or draining.",
):
    """A cluster can be deleted only when its last container instance was deregistered."""


class TargetNotFound(ClientFault):
    """An attribute is for a container instance that does not exist."""


class AttributeLimitExceeded(ClientFault):
    """The container instance would have more custom attributes than allowed."""


class NoUpdateAvailable(ClientFault):
    """The container agent is up to date."""


class ServiceNotFound(ClientFault, message="Service not found."):
    """There is no such service, or it is INACTIVE."""


class ServiceNotActive(ClientFault, message="Service was not ACTIVE."):
    """Only an ACTIVE service can be updated."""


class DaemonNotFound(ClientFault, message="Daemon not found."):
    """There is no such daemon."""


class DaemonNotActive(ClientFault, message="Daemon was not ACTIVE."):
    """Only an ACTIVE daemon can be updated or deleted."""


class ServiceDeploymentNotFound(ClientFault, message="Service deployment not found."):
    """There is no such service deployment."""


class TaskSetNotFound(ClientFault, message="TaskSet not found."):
    """The service has no such task set."""


class LimitExceeded(ClientFault):
    """There are as many resources as allowed."""


class NamespaceNotFound(ClientFault):
    """There is no such Cloud Map namespace."""


class PlatformUnknown(ClientFault):
    """There is no such platform version."""


class UnsupportedFeature(ClientFault):
    """moyai does not have this operation or feature."""


class GatewayNotFound(ClientFault):
    """There is no such gateway."""


class ResourceNotFound(ClientFault):
    """There is no such resource."""


class ResourceInUse(ClientFault):
    """The resource can't be deleted, because another one uses it."""


class Conflict(ClientFault):
    """A client token was used before with another request, or the request conflicts with the resource's state."""
