"""AWS Cloud Map's errors.

Promise: an error is raised only by operations whose model lists it. AWS answers each of them with HTTP 400, whatever
status the model states (seen: ``StatusCode: 400 … NamespaceNotFound: Namespace not found``). No model lists
AccessDenied, which AWS raises before the service.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault


class CloudMapFault(ClientFault, code_suffix=""):
    """A client fault, whose code is the name of its class."""


class InvalidInput(CloudMapFault):
    """A value is not valid, or asks for what moyai does not support."""


class NamespaceAlreadyExists(CloudMapFault):
    """There is a namespace of that name and type."""


class ServiceAlreadyExists(CloudMapFault):
    """There is a service of that name in the namespace."""


class DuplicateRequest(CloudMapFault):
    """An operation on the same thing is in progress, or the request id was used for another request."""


class ResourceInUse(CloudMapFault):
    """The namespace has services, the service has instances, or ECS manages the resource."""


class ResourceLimitExceeded(CloudMapFault):
    """There are as many resources as allowed."""


class NamespaceNotFound(CloudMapFault, message="Namespace not found"):
    """There is no such namespace."""


class ServiceNotFound(CloudMapFault, message="Service not found"):
    """There is no such service."""


class InstanceNotFound(CloudMapFault, message="Instance not found"):
    """There is no such instance, or it is not registered yet."""


class OperationNotFound(CloudMapFault, message="Operation not found"):
    """There is no such operation, or it is too old."""


class CustomHealthNotFound(CloudMapFault):
    """The service has no custom health check."""


class ServiceAttributesLimitExceeded(CloudMapFault, code="ServiceAttributesLimitExceededException"):
    """The service would have more attributes than allowed."""


class ResourceNotFound(CloudMapFault, code="ResourceNotFoundException"):
    """No resource has this ARN."""


class AccessDenied(CloudMapFault, code="AccessDeniedException"):
    """The namespace is shared with the caller, who is not allowed to change it."""


class TooManyTags(CloudMapFault, code="TooManyTagsException"):
    """The resource would have more tags than allowed."""
