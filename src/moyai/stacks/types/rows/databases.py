"""The resource types of Amazon RDS: database instances and clusters, their subnet groups and parameter groups.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_RDS.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Follow, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, ids, prop
from moyai.stacks.types.tags import Tagging, arn_tags

_SERVICE: Final = "rds"
_LONGEST_NAME: Final = 63
_FAILED: Final = frozenset({"failed", "incompatible-parameters", "incompatible-network", "storage-full"})


def database_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``rds``."""
    yield _subnet_group()
    yield _parameter_group("DBParameterGroup")
    yield _parameter_group("DBClusterParameterGroup")
    yield _instance()
    yield _cluster()


def _tagging(arn: str) -> Tagging:
    """The tagging of a resource by the ARN in the attribute ``arn``."""
    return arn_tags(
        lambda resource: {"ResourceName": resource.attributes[arn]}, "AddTagsToResource", "RemoveTagsFromResource"
    )


def _subnet_group() -> StackResourceType:
    return StackResourceType(
        "AWS::RDS::DBSubnetGroup",
        _SERVICE,
        "CreateDBSubnetGroup",
        "DBSubnetGroupName",
        "DeleteDBSubnetGroup",
        ids("DBSubnetGroupName"),
        name_property="DBSubnetGroupName",
        lower_case=True,
        tagging=_tagging("DBSubnetGroupArn"),
        read=Read("DescribeDBSubnetGroups", ids("DBSubnetGroupName"), "DBSubnetGroups[0]"),
        update="ModifyDBSubnetGroup",
        update_by=ids("DBSubnetGroupName"),
        missing=frozenset({"DBSubnetGroupNotFoundFault"}),
    )


def _parameters(kind: str) -> Follow:
    """The parameters of a group. A parameter that a template has no longer keeps its value."""

    def members(resource: PhysicalResource) -> Properties:
        parameters: Mapping[str, Any] = resource.properties["Parameters"]
        elements = [
            {"ParameterName": name, "ParameterValue": str(value), "ApplyMethod": "pending-reboot"}
            for name, value in parameters.items()
        ]
        return {f"{kind}Name": resource.id, "Parameters": elements}

    return Follow(f"Modify{kind}", members, default=always({}))


def _parameter_group(kind: str) -> StackResourceType:
    return StackResourceType(
        f"AWS::RDS::{kind}",
        _SERVICE,
        f"Create{kind}",
        f"{kind}Name",
        f"Delete{kind}",
        ids(f"{kind}Name"),
        name_property=f"{kind}Name",
        lower_case=True,
        rename={"Family": "DBParameterGroupFamily"},
        tagging=_tagging(f"{kind}Arn"),
        follow={"Parameters": _parameters(kind)},
        read=Read(f"Describe{kind}s", ids(f"{kind}Name"), f"{kind}s[0]"),
        attributes={f"{kind}Arn": f"{kind}Arn"},
        missing=frozenset({"DBParameterGroupNotFound"}),
    )


def _log_exports(operation: str, member: str) -> Follow:
    """The logs that are exported to CloudWatch Logs. A change names those to enable and those to disable."""

    def complete(resource: PhysicalResource, former: Sequence[Any]) -> dict[str, Any]:
        wanted = resource.properties.get("EnableCloudwatchLogsExports", [])
        unwanted = sorted({log for logs in former for log in logs} - set(wanted))
        return {"EnableLogTypes": wanted, "DisableLogTypes": unwanted}

    members = both(ids(member), prop("CloudwatchLogsExportConfiguration", "EnableCloudwatchLogsExports"))
    return Follow(operation, members, at_creation=False, complete=complete)


def _instance() -> StackResourceType:
    name = "DBInstanceIdentifier"
    return StackResourceType(
        "AWS::RDS::DBInstance",
        _SERVICE,
        "CreateDBInstance",
        name,
        "DeleteDBInstance",
        both(ids(name), lambda _: {"SkipFinalSnapshot": True}),
        name_property=name,
        longest_name=_LONGEST_NAME,
        lower_case=True,
        rename={"VPCSecurityGroups": "VpcSecurityGroupIds"},
        update_only=frozenset(
            {
                "AllowMajorVersionUpgrade",
                "ApplyImmediately",
                "CertificateRotationRestart",
                "ReplicaMode",
                "UseDefaultProcessorFeatures",
            }
        ),
        tagging=_tagging("DBInstanceArn"),
        follow={"EnableCloudwatchLogsExports": _log_exports("ModifyDBInstance", name)},
        read=Read("DescribeDBInstances", ids(name), "DBInstances[0]"),
        stable=Stable("DBInstanceStatus", frozenset({"available"}), _FAILED),
        gone=Stable("DBInstanceStatus", frozenset()),
        final_snapshot="FinalDBSnapshotIdentifier",
        attributes={
            "Endpoint.Address": "Endpoint.Address",
            "Endpoint.Port": "Endpoint.Port && to_string(Endpoint.Port)",
            "Endpoint.HostedZoneId": "Endpoint.HostedZoneId",
            "MasterUserSecret.SecretArn": "MasterUserSecret.SecretArn",
        },
        update="ModifyDBInstance",
        update_by=both(ids(name), lambda _: {"ApplyImmediately": True}),
        update_whole=False,
        missing=frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"}),
    )


def _cluster() -> StackResourceType:
    name = "DBClusterIdentifier"
    return StackResourceType(
        "AWS::RDS::DBCluster",
        _SERVICE,
        "CreateDBCluster",
        name,
        "DeleteDBCluster",
        both(ids(name), lambda _: {"SkipFinalSnapshot": True}),
        name_property=name,
        longest_name=_LONGEST_NAME,
        lower_case=True,
        update_only=frozenset({"DBInstanceParameterGroupName"}),
        tagging=_tagging("DBClusterArn"),
        follow={"EnableCloudwatchLogsExports": _log_exports("ModifyDBCluster", name)},
        read=Read("DescribeDBClusters", ids(name), "DBClusters[0]"),
        stable=Stable("Status", frozenset({"available"}), _FAILED),
        gone=Stable("Status", frozenset()),
        final_snapshot="FinalDBSnapshotIdentifier",
        attributes={
            "DBClusterResourceId": "DbClusterResourceId",
            "Endpoint.Address": "Endpoint",
            "Endpoint.Port": "Port && to_string(Port)",
            "ReadEndpoint.Address": "ReaderEndpoint",
            "MasterUserSecret.SecretArn": "MasterUserSecret.SecretArn",
        },
        update="ModifyDBCluster",
        update_by=both(ids(name), lambda _: {"ApplyImmediately": True}),
        update_whole=False,
        missing=frozenset({"DBClusterNotFoundFault", "DBClusterNotFound"}),
    )
