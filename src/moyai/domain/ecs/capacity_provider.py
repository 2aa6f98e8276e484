"""Capacity providers of an account's own; FARGATE and FARGATE_SPOT are everybody's and not on record.

A container instance is of the provider that its tag ``moyai:capacity-provider`` names.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName


class CapacityProvider(ArnRecord, frozen=True, tag="capacity_provider"):
    """A provider by an Auto Scaling group, which is recorded and shown: who scales it is not here."""

    arn: CapacityProviderArn
    name: CapacityProviderName
    created_at: Instant
    auto_scaling_group: str
    tags: Mapping[str, str] = {}
