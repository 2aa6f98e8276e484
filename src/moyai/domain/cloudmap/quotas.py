"""How many of everything there may be.

Promise: AWS's numbers where nobody has set others.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html
"""

from __future__ import annotations

import msgspec


class CloudMapQuotas(msgspec.Struct, frozen=True):
    """Cloud Map's quotas. What ECS registers counts, and is never refused."""

    namespaces: int = 50
    """Of one account and region."""
    instances_per_service: int = 1000
    instances_per_namespace: int = 2000
