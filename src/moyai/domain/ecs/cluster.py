"""Clusters. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn, NamespaceArn

MOST_INSTANCES = 250
"""The greatest number of container instances in a cluster; each is a network namespace of this machine."""


class ClusterStatus(StrEnum):
    """A deleted cluster stays visible as INACTIVE and is revived by CreateCluster."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class ClusterSetting(msgspec.Struct, frozen=True):
    """A named setting, such as ``containerInsights``."""

    name: str = ""
    value: str = ""


class CapacityProviderStrategyItem(msgspec.Struct, frozen=True):
    """The share of tasks that a capacity provider runs."""

    capacity_provider: str
    weight: int = 0
    base: int = 0


class ExecuteCommandLogs(msgspec.Struct, frozen=True):
    """The log group and bucket in which AWS stores the output of exec sessions."""

    cloud_watch_log_group_name: str | None = None
    cloud_watch_encryption_enabled: bool = False
    s3_bucket_name: str | None = None
    s3_encryption_enabled: bool = False
    s3_key_prefix: str | None = None


class ExecuteCommandConfiguration(msgspec.Struct, frozen=True):
    """How exec sessions would be recorded and encrypted; only kept and shown, because moyai does neither."""

    logging: str | None = None
    log_configuration: ExecuteCommandLogs | None = None
    kms_key_id: str | None = None


class ClusterConfiguration(msgspec.Struct, frozen=True):
    """The configuration of all of a cluster's tasks."""

    execute_command_configuration: ExecuteCommandConfiguration | None = None


class Cluster(ArnRecord, frozen=True, tag="cluster"):
    """A cluster. ``default_namespace`` is what ``serviceConnectDefaults`` resolved to."""

    arn: ClusterArn
    name: str
    created_at: Instant
    status: ClusterStatus = ClusterStatus.ACTIVE
    inactive_at: Instant | None = None
    settings: tuple[ClusterSetting, ...] = ()
    capacity_providers: tuple[str, ...] = ()
    default_capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    default_namespace: NamespaceArn | None = None
    configuration: ClusterConfiguration | None = None
    tags: Mapping[str, str] = {}
