"""Namespaces, and the asynchronous operations that make and remove things.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Namespace.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from moyai.domain.stored import Stored
from moyai.kernel.clock import Instant
from moyai.kernel.ids import NamespaceArn, NamespaceId, OperationId, VpcId


class NamespaceType(StrEnum):
    """How instances are found: by API only, or by DNS too."""

    HTTP = "HTTP"
    DNS_PRIVATE = "DNS_PRIVATE"
    DNS_PUBLIC = "DNS_PUBLIC"


class Namespace(Stored, frozen=True, tag="namespace"):
    """A namespace. Names are unique among the namespaces of one type in a scope."""

    arn: NamespaceArn
    id: NamespaceId
    name: str
    type: NamespaceType
    created_at: Instant
    creator_request_id: str | None = None
    description: str | None = None
    vpc: VpcId | None = None
    hosted_zone_id: str | None = None
    soa_ttl: int | None = None
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> NamespaceArn:
        """The record's key in its table."""
        return self.arn


class OperationStatus(StrEnum):
    """An operation's life."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


class Operation(Stored, frozen=True, tag="operation"):
    """An asynchronous operation of Cloud Map; ``key`` is scope and id, as ``account/region/id``."""

    key: str
    id: OperationId
    type: str
    """``CREATE_NAMESPACE``, ``DELETE_NAMESPACE``, …"""
    status: OperationStatus
    created_at: Instant
    updated_at: Instant
    targets: Mapping[str, str] = {}
    """``NAMESPACE``, ``SERVICE`` or ``INSTANCE`` to the target's id."""
    creator_request_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
