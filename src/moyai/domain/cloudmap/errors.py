"""AWS Cloud Map's errors.

Promise: an error is raised only by operations whose model lists it. AWS answers each of them with HTTP 400, whatever
status the model states (seen: ``StatusCode: 400 … NamespaceNotFound: Namespace not found``).

    ClientFault
    ├── InvalidInput                        InvalidInput
    ├── NamespaceAlreadyExists              NamespaceAlreadyExists (detail: creator_request_id, namespace_id)
    ├── ServiceAlreadyExists                ServiceAlreadyExists (detail: creator_request_id, service_id, service_arn)
    ├── DuplicateRequest                    DuplicateRequest (detail: duplicate_operation_id)
    ├── ResourceInUse                       ResourceInUse
    ├── ResourceLimitExceeded               ResourceLimitExceeded
    ├── NamespaceNotFound                   NamespaceNotFound
    ├── ServiceNotFound                     ServiceNotFound
    ├── InstanceNotFound                    InstanceNotFound
    ├── CustomHealthNotFound                CustomHealthNotFound
    ├── ServiceAttributesLimitExceeded      ServiceAttributesLimitExceededException
    ├── ResourceNotFound                    ResourceNotFoundException
    ├── AccessDenied                        AccessDeniedException (no model lists it: AWS raises it before the service)
    ├── TooManyTags                         TooManyTagsException
    └── OperationNotFound                   OperationNotFound

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class InvalidInput(ClientFault):
    """One or more values are not valid, or ask for what moyai does not do."""

    code = "InvalidInput"


class NamespaceAlreadyExists(ClientFault):
    """There is a namespace of that name and type."""

    code = "NamespaceAlreadyExists"


class ServiceAlreadyExists(ClientFault):
    """There is a service of that name in the namespace."""

    code = "ServiceAlreadyExists"


class DuplicateRequest(ClientFault):
    """An operation on the same thing is in progress, or the request id was used for another request."""

    code = "DuplicateRequest"


class ResourceInUse(ClientFault):
    """The namespace has services in it, the service instances, or ECS keeps what is to be changed."""

    code = "ResourceInUse"


class ResourceLimitExceeded(ClientFault):
    """There are as many as there may be."""

    code = "ResourceLimitExceeded"


class NamespaceNotFound(ClientFault):
    """There is no such namespace."""

    code = "NamespaceNotFound"

    def __init__(self, message: str = "Namespace not found") -> None:
        super().__init__(message)


class ServiceNotFound(ClientFault):
    """There is no such service."""

    code = "ServiceNotFound"

    def __init__(self, message: str = "Service not found") -> None:
        super().__init__(message)


class InstanceNotFound(ClientFault):
    """There is no such instance, or it is not registered yet."""

    code = "InstanceNotFound"

    def __init__(self, message: str = "Instance not found") -> None:
        super().__init__(message)


class OperationNotFound(ClientFault):
    """There is no such operation, or it is too old."""

    code = "OperationNotFound"

    def __init__(self, message: str = "Operation not found") -> None:
        super().__init__(message)


class CustomHealthNotFound(ClientFault):
    """Nobody but moyai says how the instance is."""

    code = "CustomHealthNotFound"


class ServiceAttributesLimitExceeded(ClientFault):
    """A service has so many attributes at most."""

    code = "ServiceAttributesLimitExceededException"


class ResourceNotFound(ClientFault):
    """Nothing has this ARN."""

    code = "ResourceNotFoundException"


class AccessDenied(ClientFault):
    """The namespace is shared with the caller, who may not change it."""

    code = "AccessDeniedException"


class TooManyTags(ClientFault):
    """A resource has so many tags at most."""

    code = "TooManyTagsException"
