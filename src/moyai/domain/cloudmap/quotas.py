"""Cloud Map's quotas.

Promise: the defaults are AWS's numbers.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html
"""

from __future__ import annotations

import msgspec


class CloudMapQuotas(msgspec.Struct, frozen=True):
    """The greatest number of each type of resource. ECS's own registrations count, and are never refused."""

    namespaces: int = 50
    """In an account and region."""
    instances_per_service: int = 1000
    instances_per_namespace: int = 2000
