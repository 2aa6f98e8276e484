"""Operations: what was asked for, from the answer to the call until it is done.

Promise: an operation holds everything that its work needs, so that whoever finds it unfinished can do it.
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
    """What an operation does."""

    CREATE_NAMESPACE = "CREATE_NAMESPACE"
    DELETE_NAMESPACE = "DELETE_NAMESPACE"
    UPDATE_NAMESPACE = "UPDATE_NAMESPACE"
    UPDATE_SERVICE = "UPDATE_SERVICE"
    REGISTER_INSTANCE = "REGISTER_INSTANCE"
    DEREGISTER_INSTANCE = "DEREGISTER_INSTANCE"


class OperationStatus(StrEnum):
    """An operation's life."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


class CreateNamespace(msgspec.Struct, frozen=True, tag="create_namespace"):
    """Make this namespace."""

    namespace: Namespace


class UpdateNamespace(msgspec.Struct, frozen=True, tag="update_namespace"):
    """Change what is not None."""

    namespace: NamespaceArn
    description: str | None = None
    soa_ttl: int | None = None


class DeleteNamespace(msgspec.Struct, frozen=True, tag="delete_namespace"):
    """Remove this namespace."""

    namespace: NamespaceArn


class UpdateService(msgspec.Struct, frozen=True, tag="update_service"):
    """Give the service these settings; a description of None leaves the one there is."""

    service: DiscoveryServiceArn
    description: str | None = None
    dns: DnsConfig | None = None
    health_check: EndpointHealthCheck | None = None


class RegisterInstance(msgspec.Struct, frozen=True, tag="register_instance"):
    """Put this instance in the place of one with its id, if there is one."""

    instance: DiscoveryInstance


class DeregisterInstance(msgspec.Struct, frozen=True, tag="deregister_instance"):
    """Remove this instance."""

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
    """None once it is done."""
    subject: str = ""
    """What it works on; no two unfinished operations have the same."""
    within: str = ""
    """Where it adds something: the scope of a new namespace, the service of a new instance."""
    creator_request_id: str | None = None
    fingerprint: str = ""
    """Of the whole request, to tell a retry from another request under the same id."""
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
        """Whether nothing is left to do."""
        return self.status in {OperationStatus.SUCCESS, OperationStatus.FAIL}
