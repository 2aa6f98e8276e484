"""Outlier detection, by which a client's proxy ejects members that respond with errors.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_OutlierDetection.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.duration import Duration


class OutlierDetection(msgspec.Struct, frozen=True):
    """``max_server_errors`` in a row eject a member; they are counted each ``interval``."""

    max_server_errors: int
    interval: Duration
    base_ejection_duration: Duration
    max_ejection_percent: int
