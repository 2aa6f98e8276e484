"""The file systems that a task mounts, and the reason of a task that can't."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import StopCode, TaskStatus
from moyai.domain.ecs.volume import EfsAuthorization, EfsVolume, Volume
from moyai.domain.efs.file_system import AccessPoint, CreationInfo, FileSystem, MountTarget, PosixUser, RootDirectory
from moyai.domain.queries.vpc import default_vpc_records
from moyai.domain.sandbox.spec import DirectoryOwner, FileSystemMount, FileSystemUser
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.security_group import SecurityGroup, SecurityGroupRule
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import AccessPointId, FileSystemId, MountTargetId, NetworkInterfaceId
from moyai.plan.action import PrepareSandbox
from moyai.plan.task.file_systems import is_file_system_used
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import step

ID, POINT = FileSystemId("fs-0123456789abcdef0"), AccessPointId("fsap-0123456789abcdef0")
SERVER = f"{ID}.efs.us-east-1.amazonaws.com"
FAILED = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
UNRESOLVED = (
    f'{FAILED}Failed to resolve "{SERVER}" - check that your file system ID is correct, and ensure that the VPC has an'
    " EFS mount target for this file system ID. See https://docs.aws.amazon.com/console/efs/mount-dns-name for more"
    " detail. : unsuccessful EFS utils command execution; code: 1"
)
TIMED_OUT = f"{FAILED}b'mount.nfs4: Connection timed out' : unsuccessful EFS utils command execution; code: 32"
DENIED = (
    f"{FAILED}b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command"
    " execution; code: 32"
)


class Rig:
    """A task with a file system, which has a mount target in the task's zone and an access point."""

    def __init__(self) -> None:
        self.build = Builder()
        self.build.book.apply(default_vpc_records(SCOPE))
        self.file_system = FileSystem(ID, SCOPE, "token", 1.0)  # type: ignore[arg-type]
        self.access_point = AccessPoint(
            POINT,
            SCOPE,
            ID,
            "token",
            PosixUser(1000, 1001, (5,)),
            RootDirectory("/web", CreationInfo(1000, 1001, "0750")),
        )
        self.build.book.apply([Put(self.file_system), Put(self.access_point)])

    def task(self, authorization: EfsAuthorization | None = None, root: str = "/"):
        """A task that is to start, with a mount target in its zone."""
        volume = EfsVolume(ID, root, "ENABLED", authorization_config=authorization)
        plain = self.build.definition("shared", replace(container(), port_mappings=()))
        definition = replace(plain, volumes=(Volume("data", efs_volume_configuration=volume),))
        self.build.book.apply([Put(definition)])
        task = self.build.run(definition)
        interface = self.build.world.tasks[task].interface
        self.target = MountTarget(
            MountTargetId("fsmt-0123456789abcdef0"),
            SCOPE,
            ID,
            interface.vpc,
            interface.subnet,
            self.build.world.tasks[task].availability_zone,
            "use1-az1",
            "172.31.0.99",
            NetworkInterfaceId("eni-0"),
            interface.security_groups,
        )
        self.build.book.apply([Put(self.target)])
        return task

    def mounts(self, task):
        """The mounts in the sandbox that is made for it."""
        (effect,) = step(self.build, task, gone=True).effects
        assert isinstance(effect, PrepareSandbox)
        return effect.sandbox.file_systems

    def reason(self, task):
        """Why the task stops."""
        assert step(self.build, task, gone=True).effects == ()
        record = self.build.world.tasks[task]
        assert (record.last_status, record.stop_code) == (
            TaskStatus.DEPROVISIONING,
            StopCode.TASK_FAILED_TO_START,
        )
        return record.stopped_reason

    def set_rules(self, *rules: SecurityGroupRule):
        """Let the default group have these rules."""
        group = default_vpc(SCOPE).security_groups[0].id
        record = self.build.world.security_groups[group]
        assert isinstance(record, SecurityGroup)
        self.build.book.apply([Put(replace(record, rules=rules))])


@pytest.fixture
def rig():
    return Rig()


def test_a_task_mounts_a_directory_as_itself(rig):
    task = rig.task(root="/data")
    assert rig.mounts(task) == {"data": FileSystemMount(ID, SERVER, "/data")}


def test_an_access_point_decides_directory_owner_and_user(rig):
    mount = FileSystemMount(ID, SERVER, "/web", DirectoryOwner(1000, 1001, 0o750), FileSystemUser(1000, 1001, (5,)))
    assert rig.mounts(rig.task(EfsAuthorization(POINT, "ENABLED"))) == {"data": mount}
    rig.build.book.apply([Put(replace(rig.access_point, user=None, root=RootDirectory()))])
    assert rig.mounts(rig.task(EfsAuthorization(POINT))) == {"data": FileSystemMount(ID, SERVER)}


def test_a_file_system_that_is_not_there(rig):
    task = rig.task()
    rig.build.book.apply([Delete(FileSystem, ID)])
    assert rig.reason(task) == f"{UNRESOLVED} (there is no file system {ID} in the task's account and region)"


def test_a_file_system_of_another_account(rig):
    task = rig.task()
    rig.build.book.apply([Put(replace(rig.file_system, scope=replace(SCOPE, account="222222222222")))])
    assert "in the task's account and region)" in rig.reason(task)


def test_a_file_system_that_is_being_deleted(rig):
    task = rig.task()
    rig.build.book.apply([Put(replace(rig.file_system, deleted_at=2.0))])
    assert rig.reason(task) == f"{UNRESOLVED} (the file system {ID} is being deleted)"


@pytest.mark.parametrize("other", [{"zone": "us-east-1f"}, {"vpc": "vpc-other"}], ids=["zone", "VPC"])
def test_a_mount_target_elsewhere_does_not_help(rig, other):
    task = rig.task()
    rig.build.book.apply([Put(replace(rig.target, **other))])
    record = rig.build.world.tasks[task]
    place = f"{record.availability_zone} of {record.interface.vpc}"
    assert rig.reason(task) == f"{UNRESOLVED} (it has no mount target in {place})"


@pytest.mark.parametrize("other", [None, FileSystemId("fs-11111111")], ids=["deleted", "of another file system"])
def test_an_access_point_that_is_not_there(rig, other):
    task = rig.task(EfsAuthorization(POINT))
    change = Delete(AccessPoint, POINT) if other is None else Put(replace(rig.access_point, file_system=other))
    rig.build.book.apply([change])
    assert rig.reason(task) == f"{DENIED} (the file system has no access point {POINT})"


def rule(**members: Any):
    defaults: dict[str, Any] = {"id": "sgr-1", "egress": False, "protocol": "tcp"}
    return SecurityGroupRule(**defaults | members)


OUT = rule(egress=True, protocol="-1", cidr="0.0.0.0/0")


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (OUT,),
        (rule(protocol="-1", cidr="0.0.0.0/0"),),
        (OUT, rule(from_port=2048, to_port=2048, cidr="0.0.0.0/0")),
        (OUT, rule(protocol="udp", from_port=2049, to_port=2049, cidr="0.0.0.0/0")),
        (OUT, rule(from_port=2049, to_port=2049, cidr="10.0.0.0/8")),
        (OUT, rule(from_port=2049, to_port=2049, cidr="::/0")),
    ],
    ids=["none", "nothing enters", "nothing leaves", "another port", "UDP", "another range", "IPv6"],
)
def test_security_groups_that_let_no_nfs_pass(rig, rules):
    task = rig.task()
    rig.set_rules(*rules)
    reason = rig.reason(task)
    assert reason.startswith(f"{TIMED_OUT} (TCP port 2049 must be allowed by the security groups of the mount target")


def test_security_groups_that_let_nfs_pass(rig):
    for entry in (
        rule(from_port=2049, to_port=2049, cidr="172.31.0.0/16"),
        rule(from_port=0, to_port=65535, cidr="0.0.0.0/0"),
    ):
        task = rig.task()
        rig.set_rules(OUT, entry)
        assert set(rig.mounts(task)) == {"data"}


def test_a_file_system_is_used_until_its_tasks_have_stopped(rig):
    assert not is_file_system_used(rig.build.world, ID)
    task = rig.task()
    assert is_file_system_used(rig.build.world, ID)
    rig.build.book.apply([Put(replace(rig.build.world.tasks[task], last_status=TaskStatus.STOPPED))])
    assert not is_file_system_used(rig.build.world, ID)
