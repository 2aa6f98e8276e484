"""Dashboards.

Promise: an account has the same dashboards in every region; their ARNs have no region.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from moyai.domain.record import ArnRecord
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, DashboardArn, Region
from moyai.kernel.scope import Scope

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


class Dashboard(ArnRecord, frozen=True, tag="dashboard"):
    """A dashboard. ``body``: JSON, as it was put."""

    arn: DashboardArn
    name: str
    body: str
    modified_at: Instant
    tags: Mapping[str, str] = {}


def dashboard_arn(account: AccountId, name: str) -> DashboardArn:
    """The ARN of the account's dashboard with this name."""
    return DashboardArn(arn("cloudwatch", Scope(account, Region("")), f"dashboard/{name}"))
