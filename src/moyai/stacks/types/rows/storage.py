"""The resource types of Parameter Store, Amazon ECR and Amazon EFS.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from moyai.stacks.types.calls import Follow, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, as_json, both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags

_REPOSITORY: Final = ids("repositoryName")
_FILE_SYSTEM: Final = ids("FileSystemId")
_PARAMETER_TAGS: Final = replace(
    arn_tags(
        lambda resource: {"ResourceType": "Parameter", "ResourceId": resource.id},
        "AddTagsToResource",
        "RemoveTagsFromResource",
    ),
    as_map=True,
)
_FILE_SYSTEM_TAGS: Final = replace(arn_tags(ids("ResourceId")), reserved=False)
_AVAILABLE: Final = Stable("LifeCycleState", frozenset({"available"}), frozenset({"error"}))


def storage_rows() -> Iterator[StackResourceType]:
    """The rows of Parameter Store, ECR and EFS."""
    yield _parameter()
    yield from _repository_rows()
    yield from _file_system_rows()


def _repository_rows() -> Iterator[StackResourceType]:
    yield _repository()


def _file_system_rows() -> Iterator[StackResourceType]:
    yield _file_system()
    yield _mount_target()
    yield _access_point()


def _parameter() -> StackResourceType:
    return StackResourceType(
        "AWS::SSM::Parameter",
        "ssm",
        "PutParameter",
        "Name",
        "DeleteParameter",
        ids("Name"),
        name_property="Name",
        tagging=_PARAMETER_TAGS,
        read=Read("GetParameter", ids("Name"), "Parameter"),
        update="PutParameter",
        update_by=lambda resource: {"Name": resource.id, "Overwrite": True},
        missing=frozenset({"ParameterNotFound"}),
    )


def _repository_calls() -> dict[str, Follow]:
    """The calls that set properties of an existing repository."""
    return {
        "ImageTagMutability": Follow(
            "PutImageTagMutability",
            both(_REPOSITORY, prop("imageTagMutability", "ImageTagMutability")),
            default=always("MUTABLE"),
        ),
        "ImageScanningConfiguration": Follow(
            "PutImageScanningConfiguration",
            both(_REPOSITORY, prop("imageScanningConfiguration", "ImageScanningConfiguration")),
            default=always({"ScanOnPush": False}),
        ),
        "RepositoryPolicyText": Follow(
            "SetRepositoryPolicy",
            both(_REPOSITORY, prop("policyText", "RepositoryPolicyText", as_json)),
            reset="DeleteRepositoryPolicy",
            reset_by=_REPOSITORY,
        ),
        "LifecyclePolicy": Follow(
            "PutLifecyclePolicy",
            both(
                _REPOSITORY,
                prop("lifecyclePolicyText", "LifecyclePolicy", lambda policy: policy["LifecyclePolicyText"]),
            ),
            reset="DeleteLifecyclePolicy",
            reset_by=_REPOSITORY,
        ),
        "EmptyOnDelete": Follow("DescribeRepositories", id_list("repositoryNames"), default=always(value=False)),
    }


def _repository() -> StackResourceType:
    return StackResourceType(
        "AWS::ECR::Repository",
        "ecr",
        "CreateRepository",
        "RepositoryName",
        "DeleteRepository",
        lambda resource: {"repositoryName": resource.id, "force": resource.properties.get("EmptyOnDelete", False)},
        name_property="RepositoryName",
        lower_case=True,
        tagging=arn_tags(lambda resource: {"resourceArn": resource.attributes["Arn"]}),
        follow=_repository_calls(),
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
        tagging=replace(_FILE_SYSTEM_TAGS, name="FileSystemTags"),
        idempotency_member="CreationToken",
        follow={
            "LifecyclePolicies": Follow(
                "PutLifecycleConfiguration",
                both(_FILE_SYSTEM, prop("LifecyclePolicies", "LifecyclePolicies")),
                default=always([]),
            ),
            "FileSystemPolicy": Follow(
                "PutFileSystemPolicy",
                both(_FILE_SYSTEM, prop("Policy", "FileSystemPolicy", as_json)),
                reset="DeleteFileSystemPolicy",
            ),
            "FileSystemProtection": Follow(
                "UpdateFileSystemProtection",
                lambda resource: {"FileSystemId": resource.id, **resource.properties["FileSystemProtection"]},
                default=always({"ReplicationOverwriteProtection": "ENABLED"}),
            ),
            "BackupPolicy": Follow(
                "PutBackupPolicy",
                both(_FILE_SYSTEM, prop("BackupPolicy", "BackupPolicy")),
                default=always({"Status": "DISABLED"}),
            ),
        },
        read=Read("DescribeFileSystems", _FILE_SYSTEM, "FileSystems[0]"),
        stable=_AVAILABLE,
        gone=Stable("LifeCycleState", frozenset({"deleted"})),
        attributes={"Arn": "FileSystemArn"},
        update="UpdateFileSystem",
        missing=frozenset({"FileSystemNotFound"}),
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
        gone=Stable("LifeCycleState", frozenset({"deleted"})),
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
        tagging=replace(_FILE_SYSTEM_TAGS, name="AccessPointTags"),
        idempotency_member="ClientToken",
        read=Read("DescribeAccessPoints", ids("AccessPointId"), "AccessPoints[0]"),
        stable=_AVAILABLE,
        attributes={"Arn": "AccessPointArn"},
        missing=frozenset({"AccessPointNotFound"}),
    )
