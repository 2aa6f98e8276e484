"""Flow logs. They are recorded, and say themselves that nothing is delivered: moyai records no flows.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import FlowLogId
from moyai.kernel.scope import Scope

NOT_DELIVERED: Final = "moyai does not record traffic flows; nothing is delivered"


class FlowLog(IdRecord, frozen=True, tag="flow_log"):
    """A flow log of a VPC or a subnet, as it was asked for."""

    id: FlowLogId
    scope: Scope
    resource: str
    created_at: Instant
    traffic_type: str | None = None
    destination_type: str = "cloud-watch-logs"
    destination: str | None = None
    log_group: str | None = None
    role: str | None = None
    format: str | None = None
    interval: int = 600
    client_token: str | None = None
    tags: Mapping[str, str] = {}
