"""EFS by its API with real tasks: two tasks share files, and what becomes of the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

MOUNTS = [{"sourceVolume": "data", "containerPath": "/data"}]
CREATION = {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "750"}


class Share:
    """A file system with a mount target in each zone, and an access point."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.cluster = Cluster(installation, name)
        self.efs = installation.client("efs")
        self.id = self.efs.create_file_system(CreationToken=name)["FileSystemId"]
        for subnet in self.cluster.subnets:
            self.efs.create_mount_target(FileSystemId=self.id, SubnetId=subnet)
        self.access_point = self.efs.create_access_point(
            ClientToken=name,
            FileSystemId=self.id,
            PosixUser={"Uid": 1000, "Gid": 1000},
            RootDirectory={"Path": "/app", "CreationInfo": CREATION},
        )["AccessPointId"]
        self.directory = installation.state / "efs" / self.id

    def volume(self, **more: Any) -> dict[str, Any]:
        """A task definition's volume."""
        return {"name": "data", "efsVolumeConfiguration": {"fileSystemId": self.id} | more}

    def through_access_point(self) -> dict[str, Any]:
        """The volume as the access point has it."""
        return self.volume(transitEncryption="ENABLED", authorizationConfig={"accessPointId": self.access_point})

    def define(self, name: str, line: str, volume: dict[str, Any]) -> str:
        """A task definition with a container that runs a line of shell, with the volume at /data."""
        return self.cluster.define(name, shell(line, mountPoints=MOUNTS), volumes=[volume])

    def output(self, name: str, line: str, volume: dict[str, Any]) -> list[str]:
        """The output of a task that runs to its end."""
        task = self.cluster.run_to_end(self.define(name, line, volume))
        assert task["containers"][0].get("exitCode") == 0, task
        return self.cluster.output_lines(task["taskArn"])

    def stopped_reason(self, name: str, volume: dict[str, Any]) -> str:
        """Why a task does not start."""
        task = self.cluster.run_to_end(self.define(name, "true", volume))
        assert task["stopCode"] == "TaskFailedToStart"
        return str(task["stoppedReason"])

    def delete_mount_targets(self) -> None:
        """Delete all mount targets."""
        for target in self.efs.describe_mount_targets(FileSystemId=self.id)["MountTargets"]:
            self.efs.delete_mount_target(MountTargetId=target["MountTargetId"])


def test_tasks_share_files_with_and_without_an_access_point(server: Installation):
    share = Share(server, "shared")
    share.output("writer", "echo x > /data/a; chown 7:8 /data/a", share.volume())
    assert share.output("reader", "cat /data/a; stat -c %u:%g /data/a", share.volume()) == ["x", "7:8"]
    share.output("user", "echo y > /data/b", share.through_access_point())
    assert share.output("other", "cat /data/b; echo z >> /data/b", share.through_access_point()) == ["y"]
    below = share.volume(rootDirectory="/app")
    assert share.output("below", "cat /data/b; stat -c %u:%g /data/b", below) == ["y", "z", "1000:1000"]
    assert (share.directory / "app/b").stat().st_uid == 1000
    missing = share.stopped_reason("missing", share.volume(rootDirectory="/missing"))
    assert missing.startswith("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes:")
    assert "/missing failed, reason given by server: No such file or directory" in missing
    share.delete_mount_targets()
    unresolved = share.stopped_reason("unresolved", share.volume())
    assert f'Failed to resolve "{share.id}.efs.us-east-1.amazonaws.com"' in unresolved


def test_an_entry_point_that_becomes_the_access_points_user_needs_a_directory_that_others_enter(server: Installation):
    share = Share(server, "becomes")
    write = "echo x > /data/db/a && stat -c %u /data/db/a"
    become = f"setpriv --reuid=1000 --regid=1000 --clear-groups sh -c '{write}'"
    line = f"mkdir -p /data/db && chmod 700 /data/db && chown 1000:1000 /data/db && exec {become}"
    task = share.cluster.run_to_end(share.define("closed", line, share.through_access_point()))
    assert task["containers"][0]["exitCode"] == 2, "the directory's mode is 750"
    assert share.output("opened", f"chmod 755 /data && {line}", share.through_access_point()) == ["1000"]
    assert (share.directory / "app/db/a").stat().st_uid == 1000 + 2**31


def test_a_deleted_file_system_goes_when_no_task_uses_it(server: Installation):
    share = Share(server, "deleted")
    task = share.cluster.run(share.define("keeps", "echo x > /data/a; exec sleep 1000", share.volume()))
    share.cluster.until(task, "RUNNING")
    eventually((share.directory / "a").exists, "the file is there")
    with pytest.raises(share.efs.exceptions.FileSystemInUse):
        share.efs.delete_file_system(FileSystemId=share.id)
    share.delete_mount_targets()
    share.efs.delete_file_system(FileSystemId=share.id)
    [described] = share.efs.describe_file_systems(FileSystemId=share.id)["FileSystems"]
    assert described["LifeCycleState"] == "deleting"
    assert (share.directory / "a").exists(), "a task uses it"
    share.cluster.ecs.stop_task(cluster=share.cluster.name, task=task)
    share.cluster.until(task, "STOPPED")
    eventually(lambda: not share.directory.exists(), "the content is removed")
    eventually(lambda: share.efs.describe_file_systems(CreationToken="deleted")["FileSystems"] == [], "it is gone")


def test_files_outlive_a_killed_control_plane_and_moyai_down(make_installation: Callable[..., Installation]):
    installation = make_installation()
    installation.up()
    share = Share(installation, "kept")
    line = "while :; do date >> /data/log; sleep 0.2; done"
    task = share.cluster.run(share.define("logs", line, share.through_access_point()))
    share.cluster.until(task, "RUNNING")
    log = share.directory / "app/log"
    eventually(log.exists, "the task writes")
    installation.kill()
    before = log.stat().st_size
    eventually(lambda: log.stat().st_size > before, "the task writes on")
    installation.up()
    sizes = lambda: share.efs.describe_file_systems(FileSystemId=share.id)["FileSystems"][0]["SizeInBytes"]  # noqa: E731
    eventually(lambda: sizes()["Value"] >= 4096, "the size is counted")
    installation.down()
    assert log.exists()
    installation.up()
    assert share.output("reads", "test -s /data/log && echo kept", share.through_access_point()) == ["kept"]
