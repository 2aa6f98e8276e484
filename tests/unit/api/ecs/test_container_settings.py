"""The settings of a container for the operating system and volumes, rule by rule, and those that FARGATE lacks."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.api.ecs.task_definitions.task_definitions import definition_view
from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.task_definition import EphemeralStorage, IpcMode, NetworkMode, PidMode
from moyai.domain.sandbox.spec import NamespaceSharing
from moyai.plan.placement.constraints import required_attributes
from moyai.plan.task.container_spec import capabilities, container_spec
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.testing.world import Builder
from tests.unit.api.ecs.client import NETWORK, container, fargate
from tests.unit.plan.instances import definition, instance, on
from tests.unit.plan.tasks import case_of

EC2 = {"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}
VOLUMES = {"volumes": [{"name": "data"}]}


def on_instances(**more):
    return {"family": "web", "memory": "512", **EC2} | more


def linux(**members):
    return {"containerDefinitions": [container(linuxParameters=members)]}


def mounts(*points, **volume):
    return {"containerDefinitions": [container(mountPoints=list(points))], "volumes": [{"name": "data"} | volume]}


def point(path="/data", volume="data", **more):
    return {"sourceVolume": volume, "containerPath": path} | more


def one_container(**members):
    return {"containerDefinitions": [container(portMappings=[], **members)]}


EFS = {"fileSystemId": "fs-0123456789abcdef0"}
ACCESS = {"accessPointId": "fsap-0123456789abcdef0"}
EFS_ACCESS = EFS | {"authorizationConfig": ACCESS, "transitEncryption": "ENABLED"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (linux(capabilities={"add": ["FLY"]}), "Invalid setting for container 'app'. 'FLY' is not a Linux capability."),
        (linux(tmpfs=[{"containerPath": "cache", "size": 1}]), "'tmpfs.containerPath' can't be 'cache'."),
        (linux(tmpfs=[{"containerPath": "/proc/x", "size": 1}]), "'tmpfs.containerPath' can't be '/proc/x'."),
        (linux(tmpfs=[{"containerPath": "/c", "size": 0}]), "'tmpfs.size' must be at least 1 MiB."),
        (linux(tmpfs=[{"containerPath": "/c", "size": 1, "mountOptions": ["shared"]}]), "mountOptions: shared is not"),
        (linux(tmpfs=[{"containerPath": "/c", "size": 1, "mountOptions": ["mode=9"]}]), "mountOptions: mode=9 is not"),
        (linux(tmpfs=[{"containerPath": "/c", "size": 1, "mountOptions": ["uid=0,x"]}]), "uid=0,x is not supported"),
        (linux(maxSwap=-1), "'maxSwap' must not be negative."),
        (linux(maxSwap=1, swappiness=101), "'swappiness' must be between 0 and 100."),
        (linux(devices=[{"hostPath": "/dev/kvm"}]), "devices"),
        (one_container(systemControls=[{"namespace": "kernel.core_pattern", "value": "1"}]), "is not namespaced."),
        (one_container(systemControls=[{"namespace": "net/../kernel", "value": "1"}]), "is not namespaced."),
        (one_container(systemControls=[{"namespace": "net..ipv4", "value": "1"}]), "is not namespaced."),
        (one_container(systemControls=[{"namespace": "net.core.somaxconn", "value": "1\n2"}]), "is not valid."),
        (one_container(dockerSecurityOptions=["apparmor:x"]), "dockerSecurityOptions: apparmor:x is not supported"),
        (one_container(extraHosts=[{"hostname": "a b", "ipAddress": "10.0.0.1"}]), "'extraHosts' has no valid pair"),
        (one_container(extraHosts=[{"hostname": "a", "ipAddress": "1\n2"}]), "'extraHosts' has no valid pair"),
        (one_container(dnsServers=["ns.test"]), "'dnsServers' has 'ns.test', which is not an IP address."),
        (one_container(hostname="a b"), "'a b' is not a host name."),
        (one_container(privileged=True), "privileged: true is not supported by moyai"),
        (one_container(restartPolicy={"enabled": True, "restartAttemptPeriod": 59}), "between 60 and 1800 seconds."),
        (one_container(restartPolicy={"enabled": True, "ignoredExitCodes": list(range(51))}), "at most 50 exit codes."),
        (mounts(point(volume="other")), "Unknown volume 'other'."),
        (mounts(point("/")), "'mountPoints.containerPath' can't be '/'."),
        (mounts(point("/a/../../b")), "can't be '/a/../../b'."),
        (mounts(point("/sys/fs")), "can't be '/sys/fs'."),
        (mounts(point(), point()), "Two mount points have one path."),
        (mounts(host={"sourcePath": "srv"}), "it must be an absolute path."),
        (mounts(host={"sourcePath": "/srv/../etc"}), "it must be an absolute path."),
        (mounts(host={"sourcePath": "/srv"}, dockerVolumeConfiguration={"scope": "task"}), "one of a host path,"),
        (mounts(dockerVolumeConfiguration={"driver": "rexray"}), "driver: rexray is not supported"),
        (mounts(dockerVolumeConfiguration={"driverOpts": {"type": "nfs"}}), "driverOpts"),
        (mounts(dockerVolumeConfiguration={"scope": "task", "autoprovision": True}), "needs the scope shared."),
        (mounts(efsVolumeConfiguration={"fileSystemId": "fs-1"}), "'efsVolumeConfiguration.fileSystemId'"),
        (mounts(efsVolumeConfiguration=EFS, host={"sourcePath": "/srv"}), "can have one of a host path"),
        (mounts(efsVolumeConfiguration=EFS | {"rootDirectory": "data"}), "it must be an absolute path."),
        (mounts(efsVolumeConfiguration=EFS | {"rootDirectory": "/a/../b"}), "it must be an absolute path."),
        (mounts(efsVolumeConfiguration=EFS | {"rootDirectory": "/" + "a" * 4096}), "it must be an absolute path."),
        (mounts(efsVolumeConfiguration=EFS | {"transitEncryptionPort": 65536}), "a port is 1 to 65535."),
        (mounts(efsVolumeConfiguration=EFS | {"authorizationConfig": {"iam": "ENABLED"}}), "must be ENABLED when"),
        (mounts(efsVolumeConfiguration=EFS | {"authorizationConfig": ACCESS}), "must be ENABLED when an access point"),
        (
            mounts(efsVolumeConfiguration=EFS_ACCESS | {"rootDirectory": "/a"}),
            'the root directory must either be set to "/" or be omitted.',
        ),
        (
            mounts(efsVolumeConfiguration=EFS_ACCESS | {"authorizationConfig": {"accessPointId": "x"}}),
            "'authorizationConfig.accessPointId'",
        ),
        (mounts(configuredAtLaunch=True), "configuredAtLaunch"),
        (mounts(name="../x"), "Volume.name contains invalid characters."),
        (one_container(volumesFrom=[{"sourceContainer": "app"}]), "which is no other container of the task."),
        ({"volumes": [{"name": "a"}, {"name": "a"}]}, "Volume names must be unique"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "EphemeralStorage size should be at least 21"),
        ({"ephemeralStorage": {"sizeInGiB": 201}}, "EphemeralStorage size should be at most 200"),
        (
            {**one_container(systemControls=[{"namespace": "net.x.y", "value": "1"}]), "networkMode": "host"},
            "networkMode=host.",
        ),
        (
            {**one_container(systemControls=[{"namespace": "kernel.msgmax", "value": "1"}]), "ipcMode": "host"},
            "The system control 'kernel.msgmax' is not supported when ipcMode=host.",
        ),
        ({**linux(sharedMemorySize=64), "ipcMode": "host"}, "sharedMemorySize: 64 is not supported by moyai"),
    ],
)
def test_invalid_container_settings_are_refused(ecs, asked, message):
    params = on_instances(containerDefinitions=[container(portMappings=[])]) | asked
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **params)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (linux(capabilities={"add": ["NET_ADMIN"]}), "do not support adding the capabilities NET_ADMIN"),
        (linux(sharedMemorySize=64), "Fargate compatible task definitions do not support sharedMemorySize"),
        (linux(maxSwap=0), "do not support maxSwap"),
        ({"pidMode": "host"}, "Fargate compatible task definitions do not support pidMode=host"),
        ({"ipcMode": "none"}, "Fargate compatible task definitions do not support ipcMode"),
        (one_container(dockerSecurityOptions=["no-new-privileges"]), "do not support dockerSecurityOptions"),
        (mounts(host={"sourcePath": "/srv"}), "do not support host.sourcePath"),
        (mounts(dockerVolumeConfiguration={"scope": "task"}), "do not support dockerVolumeConfiguration"),
        (one_container(stopTimeout=121), "must have a container stop timeout of less than 120 seconds."),
        (one_container(startTimeout=1), "must have a container start timeout of 2 to 120 seconds."),
    ],
)
def test_settings_that_only_instances_support_are_refused_for_fargate(ecs, settings, message):
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **fargate() | settings)
    params = fargate() | settings | {"requiresCompatibilities": ["EC2"]}
    shown = ecs.call("RegisterTaskDefinition", **params)["taskDefinition"]
    assert shown["compatibilities"] == ["EC2"]
    ecs.call("CreateCluster")
    refused = "Task definition does not support launch_type FARGATE."
    run = {"taskDefinition": "web", "networkConfiguration": NETWORK, "launchType": "FARGATE"}
    ecs.fails("RunTask", "InvalidParameterException", refused, **run)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"hostname": "a"}, "hostname is not supported on container when networkMode=awsvpc."),
        ({"extraHosts": [{"hostname": "a", "ipAddress": "10.0.0.1"}]}, "Extra hosts are not supported on container"),
        ({"dnsServers": ["10.0.0.2"]}, "DNS servers are not supported on container"),
        ({"dnsSearchDomains": ["corp.test"]}, "DNS search domains are not supported on container"),
        ({"disableNetworking": True}, "disableNetworking is not supported on container"),
    ],
)
def test_awsvpc_containers_cannot_set_host_names(ecs, member, message):
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **fargate() | one_container(**member))
    shown = ecs.call("RegisterTaskDefinition", **on_instances() | one_container(**member))["taskDefinition"]
    assert shown["containerDefinitions"][0].items() >= member.items()


def test_accepted_settings_are_described_and_reach_the_runtime(ecs):
    first = container(
        linuxParameters={
            "capabilities": {"add": ["SYS_PTRACE"], "drop": ["NET_RAW", "MKNOD"]},
            "initProcessEnabled": True,
            "tmpfs": [{"containerPath": "/cache", "size": 16, "mountOptions": ["exec", "mode=0700"]}],
        },
        systemControls=[{"namespace": "net.core.somaxconn", "value": "2048"}],
        mountPoints=[point(), point("/a/b", readOnly=True)],
        memoryReservation=64,
        restartPolicy={"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
    )
    second = {"name": "side", "image": "x", "volumesFrom": [{"sourceContainer": "app", "readOnly": True}]}
    params = fargate(containerDefinitions=[first, second], ephemeralStorage={"sizeInGiB": 30}) | VOLUMES
    described = ecs.call("RegisterTaskDefinition", **params)["taskDefinition"]
    assert described["compatibilities"] == ["EC2", "FARGATE"]
    assert (described["volumes"], described["ephemeralStorage"]) == (VOLUMES["volumes"], {"sizeInGiB": 30})
    for member in ("linuxParameters", "systemControls", "mountPoints", "restartPolicy"):
        assert described["containerDefinitions"][0][member] == first[member]
    ecs.call("CreateCluster")
    (described,) = ecs.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK)["tasks"]
    assert described["ephemeralStorage"] == described["fargateEphemeralStorage"] == {"sizeInGiB": 30}
    task = ecs.world.tasks[described["taskArn"]]
    definition = ecs.world.task_definitions[task.task_definition]
    web, side = (container_spec(case_of(ecs.world, task), c) for c in task.containers)
    assert sandbox_spec(ecs.world, task, definition).storage_gib == 30
    assert "SYS_PTRACE" in web.capabilities
    assert "NET_RAW" not in web.capabilities
    assert (web.init, web.memory.reserved, web.sysctls) == (True, 64, {"net.core.somaxconn": "2048"})
    assert [(m.path, m.volume, m.read_only) for m in web.volumes] == [("/data", "data", False), ("/a/b", "data", True)]
    assert [(m.path, m.volume, m.read_only) for m in side.volumes] == [("/data", "data", True), ("/a/b", "data", True)]
    assert [(t.path, t.mib, t.options) for t in web.tmpfs] == [("/cache", 16, ("exec", "mode=0700"))]


@pytest.mark.parametrize(
    ("pid", "ipc", "sharing"),
    [
        (None, None, (NamespaceSharing.OWN, NamespaceSharing.OWN)),
        ("task", "none", (NamespaceSharing.TASK, NamespaceSharing.OWN)),
        (None, "task", (NamespaceSharing.OWN, NamespaceSharing.TASK)),
        ("host", "host", (NamespaceSharing.HOST, NamespaceSharing.HOST)),
    ],
)
def test_each_namespace_mode_requires_an_agent_attribute_and_reaches_the_runtime(pid, ipc, sharing):
    build = Builder()
    host = instance(build)
    task_definition = replace(
        definition(build, NetworkMode.BRIDGE),
        pid_mode=None if pid is None else PidMode(pid),
        ipc_mode=None if ipc is None else IpcMode(ipc),
    )
    spec = sandbox_spec(build.world, on(build, host, task_definition), task_definition)
    assert (spec.processes, spec.ipc) == sharing
    assert spec.host == (host.id if NamespaceSharing.HOST in sharing else None)
    assert ("ecs.capability.pid-ipc-namespace-sharing" in required_attributes(task_definition)) == bool(pid or ipc)
    assert definition_view(task_definition).items() >= {"pid_mode": pid, "ipc_mode": ipc}.items()


def test_fargate_shares_processes_within_a_task(ecs):
    shown = ecs.call("RegisterTaskDefinition", **fargate(pidMode="task"))["taskDefinition"]
    assert (shown["pidMode"], shown["compatibilities"]) == ("task", ["EC2", "FARGATE"])
    ecs.fails("RegisterTaskDefinition", "ClientException", "", **fargate(pidMode="everybody"))


def test_a_tasks_shared_memory_is_its_largest_containers():
    build = Builder()
    task_definition = definition(build, NetworkMode.BRIDGE)
    first = task_definition.container_definitions[0]
    sizes = (None, 7, 99)
    containers = tuple(replace(first, linux_parameters=LinuxParameters(shared_memory_size=size)) for size in sizes)
    task_definition = replace(task_definition, container_definitions=containers, ipc_mode=IpcMode.TASK)
    assert sandbox_spec(build.world, on(build, instance(build), task_definition), task_definition).shared_memory == 99


@pytest.mark.parametrize(
    ("defined", "override", "gib"), [(None, None, 20), (30, None, 30), (None, 40, 40), (30, 40, 40)]
)
def test_a_fargate_task_has_its_ephemeral_storage(ecs, defined, override, gib):
    asked = {} if defined is None else {"ephemeralStorage": {"sizeInGiB": defined}}
    ecs.call("RegisterTaskDefinition", **fargate() | asked)
    ecs.call("CreateCluster")
    changed = {} if override is None else {"ephemeralStorage": {"sizeInGiB": override}}
    run = {"taskDefinition": "web", "networkConfiguration": NETWORK, "overrides": changed}
    (described,) = ecs.call("RunTask", **run)["tasks"]
    assert described["ephemeralStorage"] == described["fargateEphemeralStorage"] == {"sizeInGiB": gib}
    assert described["overrides"].get("ephemeralStorage") == changed.get("ephemeralStorage")
    task = ecs.world.tasks[described["taskArn"]]
    assert sandbox_spec(ecs.world, task, ecs.world.task_definitions[task.task_definition]).storage_gib == gib


def test_an_override_of_the_disk_has_the_same_bounds(ecs):
    ecs.call("RegisterTaskDefinition", **fargate())
    ecs.call("CreateCluster")
    for gib, message in ((20, "EphemeralStorage size should be at least 21"), (201, "at most 200")):
        overrides = {"ephemeralStorage": {"sizeInGiB": gib}}
        asked = {"taskDefinition": "web", "networkConfiguration": NETWORK, "overrides": overrides}
        ecs.fails("RunTask", "InvalidParameterException", message, **asked)


def test_a_task_on_an_instance_writes_what_the_machine_has_unless_its_definition_says_how_much():
    build = Builder()
    host = instance(build)
    task_definition = definition(build, NetworkMode.BRIDGE)
    for size, gib in ((None, 0), (30, 30)):
        task_definition = replace(task_definition, ephemeral_storage=None if size is None else EphemeralStorage(size))
        assert sandbox_spec(build.world, on(build, host, task_definition), task_definition).storage_gib == gib


@pytest.mark.parametrize(
    ("add", "drop", "present", "absent"),
    [
        (["ALL"], [], "SYS_ADMIN", ""),
        (["ALL"], ["SYS_ADMIN"], "NET_ADMIN", "SYS_ADMIN"),
        ([], ["ALL"], "", "CHOWN"),
        (["CHOWN"], ["ALL"], "CHOWN", "KILL"),
    ],
)
def test_capabilities_are_added_and_dropped_as_docker_does(ecs, add, drop, present, absent):
    params = fargate(containerDefinitions=[container(linuxParameters={"capabilities": {"add": add, "drop": drop}})])
    params["requiresCompatibilities"] = ["EC2"]
    arn = ecs.call("RegisterTaskDefinition", **params)["taskDefinition"]["taskDefinitionArn"]
    linux_parameters = ecs.world.task_definitions[arn].container_definitions[0].linux_parameters
    found = capabilities(linux_parameters)
    assert (present in found) == bool(present)
    assert absent not in found


def test_a_file_system_is_shown_as_it_was_registered_with_the_default_root_directory(ecs):
    volume = EFS_ACCESS | {"transitEncryptionPort": 2999}
    params = on_instances(containerDefinitions=[container(portMappings=[])]) | mounts(efsVolumeConfiguration=volume)
    registered = ecs.call("RegisterTaskDefinition", **params)["taskDefinition"]
    assert registered["volumes"][0]["efsVolumeConfiguration"] == volume | {"rootDirectory": "/"}
    names = {attribute["name"] for attribute in registered["requiresAttributes"]}
    assert {"ecs.capability.efs", "ecs.capability.efsAuth"} <= names
