"""Capacity providers of an account; FARGATE and FARGATE_SPOT exist in every account and are not recorded.

A container instance belongs to the provider that its tag ``moyai:capacity-provider`` names.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName


class CapacityProvider(ArnRecord, frozen=True, tag="capacity_provider"):
    """A provider with an Auto Scaling group, which is only recorded and shown: moyai does not scale it."""

    arn: CapacityProviderArn
    name: CapacityProviderName
    created_at: Instant
    auto_scaling_group: str
    tags: Mapping[str, str] = {}
