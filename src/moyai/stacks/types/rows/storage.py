"""The resource types of what keeps data: parameters, secrets, repositories, file systems; and of alarms.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from moyai.stacks.types.calls import Follow, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags

_REPOSITORY: Final = ids("repositoryName")
_FILE_SYSTEM: Final = ids("FileSystemId")
_AVAILABLE: Final = Stable("LifeCycleState", frozenset({"available"}), frozenset({"error"}))


def storage_rows() -> Iterator[StackResourceType]:
    """The rows of Parameter Store, Secrets Manager, ECR, EFS and CloudWatch."""
    yield _parameter()
    yield _secret()
    yield from _repository_rows()
    yield from _file_system_rows()
    yield _alarm()


def _repository_rows() -> Iterator[StackResourceType]:
    yield _repository()


def _file_system_rows() -> Iterator[StackResourceType]:
    yield _file_system()
    yield _mount_target()
    yield _access_point()


def _as_json(document: Any) -> str:  # noqa: ANN401 (a policy, as an object or a text)
    return document if isinstance(document, str) else json.dumps(document)


def _tag_list(values: Properties) -> dict[str, Any]:
    """Tags of a parameter, which templates have as a map."""
    tags = values.get("Tags")
    return {} if not tags else {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _parameter() -> StackResourceType:
    return StackResourceType(
        "AWS::SSM::Parameter",
        "ssm",
        "PutParameter",
        "Name",
        "DeleteParameter",
        ids("Name"),
        drawn="Name",
        arrange=lambda values: {name: value for name, value in values.items() if name != "Tags"} | _tag_list(values),
        read=Read("GetParameter", ids("Name"), "Parameter"),
        update="PutParameter",
        update_by=lambda resource: {"Name": resource.id, "Overwrite": True},
        missing=frozenset({"ParameterNotFound"}),
        replaces=frozenset({"Tags"}),
    )


def _secret() -> StackResourceType:
    return StackResourceType(
        "AWS::SecretsManager::Secret",
        "secretsmanager",
        "CreateSecret",
        "ARN",
        "DeleteSecret",
        lambda resource: {"SecretId": resource.id, "ForceDeleteWithoutRecovery": True},
        drawn="Name",
        idempotency_member="ClientRequestToken",
        tagging=arn_tags(ids("SecretId")),
        read=Read("DescribeSecret", ids("SecretId")),
        attributes={"Id": "ARN"},
        update="UpdateSecret",
        update_by=ids("SecretId"),
        missing=frozenset({"ResourceNotFoundException"}),
    )


def _alarm() -> StackResourceType:
    return StackResourceType(
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "PutMetricAlarm",
        "AlarmName",
        "DeleteAlarms",
        id_list("AlarmNames"),
        drawn="AlarmName",
        tagging=arn_tags(lambda resource: {"ResourceARN": resource.attributes["Arn"]}),
        read=Read("DescribeAlarms", id_list("AlarmNames"), "MetricAlarms[0]"),
        attributes={"Arn": "AlarmArn"},
        update="PutMetricAlarm",
        update_by=ids("AlarmName"),
    )


def _repository() -> StackResourceType:
    return StackResourceType(
        "AWS::ECR::Repository",
        "ecr",
        "CreateRepository",
        "RepositoryName",
        "DeleteRepository",
        lambda resource: {"repositoryName": resource.id, "force": resource.properties.get("EmptyOnDelete", False)},
        drawn="RepositoryName",
        lower_case=True,
        tagging=arn_tags(lambda resource: {"resourceArn": resource.attributes["Arn"]}),
        follow={
            "ImageTagMutability": Follow(
                "PutImageTagMutability", both(_REPOSITORY, prop("imageTagMutability", "ImageTagMutability"))
            ),
            "ImageScanningConfiguration": Follow(
                "PutImageScanningConfiguration",
                both(_REPOSITORY, prop("imageScanningConfiguration", "ImageScanningConfiguration")),
            ),
            "RepositoryPolicyText": Follow(
                "SetRepositoryPolicy",
                both(_REPOSITORY, prop("policyText", "RepositoryPolicyText", _as_json)),
                reset="DeleteRepositoryPolicy",
            ),
            "LifecyclePolicy": Follow(
                "PutLifecyclePolicy",
                both(
                    _REPOSITORY,
                    prop("lifecyclePolicyText", "LifecyclePolicy", lambda policy: policy["LifecyclePolicyText"]),
                ),
                reset="DeleteLifecyclePolicy",
            ),
            "EmptyOnDelete": Follow("DescribeRepositories", id_list("repositoryNames")),
        },
        read=Read("DescribeRepositories", id_list("repositoryNames"), "repositories[0]"),
        attributes={"Arn": "repositoryArn"},
        missing=frozenset({"RepositoryNotFoundException"}),
    )


def _file_system() -> StackResourceType:
    return StackResourceType(
        "AWS::EFS::FileSystem",
        "efs",
        "CreateFileSystem",
        "FileSystemId",
        "DeleteFileSystem",
        _FILE_SYSTEM,
        rename={"FileSystemTags": "Tags"},
        idempotency_member="CreationToken",
        follow={
            "LifecyclePolicies": Follow(
                "PutLifecycleConfiguration", both(_FILE_SYSTEM, prop("LifecyclePolicies", "LifecyclePolicies"))
            ),
            "FileSystemPolicy": Follow(
                "PutFileSystemPolicy",
                both(_FILE_SYSTEM, prop("Policy", "FileSystemPolicy", _as_json)),
                reset="DeleteFileSystemPolicy",
            ),
            "BackupPolicy": Follow("PutBackupPolicy", both(_FILE_SYSTEM, prop("BackupPolicy", "BackupPolicy"))),
        },
        read=Read("DescribeFileSystems", _FILE_SYSTEM, "FileSystems[0]"),
        stable=_AVAILABLE,
        gone=_AVAILABLE,
        attributes={"Arn": "FileSystemArn"},
        update="UpdateFileSystem",
        missing=frozenset({"FileSystemNotFound"}),
        replaces=frozenset({"FileSystemTags"}),
    )


def _mount_target() -> StackResourceType:
    return StackResourceType(
        "AWS::EFS::MountTarget",
        "efs",
        "CreateMountTarget",
        "MountTargetId",
        "DeleteMountTarget",
        ids("MountTargetId"),
        follow={
            "SecurityGroups": Follow(
                "ModifyMountTargetSecurityGroups",
                both(ids("MountTargetId"), prop("SecurityGroups", "SecurityGroups")),
                at_creation=False,
            )
        },
        read=Read("DescribeMountTargets", ids("MountTargetId"), "MountTargets[0]"),
        stable=_AVAILABLE,
        gone=_AVAILABLE,
        attributes={"Id": "MountTargetId"},
        missing=frozenset({"MountTargetNotFound"}),
    )


def _access_point() -> StackResourceType:
    return StackResourceType(
        "AWS::EFS::AccessPoint",
        "efs",
        "CreateAccessPoint",
        "AccessPointId",
        "DeleteAccessPoint",
        ids("AccessPointId"),
        rename={"AccessPointTags": "Tags"},
        idempotency_member="ClientToken",
        read=Read("DescribeAccessPoints", ids("AccessPointId"), "AccessPoints[0]"),
        stable=_AVAILABLE,
        attributes={"Arn": "AccessPointArn"},
        missing=frozenset({"AccessPointNotFound"}),
        replaces=frozenset({"AccessPointTags"}),
    )
