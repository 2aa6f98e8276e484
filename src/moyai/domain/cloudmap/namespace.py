"""Namespaces of services.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Namespace.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import NamespaceArn, NamespaceId, VpcId


class NamespaceType(StrEnum):
    """How instances are discovered: by the API only, or by DNS as well."""

    HTTP = "HTTP"
    DNS_PRIVATE = "DNS_PRIVATE"
    DNS_PUBLIC = "DNS_PUBLIC"


class Namespace(ArnRecord, frozen=True, tag="namespace"):
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
