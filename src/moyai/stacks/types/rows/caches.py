"""The resource types of Amazon ElastiCache.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ElastiCache.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.stacks.types.calls import Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids
from moyai.stacks.types.tags import Tagging, arn_tags

_SERVICE: Final = "elasticache"
_LONGEST_CLUSTER: Final = 50
_LONGEST_GROUP: Final = 40
_DELETING: Final = frozenset({"deleting"})
"""The state that ends the wait for a deletion: moto's resources stay in it. The deletion of a resource that is in use
until then is tried again.
"""


def cache_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``elasticache``."""
    yield _subnet_group()
    yield _cluster()
    yield _replication_group()


def _tagging() -> Tagging:
    return arn_tags(
        lambda resource: {"ResourceName": resource.attributes["Arn"]}, "AddTagsToResource", "RemoveTagsFromResource"
    )


def _subnet_group() -> StackResourceType:
    name = ids("CacheSubnetGroupName")
    return StackResourceType(
        "AWS::ElastiCache::SubnetGroup",
        _SERVICE,
        "CreateCacheSubnetGroup",
        "CacheSubnetGroupName",
        "DeleteCacheSubnetGroup",
        name,
        name_property="CacheSubnetGroupName",
        lower_case=True,
        rename={"Description": "CacheSubnetGroupDescription"},
        tagging=_tagging(),
        read=Read("DescribeCacheSubnetGroups", name, "CacheSubnetGroups[0]"),
        attributes={"Arn": "ARN"},
        update="ModifyCacheSubnetGroup",
        update_by=name,
        missing=frozenset({"CacheSubnetGroupNotFoundFault"}),
    )


def _cluster() -> StackResourceType:
    name = ids("CacheClusterId")
    return StackResourceType(
        "AWS::ElastiCache::CacheCluster",
        _SERVICE,
        "CreateCacheCluster",
        "ClusterName",
        "DeleteCacheCluster",
        name,
        name_property="ClusterName",
        longest_name=_LONGEST_CLUSTER,
        lower_case=True,
        rename={"ClusterName": "CacheClusterId", "VpcSecurityGroupIds": "SecurityGroupIds"},
        tagging=_tagging(),
        read=Read("DescribeCacheClusters", both(name, lambda _: {"ShowCacheNodeInfo": True}), "CacheClusters[0]"),
        stable=Stable("CacheClusterStatus", frozenset({"available"}), frozenset({"create-failed", "restore-failed"})),
        gone=Stable("CacheClusterStatus", _DELETING),
        final_snapshot="FinalSnapshotIdentifier",
        attributes={
            "Arn": "ARN",
            "RedisEndpoint.Address": "CacheNodes[0].Endpoint.Address",
            "RedisEndpoint.Port": "CacheNodes[0].Endpoint.Port && to_string(CacheNodes[0].Endpoint.Port)",
            "ConfigurationEndpoint.Address": "ConfigurationEndpoint.Address",
            "ConfigurationEndpoint.Port": "ConfigurationEndpoint.Port && to_string(ConfigurationEndpoint.Port)",
        },
        update="ModifyCacheCluster",
        update_by=both(name, lambda _: {"ApplyImmediately": True}),
        update_whole=False,
        missing=frozenset({"CacheClusterNotFound"}),
    )


def _replication_group() -> StackResourceType:
    name = ids("ReplicationGroupId")
    primary, reader = "NodeGroups[0].PrimaryEndpoint", "NodeGroups[0].ReaderEndpoint"
    endpoints = {"PrimaryEndPoint": primary, "ReaderEndPoint": reader, "ConfigurationEndPoint": "ConfigurationEndpoint"}
    return StackResourceType(
        "AWS::ElastiCache::ReplicationGroup",
        _SERVICE,
        "CreateReplicationGroup",
        "ReplicationGroupId",
        "DeleteReplicationGroup",
        name,
        name_property="ReplicationGroupId",
        longest_name=_LONGEST_GROUP,
        lower_case=True,
        update_only=frozenset({"SnapshottingClusterId"}),
        tagging=_tagging(),
        read=Read("DescribeReplicationGroups", name, "ReplicationGroups[0]"),
        stable=Stable("Status", frozenset({"available"}), frozenset({"create-failed"})),
        gone=Stable("Status", _DELETING),
        final_snapshot="FinalSnapshotIdentifier",
        attributes={
            "Arn": "ARN",
            **{f"{attribute}.Address": f"{path}.Address" for attribute, path in endpoints.items()},
            **{f"{attribute}.Port": f"{path}.Port && to_string({path}.Port)" for attribute, path in endpoints.items()},
        },
        update="ModifyReplicationGroup",
        update_by=both(name, lambda _: {"ApplyImmediately": True}),
        update_whole=False,
        missing=frozenset({"ReplicationGroupNotFoundFault"}),
    )
