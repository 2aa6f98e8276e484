"""Amazon ECS's own errors.

Promise: an error is raised only by operations whose model lists it. AWS answers every one with HTTP 400.
A task definition's mistakes are ClientException, those of services, tasks and networks are
InvalidParameterException; clusters, services and namespaces have codes of their own.

    ClientFault
    ├── ClientException             ClientException
    ├── InvalidParameter            InvalidParameterException
    ├── ClusterNotFound             ClusterNotFoundException
    ├── ClusterContainsServices     ClusterContainsServicesException
    ├── ClusterContainsTasks        ClusterContainsTasksException
    ├── ClusterContainsInstances    ClusterContainsContainerInstancesException
    ├── TargetNotFound              TargetNotFoundException
    ├── AttributeLimitExceeded      AttributeLimitExceededException
    ├── NoUpdateAvailable           NoUpdateAvailableException
    ├── ServiceNotFound             ServiceNotFoundException
    ├── ServiceNotActive            ServiceNotActiveException
    ├── ServiceDeploymentNotFound   ServiceDeploymentNotFoundException
    ├── TaskSetNotFound             TaskSetNotFoundException
    ├── LimitExceeded               LimitExceededException
    ├── NamespaceNotFound           NamespaceNotFoundException
    ├── PlatformUnknown             PlatformUnknownException
    ├── UnsupportedFeature          UnsupportedFeatureException
    ├── ResourceInUse               ResourceInUseException
    └── Conflict                    ConflictException (detail: resource_ids)

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and each operation's page.
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class ClientException(ClientFault):
    """A task definition that is not valid, not there, or not active."""

    code = "ClientException"


class InvalidParameter(ClientFault):
    """A parameter that is not valid, or that asks for what is not supported."""

    code = "InvalidParameterException"


class ClusterNotFound(ClientFault):
    """There is no such cluster, or it was deleted."""

    code = "ClusterNotFoundException"

    def __init__(self, message: str = "Cluster not found.") -> None:
        super().__init__(message)


class ClusterContainsServices(ClientFault):
    """A cluster is deleted after its services."""

    code = "ClusterContainsServicesException"

    def __init__(self, message: str = "The Cluster cannot be deleted while Services are active.") -> None:
        super().__init__(message)


class ClusterContainsTasks(ClientFault):
    """A cluster is deleted after its last task has stopped."""

    code = "ClusterContainsTasksException"

    def __init__(self, message: str = "The Cluster cannot be deleted while Tasks are active.") -> None:
        super().__init__(message)


class ClusterContainsInstances(ClientFault):
    """A cluster is deleted after its last container instance was deregistered."""

    code = "ClusterContainsContainerInstancesException"

    def __init__(
        self, message: str = "The Cluster cannot be deleted while Container Instances are active or draining."
    ) -> None:
        super().__init__(message)


class TargetNotFound(ClientFault):
    """An attribute is for a container instance that is not there."""

    code = "TargetNotFoundException"


class AttributeLimitExceeded(ClientFault):
    """A container instance has as many custom attributes as it can have."""

    code = "AttributeLimitExceededException"


class NoUpdateAvailable(ClientFault):
    """The container agent is as new as it gets."""

    code = "NoUpdateAvailableException"


class ServiceNotFound(ClientFault):
    """There is no such service, or it is INACTIVE."""

    code = "ServiceNotFoundException"

    def __init__(self, message: str = "Service not found.") -> None:
        super().__init__(message)


class ServiceNotActive(ClientFault):
    """Only an ACTIVE service can be updated."""

    code = "ServiceNotActiveException"

    def __init__(self, message: str = "Service was not ACTIVE.") -> None:
        super().__init__(message)


class ServiceDeploymentNotFound(ClientFault):
    """There is no such service deployment."""

    code = "ServiceDeploymentNotFoundException"

    def __init__(self, message: str = "Service deployment not found.") -> None:
        super().__init__(message)


class TaskSetNotFound(ClientFault):
    """The service has no such task set."""

    code = "TaskSetNotFoundException"

    def __init__(self, message: str = "TaskSet not found.") -> None:
        super().__init__(message)


class LimitExceeded(ClientFault):
    """There are as many as there can be."""

    code = "LimitExceededException"


class NamespaceNotFound(ClientFault):
    """There is no such Cloud Map namespace."""

    code = "NamespaceNotFoundException"


class PlatformUnknown(ClientFault):
    """There is no such platform version."""

    code = "PlatformUnknownException"


class UnsupportedFeature(ClientFault):
    """An operation or a feature that is not here."""

    code = "UnsupportedFeatureException"


class ResourceInUse(ClientFault):
    """Something goes by what was to be taken away."""

    code = "ResourceInUseException"


class Conflict(ClientFault):
    """A client token was used before, for something else, or what is asked doesn't fit the state of things."""

    code = "ConflictException"
