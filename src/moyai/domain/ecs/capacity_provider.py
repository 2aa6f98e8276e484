"""Capacity providers of an account; FARGATE and FARGATE_SPOT exist in every account and are not recorded.

A container instance belongs to the provider that its tag ``moyai:capacity-provider`` names.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName


class ManagedScaling(msgspec.Struct, frozen=True):
    """How AWS would scale the Auto Scaling group: a percentage of its use, steps in instances, and seconds."""

    status: str = "DISABLED"
    target_capacity: int | None = None
    minimum_scaling_step_size: int | None = None
    maximum_scaling_step_size: int | None = None
    instance_warmup_period: int | None = None


class CapacityProvider(ArnRecord, frozen=True, tag="capacity_provider"):
    """A provider with an Auto Scaling group. The group, and what ECS would manage of it, is only recorded and shown:
    moyai does not scale it.
    """

    arn: CapacityProviderArn
    name: CapacityProviderName
    created_at: Instant
    auto_scaling_group: str
    managed_scaling: ManagedScaling = ManagedScaling()
    managed_termination_protection: str = "DISABLED"
    managed_draining: str = "DISABLED"
    tags: Mapping[str, str] = {}
