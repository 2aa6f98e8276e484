"""EFS as its SDK sees it: every operation, and every error that it can answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.api.efs.service import EFS
from moyai.app.wiring import changes_of_reset
from moyai.domain.keys import scope_key
from moyai.domain.vpc.default import default_vpc
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE
from tests.contract.api.installation import MODELS

OTHER = "222222222222"
MISSING = "fs-0123456789abcdef0"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})


@pytest.fixture
def efs(installation):
    return installation.client("efs")


@pytest.fixture
def file_system(efs):
    return efs.create_file_system(CreationToken="data")["FileSystemId"]


@pytest.fixture
def target(efs, net, file_system):
    return efs.create_mount_target(FileSystemId=file_system, SubnetId=net.subnet)["MountTargetId"]


def refusal(call, code, status, **params):
    """The message of a call that fails with this code and status."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    if code != "UnsupportedOperationException":
        assert response["ErrorCode"] == code
    return response["Error"]["Message"]


def test_a_file_system_from_creation_to_deletion(efs, installation):
    created = efs.create_file_system(CreationToken="data", Tags=[{"Key": "Name", "Value": "shared"}])
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    identity = created["FileSystemId"]
    assert created["LifeCycleState"] == "creating"
    [described] = efs.describe_file_systems(FileSystemId=identity)["FileSystems"]
    assert described == created | {"LifeCycleState": "available"}
    assert described == {
        "OwnerId": SCOPE.account,
        "CreationToken": "data",
        "FileSystemId": identity,
        "FileSystemArn": f"arn:aws:elasticfilesystem:us-east-1:{SCOPE.account}:file-system/{identity}",
        "CreationTime": described["CreationTime"],
        "LifeCycleState": "available",
        "Name": "shared",
        "NumberOfMountTargets": 0,
        "SizeInBytes": {"Value": 0, "ValueInIA": 0, "ValueInStandard": 0, "ValueInArchive": 0},
        "PerformanceMode": "generalPurpose",
        "Encrypted": False,
        "ThroughputMode": "bursting",
        "Tags": [{"Key": "Name", "Value": "shared"}],
        "FileSystemProtection": {"ReplicationOverwriteProtection": "ENABLED"},
    }
    assert efs.describe_file_systems(FileSystemId=described["FileSystemArn"])["FileSystems"] == [described]
    assert efs.describe_file_systems(CreationToken="data")["FileSystems"] == [described]
    assert efs.describe_file_systems(CreationToken="other")["FileSystems"] == []
    deleted = efs.delete_file_system(FileSystemId=identity)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    [deleting] = efs.describe_file_systems(FileSystemId=identity)["FileSystems"]
    assert deleting["LifeCycleState"] == "deleting"
    efs.delete_file_system(FileSystemId=identity)
    assert efs.create_file_system(CreationToken="data")["FileSystemId"] != identity, "the token is free again"
    assert installation.client("efs", OTHER).describe_file_systems()["FileSystems"] == []


def test_settings_of_a_file_system_are_shown(efs):
    provisioned = efs.create_file_system(
        CreationToken="a",
        PerformanceMode="maxIO",
        ThroughputMode="provisioned",
        ProvisionedThroughputInMibps=1.5,
        Encrypted=True,
        KmsKeyId="11111111-2222-3333-4444-555555555555",
        Backup=True,
    )
    assert provisioned["KmsKeyId"] == f"arn:aws:kms:us-east-1:{SCOPE.account}:key/11111111-2222-3333-4444-555555555555"
    assert (provisioned["PerformanceMode"], provisioned["ProvisionedThroughputInMibps"]) == ("maxIO", 1.5)
    assert efs.describe_backup_policy(FileSystemId=provisioned["FileSystemId"])["BackupPolicy"] == {"Status": "ENABLED"}
    one_zone = efs.create_file_system(CreationToken="b", AvailabilityZoneName="us-east-1b", Encrypted=True)
    assert (one_zone["AvailabilityZoneName"], one_zone["AvailabilityZoneId"]) == ("us-east-1b", "use1-az2")
    assert one_zone["KmsKeyId"] == f"arn:aws:kms:us-east-1:{SCOPE.account}:alias/aws/elasticfilesystem"
    assert efs.describe_backup_policy(FileSystemId=one_zone["FileSystemId"])["BackupPolicy"] == {"Status": "ENABLED"}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"ThroughputMode": "provisioned"}, "ProvisionedThroughputInMibps is required"),
        ({"ProvisionedThroughputInMibps": 2.0}, "only allowed with it"),
        ({"PerformanceMode": "maxIO", "ThroughputMode": "elastic"}, "maxIO is not supported with"),
        ({"PerformanceMode": "maxIO", "AvailabilityZoneName": "us-east-1a"}, "in one Availability Zone"),
        ({"KmsKeyId": "alias/mine"}, "only if Encrypted"),
        ({"PerformanceMode": "fast"}, "performanceMode"),
        ({"Tags": [{"Key": "moyai:live-endpoints", "Value": "on"}]}, "no setting of moyai"),
    ],
)
def test_invalid_settings_of_a_file_system_are_refused(efs, params, words):
    message = refusal(efs.create_file_system, "BadRequest", 400, CreationToken="a", **params)
    assert words.lower() in message.lower()
    assert efs.describe_file_systems()["FileSystems"] == []


def test_an_unknown_zone_is_refused(efs):
    params = {"CreationToken": "a", "AvailabilityZoneName": "eu-west-1a"}
    assert "us-east-1" in refusal(efs.create_file_system, "UnsupportedAvailabilityZone", 400, **params)


def test_a_creation_token_stands_for_one_file_system(efs, file_system):
    with pytest.raises(efs.exceptions.FileSystemAlreadyExists) as caught:
        efs.create_file_system(CreationToken="data")
    assert caught.value.response["FileSystemId"] == file_system


def test_too_many_file_systems(efs, monkeypatch):
    monkeypatch.setattr("moyai.api.efs.file_systems.MAX_FILE_SYSTEMS", 1)
    efs.create_file_system(CreationToken="a")
    refusal(efs.create_file_system, "FileSystemLimitExceeded", 403, CreationToken="b")


def test_the_throughput_mode_changes(efs, file_system):
    params = {"FileSystemId": file_system, "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 4.0}
    updated = efs.update_file_system(**params)
    assert updated["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (updated["LifeCycleState"], updated["ProvisionedThroughputInMibps"]) == ("updating", 4.0)
    assert efs.update_file_system(FileSystemId=file_system)["ProvisionedThroughputInMibps"] == 4.0
    updated = efs.update_file_system(FileSystemId=file_system, ThroughputMode="elastic")
    assert (updated["ThroughputMode"], "ProvisionedThroughputInMibps" in updated) == ("elastic", False)
    refusal(efs.update_file_system, "BadRequest", 400, FileSystemId=file_system, ThroughputMode="provisioned")


def test_the_protection_changes(efs, file_system):
    params = {"FileSystemId": file_system, "ReplicationOverwriteProtection": "DISABLED"}
    assert efs.update_file_system_protection(**params)["ReplicationOverwriteProtection"] == "DISABLED"
    [described] = efs.describe_file_systems()["FileSystems"]
    assert described["FileSystemProtection"] == {"ReplicationOverwriteProtection": "DISABLED"}
    params["ReplicationOverwriteProtection"] = "REPLICATING"
    refusal(efs.update_file_system_protection, "BadRequest", 400, **params)


def test_file_systems_in_pages(efs):
    identities = sorted(efs.create_file_system(CreationToken=f"t{n}")["FileSystemId"] for n in range(5))
    first = efs.describe_file_systems(MaxItems=3)
    rest = efs.describe_file_systems(MaxItems=3, Marker=first["NextMarker"])
    assert rest["Marker"] == first["NextMarker"]
    assert "NextMarker" not in rest
    assert [f["FileSystemId"] for f in (*first["FileSystems"], *rest["FileSystems"])] == identities
    refusal(efs.describe_file_systems, "BadRequest", 400, Marker="x")
    refusal(efs.describe_file_systems, "BadRequest", 400, CreationToken="t0", FileSystemId=identities[0])


def test_a_mount_target_from_creation_to_deletion(efs, ec2, net, file_system):
    created = efs.create_mount_target(FileSystemId=file_system, SubnetId=net.subnet, SecurityGroups=[net.group])
    del created["ResponseMetadata"]
    identity = created["MountTargetId"]
    [described] = efs.describe_mount_targets(MountTargetId=identity)["MountTargets"]
    assert (created["LifeCycleState"], described) == ("creating", created | {"LifeCycleState": "available"})
    assert described == {
        "OwnerId": SCOPE.account,
        "MountTargetId": identity,
        "FileSystemId": file_system,
        "SubnetId": net.subnet,
        "LifeCycleState": "available",
        "IpAddress": described["IpAddress"],
        "NetworkInterfaceId": described["NetworkInterfaceId"],
        "AvailabilityZoneId": "use1-az1",
        "AvailabilityZoneName": "us-east-1a",
        "VpcId": net.vpc,
    }
    assert described["IpAddress"].startswith("10.1.1.")
    access_point = efs.create_access_point(ClientToken="a", FileSystemId=file_system)["AccessPointId"]
    for name in ({"FileSystemId": file_system}, {"AccessPointId": access_point}):
        assert efs.describe_mount_targets(**name)["MountTargets"] == [described]
    [subnet] = ec2.describe_subnets(SubnetIds=[net.subnet])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == 250
    assert efs.describe_file_systems()["FileSystems"][0]["NumberOfMountTargets"] == 1
    assert identity in refusal(efs.delete_file_system, "FileSystemInUse", 409, FileSystemId=file_system)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnet)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=net.group)
    efs.delete_mount_target(MountTargetId=identity)
    refusal(efs.describe_mount_targets, "MountTargetNotFound", 404, MountTargetId=identity)
    ec2.delete_subnet(SubnetId=net.subnet)
    efs.delete_file_system(FileSystemId=file_system)


def test_security_groups_of_a_mount_target(efs, ec2, net, target):
    default = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    own = next(group["GroupId"] for group in default if group["VpcId"] == net.vpc)
    assert efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"] == [own]
    efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[net.group])
    assert efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"] == [net.group]
    change = efs.modify_mount_target_security_groups
    elsewhere = default_vpc(SCOPE).security_groups[0].id
    refusal(change, "SecurityGroupNotFound", 400, MountTargetId=target, SecurityGroups=[elsewhere])
    many = [f"sg-0123456789abcde{n:02}" for n in range(6)]
    refusal(change, "SecurityGroupLimitExceeded", 400, MountTargetId=target, SecurityGroups=many)
    refusal(change, "MountTargetNotFound", 404, MountTargetId="fsmt-0123456789abcdef0")


def test_invalid_places_of_a_mount_target_are_refused(efs, ec2, net, file_system, target):
    create = efs.create_mount_target
    small = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.2.0/28", AvailabilityZone="us-east-1b")["Subnet"]
    same_zone = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.1.3.0/24", AvailabilityZone="us-east-1a")["Subnet"]
    subnet = small["SubnetId"]
    params = {"FileSystemId": file_system, "SubnetId": subnet}
    twice = refusal(create, "MountTargetConflict", 409, FileSystemId=file_system, SubnetId=same_zone["SubnetId"])
    assert twice == "mount target already exists in this AZ"
    elsewhere = default_vpc(SCOPE).subnets[1].id
    assert "same VPC" in refusal(create, "MountTargetConflict", 409, FileSystemId=file_system, SubnetId=elsewhere)
    missing = "subnet-0123456789abcdef0"
    assert missing in refusal(create, "SubnetNotFound", 400, FileSystemId=file_system, SubnetId=missing)
    refusal(create, "FileSystemNotFound", 404, FileSystemId=MISSING, SubnetId=subnet)
    refusal(create, "SecurityGroupNotFound", 400, **params, SecurityGroups=["sg-0123456789abcdef0"])
    refusal(create, "BadRequest", 400, **params, IpAddress="10.1.1.9")
    refusal(create, "BadRequest", 400, **params, IpAddress="10.1.999.9")
    refusal(create, "IpAddressInUse", 409, **params, IpAddress="10.1.2.1")
    refusal(create, "BadRequest", 400, **params, IpAddressType="DUAL_STACK")
    refusal(create, "BadRequest", 400, **params, Ipv6Address="fd00::1")
    one_zone = efs.create_file_system(CreationToken="z", AvailabilityZoneName="us-east-1c")["FileSystemId"]
    refusal(create, "AvailabilityZonesMismatch", 400, FileSystemId=one_zone, SubnetId=subnet)
    assert create(**params, IpAddress="10.1.2.4")["IpAddress"] == "10.1.2.4"
    for number in range(10):
        other = efs.create_file_system(CreationToken=f"n{number}")["FileSystemId"]
        create(FileSystemId=other, SubnetId=subnet)
    last = efs.create_file_system(CreationToken="last")["FileSystemId"]
    refusal(create, "NoFreeAddressesInSubnet", 409, FileSystemId=last, SubnetId=subnet)


def test_mount_targets_are_described_by_one_name(efs, file_system, target):
    refusal(efs.describe_mount_targets, "BadRequest", 400)
    refusal(efs.describe_mount_targets, "BadRequest", 400, FileSystemId=file_system, MountTargetId=target)
    refusal(efs.describe_mount_targets, "FileSystemNotFound", 404, FileSystemId=MISSING)
    refusal(efs.describe_mount_targets, "AccessPointNotFound", 404, AccessPointId="fsap-0123456789abcdef0")


def test_an_access_point_from_creation_to_deletion(efs, file_system):
    params = {
        "ClientToken": "web",
        "FileSystemId": file_system,
        "PosixUser": {"Uid": 1000, "Gid": 1001, "SecondaryGids": [5]},
        "RootDirectory": {
            "Path": "/web/data",
            "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "0750"},
        },
        "Tags": [{"Key": "Name", "Value": "web"}],
    }
    created = efs.create_access_point(**params)
    del created["ResponseMetadata"]
    identity = created["AccessPointId"]
    [described] = efs.describe_access_points(AccessPointId=identity)["AccessPoints"]
    assert (created["LifeCycleState"], described) == ("creating", created | {"LifeCycleState": "available"})
    assert described == params | {
        "Name": "web",
        "AccessPointId": identity,
        "AccessPointArn": f"arn:aws:elasticfilesystem:us-east-1:{SCOPE.account}:access-point/{identity}",
        "OwnerId": SCOPE.account,
        "LifeCycleState": "available",
    }
    assert efs.create_access_point(**params)["AccessPointId"] == identity, "an equal request creates nothing"
    with pytest.raises(efs.exceptions.AccessPointAlreadyExists) as caught:
        efs.create_access_point(ClientToken="web", FileSystemId=file_system)
    assert caught.value.response["AccessPointId"] == identity
    plain = efs.create_access_point(ClientToken="plain", FileSystemId=file_system)
    assert plain["RootDirectory"] == {"Path": "/"}
    assert "PosixUser" not in plain
    first = efs.describe_access_points(FileSystemId=file_system, MaxResults=1)
    rest = efs.describe_access_points(FileSystemId=file_system, MaxResults=1, NextToken=first["NextToken"])
    assert {p["AccessPointId"] for p in (*first["AccessPoints"], *rest["AccessPoints"])} == {
        identity,
        plain["AccessPointId"],
    }
    assert len(efs.describe_access_points()["AccessPoints"]) == 2
    efs.delete_access_point(AccessPointId=described["AccessPointArn"])
    refusal(efs.describe_access_points, "AccessPointNotFound", 404, AccessPointId=identity)
    refusal(efs.delete_access_point, "AccessPointNotFound", 404, AccessPointId=identity)
    efs.delete_file_system(FileSystemId=file_system)
    assert efs.describe_access_points()["AccessPoints"] == [], "they end with their file system"


def test_invalid_access_points_are_refused(efs, file_system, monkeypatch):
    create = efs.create_access_point
    refusal(create, "FileSystemNotFound", 404, ClientToken="a", FileSystemId=MISSING)
    for path in ("data", "/a/../b", "/a/b/c/d/e", "/$HOME"):
        refusal(create, "BadRequest", 400, ClientToken="a", FileSystemId=file_system, RootDirectory={"Path": path})
    for ids in (
        {"PosixUser": {"Uid": 2**32 - 1, "Gid": 0}},
        {"PosixUser": {"Uid": 0, "Gid": 0, "SecondaryGids": [2**32 - 1]}},
        {"RootDirectory": {"CreationInfo": {"OwnerUid": 0, "OwnerGid": 2**32 - 1, "Permissions": "755"}}},
    ):
        refusal(create, "BadRequest", 400, ClientToken="a", FileSystemId=file_system, **ids)
    refusal(efs.describe_access_points, "FileSystemNotFound", 404, FileSystemId=MISSING)
    both = {"FileSystemId": file_system, "AccessPointId": "fsap-0123456789abcdef0"}
    refusal(efs.describe_access_points, "BadRequest", 400, **both)
    monkeypatch.setattr("moyai.api.efs.access_points.MAX_ACCESS_POINTS", 0)
    refusal(create, "AccessPointLimitExceeded", 403, ClientToken="a", FileSystemId=file_system)


def test_a_file_system_policy(efs, file_system):
    refusal(efs.describe_file_system_policy, "PolicyNotFound", 404, FileSystemId=file_system)
    put = efs.put_file_system_policy(FileSystemId=file_system, Policy=POLICY, BypassPolicyLockoutSafetyCheck=True)
    assert put["Policy"] == POLICY
    described = efs.describe_file_system_policy(FileSystemId=file_system)
    assert (described["FileSystemId"], described["Policy"]) == (file_system, POLICY)
    for policy in ("{", "[]", "{}", "[" * 10_000):
        refusal(efs.put_file_system_policy, "InvalidPolicyException", 400, FileSystemId=file_system, Policy=policy)
    efs.delete_file_system_policy(FileSystemId=file_system)
    refusal(efs.describe_file_system_policy, "PolicyNotFound", 404, FileSystemId=file_system)


def test_lifecycle_configuration(efs, file_system):
    assert efs.describe_lifecycle_configuration(FileSystemId=file_system)["LifecyclePolicies"] == []
    policies = [{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]
    put = efs.put_lifecycle_configuration(FileSystemId=file_system, LifecyclePolicies=policies)
    assert put["LifecyclePolicies"] == policies
    assert efs.describe_lifecycle_configuration(FileSystemId=file_system)["LifecyclePolicies"] == policies
    wrong: Any
    for wrong in ([{}], [policies[0] | policies[1]], [policies[0], policies[0]]):
        refusal(efs.put_lifecycle_configuration, "BadRequest", 400, FileSystemId=file_system, LifecyclePolicies=wrong)
    assert efs.put_lifecycle_configuration(FileSystemId=file_system, LifecyclePolicies=[])["LifecyclePolicies"] == []


def test_backup_policy(efs, file_system):
    assert efs.describe_backup_policy(FileSystemId=file_system)["BackupPolicy"] == {"Status": "DISABLED"}
    efs.put_backup_policy(FileSystemId=file_system, BackupPolicy={"Status": "ENABLED"})
    assert efs.describe_backup_policy(FileSystemId=file_system)["BackupPolicy"] == {"Status": "ENABLED"}
    wrong = {"Status": "ENABLING"}
    refusal(efs.put_backup_policy, "BadRequest", 400, FileSystemId=file_system, BackupPolicy=wrong)


def test_tags(efs, file_system):
    access_point = efs.create_access_point(ClientToken="a", FileSystemId=file_system)["AccessPointId"]
    for resource in (file_system, access_point):
        efs.tag_resource(ResourceId=resource, Tags=[{"Key": key, "Value": f"{key}1"} for key in "abc"])
        efs.untag_resource(ResourceId=resource, TagKeys=["a", "c"])
        assert efs.list_tags_for_resource(ResourceId=resource)["Tags"] == [{"Key": "b", "Value": "b1"}]
    keys = [letter * 128 for letter in "xyz"]
    efs.tag_resource(ResourceId=file_system, Tags=[{"Key": key, "Value": ""} for key in keys])
    page = efs.list_tags_for_resource(ResourceId=file_system, MaxResults=1)
    listed = [page]
    while "NextToken" in page:
        page = efs.list_tags_for_resource(ResourceId=file_system, MaxResults=1, NextToken=page["NextToken"])
        listed.append(page)
    assert [[tag["Key"] for tag in page["Tags"]] for page in listed] == [["b"], *([key] for key in keys)]
    refusal(efs.list_tags_for_resource, "BadRequest", 400, ResourceId=file_system, NextToken="x")
    refusal(efs.list_tags_for_resource, "FileSystemNotFound", 404, ResourceId=MISSING)
    refusal(efs.list_tags_for_resource, "AccessPointNotFound", 404, ResourceId="fsap-0123456789abcdef0")
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    refusal(efs.tag_resource, "BadRequest", 400, ResourceId=file_system, Tags=many)


def test_the_deprecated_tag_operations(efs, file_system):
    efs.create_tags(FileSystemId=file_system, Tags=[{"Key": key, "Value": key} for key in "abc"])
    efs.delete_tags(FileSystemId=file_system, TagKeys=["b"])
    first = efs.describe_tags(FileSystemId=file_system, MaxItems=1)
    rest = efs.describe_tags(FileSystemId=file_system, Marker=first["NextMarker"])
    assert first["Tags"] + rest["Tags"] == [{"Key": "a", "Value": "a"}, {"Key": "c", "Value": "c"}]
    refusal(efs.create_tags, "FileSystemNotFound", 404, FileSystemId=MISSING, Tags=[{"Key": "a", "Value": "b"}])


def test_a_file_system_that_is_being_deleted_takes_no_changes(efs, net, file_system):
    efs.delete_file_system(FileSystemId=file_system)
    wrong, name = ("IncorrectFileSystemLifeCycleState", 409), {"FileSystemId": file_system}
    refusal(efs.create_mount_target, *wrong, **name, SubnetId=net.subnet)
    refusal(efs.create_access_point, *wrong, **name, ClientToken="a")
    refusal(efs.update_file_system, *wrong, **name)
    refusal(efs.put_lifecycle_configuration, *wrong, **name, LifecyclePolicies=[])
    refusal(efs.delete_file_system_policy, *wrong, **name)


def test_account_preferences(efs):
    preference = efs.describe_account_preferences()["ResourceIdPreference"]
    assert preference == {"ResourceIdType": "LONG_ID", "Resources": ["FILE_SYSTEM", "MOUNT_TARGET"]}


def test_the_rest_is_refused_by_name(efs, file_system):
    refused = set(MODELS["efs"].operation_names) - set(EFS.operations)
    assert refused == {
        "CreateReplicationConfiguration",
        "DeleteReplicationConfiguration",
        "DescribeReplicationConfigurations",
        "PutAccountPreferences",
    }
    code = "UnsupportedOperationException"
    assert "PutAccountPreferences" in refusal(efs.put_account_preferences, code, 501, ResourceIdType="LONG_ID")
    refusal(efs.describe_replication_configurations, code, 501)
    refusal(efs.delete_replication_configuration, code, 501, SourceFileSystemId=file_system)


def test_after_a_reset_no_file_system_from_before_is_there(efs, file_system, installation):
    store = installation.store
    store.apply(changes_of_reset(store.world, EPOCH))
    assert file_system in store.world.file_systems
    assert efs.describe_file_systems()["FileSystems"] == []
    assert efs.describe_file_systems(CreationToken="data")["FileSystems"] == []
    refusal(efs.describe_file_systems, "FileSystemNotFound", 404, FileSystemId=file_system)
    assert efs.create_file_system(CreationToken="data")["FileSystemId"] != file_system
    assert store.world.file_systems.count("scope", scope_key(SCOPE)) == 1
