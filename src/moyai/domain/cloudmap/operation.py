"""Asynchronous operations of Cloud Map, from the response to the request until they are done.

Promise: an operation has everything that it needs, so that it can be continued after a restart.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryInstance, DnsConfig, EndpointHealthCheck
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, InstanceId, NamespaceArn, OperationId


class OperationType(StrEnum):
    """The types of operations."""

    CREATE_NAMESPACE = "CREATE_NAMESPACE"
    DELETE_NAMESPACE = "DELETE_NAMESPACE"
    UPDATE_NAMESPACE = "UPDATE_NAMESPACE"
    UPDATE_SERVICE = "UPDATE_SERVICE"
    REGISTER_INSTANCE = "REGISTER_INSTANCE"
    DEREGISTER_INSTANCE = "DEREGISTER_INSTANCE"


class OperationStatus(StrEnum):
    """The status of an operation."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


class CreateNamespace(msgspec.Struct, frozen=True, tag="create_namespace"):
    """The order to create a namespace."""

    namespace: Namespace


class UpdateNamespace(msgspec.Struct, frozen=True, tag="update_namespace"):
    """The order to change the members of a namespace that are not None."""

    namespace: NamespaceArn
    description: str | None = None
    soa_ttl: int | None = None


class DeleteNamespace(msgspec.Struct, frozen=True, tag="delete_namespace"):
    """The order to delete a namespace."""

    namespace: NamespaceArn


class UpdateService(msgspec.Struct, frozen=True, tag="update_service"):
    """The order to change a service; a description of None keeps the old one."""

    service: DiscoveryServiceArn
    description: str | None = None
    dns: DnsConfig | None = None
    health_check: EndpointHealthCheck | None = None


class RegisterInstance(msgspec.Struct, frozen=True, tag="register_instance"):
    """The order to register an instance, or to replace the one with its id."""

    instance: DiscoveryInstance


class DeregisterInstance(msgspec.Struct, frozen=True, tag="deregister_instance"):
    """The order to deregister an instance."""

    service: DiscoveryServiceArn
    instance: InstanceId


OperationOrder = (
    CreateNamespace | UpdateNamespace | DeleteNamespace | UpdateService | RegisterInstance | DeregisterInstance
)


class CloudMapOperation(StoredRecord, frozen=True, tag="operation"):
    """An asynchronous operation of Cloud Map; ``key`` is scope and id, as ``account/region/id``."""

    key: str
    id: OperationId
    type: OperationType
    status: OperationStatus
    created_at: Instant
    updated_at: Instant
    targets: Mapping[str, str] = {}
    """``NAMESPACE``, ``SERVICE`` or ``INSTANCE`` to the target's id."""
    order: OperationOrder | None = None
    """None when the operation is done."""
    subject: str = ""
    """The resource that the operation changes; no two unfinished operations have the same."""
    within: str = ""
    """The parent of a new resource: the scope of a namespace, the service of an instance."""
    creator_request_id: str | None = None
    fingerprint: str = ""
    """The digest of the whole request, which distinguishes a retry from another request with the same id."""
    error_code: str | None = None
    error_message: str | None = None

    @property
    def scope_key(self) -> str:
        """The ``scope_key`` of the operation's scope."""
        return self.key.rpartition("/")[0]

    @property
    def request_key(self) -> str:
        """Identifies the request, so that a repeated one finds the operation: ``scope/type/creator request id``."""
        return f"{self.scope_key}/{self.type}/{self.creator_request_id}"

    @property
    def finished(self) -> bool:
        """Whether the operation is done."""
        return self.status in {OperationStatus.SUCCESS, OperationStatus.FAIL}
