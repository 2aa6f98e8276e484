"""Task definitions: what is kept and shown, what is refused, how revisions are found and listed."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import ARN, container, fargate

_LOG = {"logDriver": "awslogs", "options": {"awslogs-region": "r", "awslogs-group": "g"}}


def test_a_registration_is_echoed_with_defaults_filled_in(ecs):
    requested_container = container(
        entryPoint=["python3"],
        command=["-m", "http.server"],
        environment=[{"name": "A", "value": "1"}],
        workingDirectory="/srv",
        user="1000:1000",
        healthCheck={"command": ["CMD-SHELL", "true"]},
        stopTimeout=5,
        startTimeout=10,
        interactive=True,
        pseudoTerminal=True,
        ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
        readonlyRootFilesystem=True,
        dockerLabels={"Team": "shop"},
        memoryReservation=128,
        logConfiguration={
            "logDriver": "awslogs",
            "options": {"awslogs-region": "us-east-1", "awslogs-group": "g", "awslogs-stream-prefix": "p"},
        },
    )
    params = fargate(
        containerDefinitions=[requested_container],
        executionRoleArn="arn:aws:iam::123456789012:role/x",
        taskRoleArn="arn:aws:iam::123456789012:role/t",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        tags=[{"key": "team", "value": "shop"}],
    )
    answer = ecs.call("RegisterTaskDefinition", **params)
    task_definition = answer["taskDefinition"]
    assert answer["tags"] == [{"key": "team", "value": "shop"}]
    assert task_definition["taskDefinitionArn"] == f"{ARN}task-definition/web:1"
    assert (task_definition["status"], task_definition["revision"], task_definition["compatibilities"]) == (
        "ACTIVE",
        1,
        ["EC2", "FARGATE"],
    )
    assert task_definition["volumes"] == task_definition["placementConstraints"] == []
    assert task_definition["registeredBy"] == "arn:aws:iam::123456789012:user/test"
    for member in ("executionRoleArn", "taskRoleArn", "runtimePlatform", "cpu", "memory", "networkMode"):
        assert task_definition[member] == params[member]
    container_definition = task_definition["containerDefinitions"][0]
    defaults = {"cpu": 0, "essential": True, "mountPoints": [], "volumesFrom": [], "systemControls": []}
    port = {"name": "http", "containerPort": 8080, "hostPort": 8080, "protocol": "tcp", "appProtocol": "http"}
    health = {"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert container_definition == requested_container | defaults | {"portMappings": [port], "healthCheck": health}
    assert ecs.call("DescribeTaskDefinition", taskDefinition="web", include=["TAGS"]) == answer
    assert ecs.call("DescribeTaskDefinition", taskDefinition="web")["tags"] == []


@pytest.mark.parametrize(
    ("cpu", "memory", "kept"),
    [
        ("1 vCPU", "2 GB", ("1024", "2048")),
        (".5 vcpu", "1GB", ("512", "1024")),
        ("0.25 vCPU", "0.5 GB", ("256", "512")),
        ("2048", "4096", ("2048", "4096")),
        ("32 vcpu", "244 gb", ("32768", "249856")),
    ],
)
def test_sizes_are_stored_as_units_and_mib(ecs, cpu, memory, kept):
    definition = ecs.definition(cpu=cpu, memory=memory)
    assert (definition["cpu"], definition["memory"]) == kept


def test_a_definition_without_size_is_compatible_with_ec2_only(ecs):
    first_container = container(memory=128, portMappings=[{"containerPort": 80}])
    definition = ecs.call("RegisterTaskDefinition", family="old", containerDefinitions=[first_container])[
        "taskDefinition"
    ]
    assert (definition["networkMode"], definition["compatibilities"]) == ("bridge", ["EXTERNAL", "EC2"])
    assert definition["containerDefinitions"][0]["portMappings"] == [
        {"containerPort": 80, "hostPort": 0, "protocol": "tcp"}
    ]


def _secrets(*secrets):
    return _containers({"secrets": list(secrets)}) | {"executionRoleArn": "arn:aws:iam::123456789012:role/execution"}


def _files(*arns, **more):
    files = [{"type": "s3", "value": arn} for arn in arns]
    return _containers({"environmentFiles": files} | more) | {"executionRoleArn": "arn:aws:iam::123456789012:role/exec"}


def _containers(*changes):
    return {"containerDefinitions": [container(**change) for change in changes]}


def _ulimits(*limits):
    return _containers({"ulimits": [{"name": name, "softLimit": s, "hardLimit": h} for name, s, h in limits]})


def _check(**changes):
    return _containers({"healthCheck": {"command": ["CMD", "true"]} | changes})


def _ports(*ports):
    return _containers({"portMappings": list(ports)})


def _waits(condition="START", **other):
    waiting = {"dependsOn": [{"containerName": "b", "condition": condition}]}
    return _containers(waiting, {"name": "b", "portMappings": []} | other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": ""}, "Family can not be blank."),
        ({"family": "a b"}, "Family contains invalid characters."),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        (_containers(*({"name": f"c{n}", "portMappings": []} for n in range(11))), "more than 10 containers"),
        (_containers({"name": ""}), "Container.name should not be null or empty."),
        (_containers({"name": "a b"}), "Container.name contains invalid characters."),
        (_containers({"image": ""}), "Container.image should not be null or empty."),
        (_containers({}, {"portMappings": []}), "Container names must be unique within a task definition"),
        (_containers({"essential": False}), "Task definition doesn't have any essential container."),
        ({"cpu": "a lot"}, "Invalid 'cpu' setting for task."),
        ({"cpu": "1"}, "Invalid 'cpu' setting for task."),
        ({"memory": "-5"}, "Invalid 'memory' setting for task."),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"memory": None}, "Fargate requires that 'memory' be defined at the task level."),
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists for given values"),
        ({"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),  # noqa: RUF001
        ({"networkMode": None}, "Fargate only supports network mode ‘awsvpc’."),  # noqa: RUF001
        (_containers({"memory": 1024}), "The 'memory' setting for container 'app' is greater than for the task."),
        (_containers({"cpu": 512}), "The 'cpu' setting for container 'app' is greater than for the task."),
        (_containers({"cpu": -1}), "'cpu' must not be negative"),
        (_containers({"memory": 1}), "'memory' must be at least 4 MiB"),
        (_containers({"memory": 64, "memoryReservation": 128}), "must not be greater than 'memory'"),
        (_containers({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a"}), "to support ECR images."),
        (_containers({"logConfiguration": _LOG}), "to support log driver awslogs."),
        (
            _containers({"logConfiguration": {"logDriver": "awslogs"}}),
            "requires options: awslogs-region, awslogs-group",
        ),
        (
            _ports({"containerPort": 80, "hostPort": 81}),
            "the host ports and container ports in port mappings must match.",
        ),
        (
            {"executionRoleArn": "r", **_containers({"logConfiguration": _LOG})},
            "Fargate requires log configuration options to include awslogs-stream-prefix",
        ),
        (_containers({"logConfiguration": {"logDriver": "splunk"}}), "splunk is not supported"),
        (_ports({"hostPort": 0}), "containerPort must be between 1 and 65535"),
        (_ports({"containerPort": 65536}), "containerPort must be between 1 and 65535"),
        (
            _ports({"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}),
            "port mapping name is already used",
        ),
        (_ports({"containerPort": 1}, {"containerPort": 1}), "container port is used multiple times in task"),
        (_containers({}, {"name": "b", "portMappings": [{"containerPort": 8080}]}), "used multiple times in task"),
        (_ports({"containerPort": 1, "name": "Web"}), "'Web' is not valid"),
        (_ports({"containerPort": 1, "name": "-a"}), "'-a' is not valid"),
        (_ports({"containerPort": 1, "protocol": "udp", "appProtocol": "http"}), "appProtocol needs the protocol tcp"),
        (_waits("SUCCESS"), "SUCCESS or COMPLETE condition cannot be an essential container"),
        (_waits("COMPLETE"), "SUCCESS or COMPLETE condition cannot be an essential container"),
        (_waits("HEALTHY"), "HEALTHY condition must have health check configured"),
        (
            _containers({"dependsOn": [{"containerName": "x", "condition": "START"}]}),
            "Cannot depend on container + 'x' because it does not exist",
        ),
        (_containers({"dependsOn": [{"containerName": "app", "condition": "START"}]}), "form a cycle among: app"),
        (_waits(dependsOn=[{"containerName": "app", "condition": "START"}]), "form a cycle among: app, b"),
        (
            _ulimits(("nofile", 2, 1)),
            "Invalid setting for container 'app'. Soft limit exceeds hard limit for ulimit nofile: the soft limit is 2",
        ),
        (_ulimits(("core", -1, 1)), "ulimit core: the soft limit is -1 and the hard limit 1; -1 means unlimited."),
        (_ulimits(("core", -2, -1)), "A limit is less than -1 for ulimit core: the soft limit is -2"),
        (_ulimits(("core", 1, -2)), "A limit is less than -1 for ulimit core: the soft limit is 1"),
        (_ulimits(("core", 1, 1), ("core", 1, 1)), "Ulimits must be unique: core, core."),
        (_containers({"stopTimeout": 121}), "must have a container stop timeout of less than 120 seconds."),
        (_containers({"stopTimeout": -1}), "'stopTimeout' must not be negative"),
        (_containers({"startTimeout": 121}), "must have a container start timeout of 2 to 120 seconds."),
        (_containers({"startTimeout": -1}), "'startTimeout' must not be negative"),
        (_check(command=[]), "healthCheck.command must begin with CMD"),
        (_check(command=["curl"]), "healthCheck.command must begin with CMD"),
        (_check(interval=4), "healthCheck.interval must be between 5 and 300"),
        (_check(timeout=61), "healthCheck.timeout must be between 2 and 60"),
        (_check(retries=0), "healthCheck.retries must be between 1 and 10"),
        (_check(startPeriod=301), "healthCheck.startPeriod must be between 0 and 300"),
        (_containers({"environment": [{"value": "1"}]}), "has no name"),
        (_containers({"privileged": True}), "Fargate requires that the 'privileged' setting be 'false'"),
        (
            _containers({"secrets": [{"name": "a", "valueFrom": "b"}]}),
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ),
        (_secrets({"name": "a", "valueFrom": "b c"}), "parameter name specified for secret a is invalid."),
        (_secrets({"name": "a", "valueFrom": "arn:aws:s3:::b"}), "parameter name specified for secret a is invalid."),
        (_secrets({"name": "", "valueFrom": "b"}), "has no name"),
        (
            _secrets({"name": "a", "valueFrom": "b"}, {"name": "a", "valueFrom": "c"}),
            "existing environment variables set on the container, such as 'a'.",
        ),
        (
            _files("arn:aws:s3:::shop/a.env") | {"executionRoleArn": None},
            "specifying container environment files, you must also specify a value for 'executionRoleArn'.",
        ),
        (_files("arn:aws:s3:::shop/a.txt"), "The environment file 'arn:aws:s3:::shop/a.txt' is invalid."),
        (_files("s3://shop/a.env"), "The environment file 's3://shop/a.env' is invalid."),
        (_files(*(f"arn:aws:s3:::shop/{n}.env" for n in range(11))), "at most 10 environment files"),
        ({"requiresCompatibilities": ["EXTERNAL"]}, "EXTERNAL does not support network mode 'awsvpc'."),
        (
            {"requiresCompatibilities": ["MANAGED_INSTANCES"]},
            "requiresCompatibilities: MANAGED_INSTANCES is not supported",
        ),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "attribute:a exists"}]},
            "Fargate compatible task definitions do not support placementConstraints",
        ),
        (
            {"requiresCompatibilities": [], "placementConstraints": [{"type": "memberOf", "expression": "a"}]},
            "Invalid expression: At character 1",
        ),
        (
            {"requiresCompatibilities": [], "placementConstraints": [{"type": "memberOf"}]},
            "memberOf expression should be specified",
        ),
        ({"tags": []}, "Tags can not be empty."),
        ({"tags": [{"key": "AWS:x", "value": ""}]}, "reserved"),
        (_containers({"command": ["x" * 70000]}), "Max allowed length is '65536' bytes."),
        ({"networkMode": "nat"}, "[bridge,host,awsvpc,none]"),
    ],
)
def test_invalid_task_definitions_are_refused(ecs, changes, message):
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **(fargate() | changes))


def test_a_ulimit_may_be_unlimited(ecs):
    limits = [{"name": "memlock", "softLimit": -1, "hardLimit": -1}, {"name": "core", "softLimit": 0, "hardLimit": -1}]
    assert ecs.definition(**_containers({"ulimits": limits}))["containerDefinitions"][0]["ulimits"] == limits


def test_memory_is_required_for_the_task_or_each_container(ecs):
    ecs.fails(
        "RegisterTaskDefinition",
        "ClientException",
        "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
        family="web",
        containerDefinitions=[container()],
    )


def test_windows_is_refused(ecs):
    platform = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    params = fargate(runtimePlatform=platform)
    ecs.fails("RegisterTaskDefinition", "ClientException", "WINDOWS_SERVER_2022_CORE is not supported", **params)


def test_empty_values_of_unsupported_members_are_accepted(ecs):
    nothing = {"mountPoints": [], "volumesFrom": [], "privileged": False, "secrets": [], "links": []}
    ecs.definition(volumes=[], placementConstraints=[], **_containers(nothing))


def test_revision_numbers_increase_and_are_never_reused(ecs):
    for revision in (1, 2):
        assert ecs.definition()["revision"] == revision
    ecs.call("DeregisterTaskDefinition", taskDefinition="web:2")
    assert ecs.definition()["revision"] == 3


def test_a_family_means_its_newest_active_revision(ecs):
    for _ in range(3):
        ecs.definition()
    task_definition = ecs.call("DeregisterTaskDefinition", taskDefinition="web:3")["taskDefinition"]
    assert (task_definition["status"], "deregisteredAt" in task_definition) == ("INACTIVE", True)
    assert ecs.call("DeregisterTaskDefinition", taskDefinition="web:3")["taskDefinition"] == task_definition
    for name, revision in [("web", 2), ("web:1", 1), ("web:3", 3), (f"{ARN}task-definition/web:2", 2)]:
        found_task_definition = ecs.call("DescribeTaskDefinition", taskDefinition=name)["taskDefinition"]
        assert found_task_definition["revision"] == revision


@pytest.mark.parametrize(
    ("operation", "name", "code", "message"),
    [
        ("DescribeTaskDefinition", "none", "ClientException", "Unable to describe task definition."),
        ("DescribeTaskDefinition", "web:9", "ClientException", "Unable to describe task definition."),
        ("DescribeTaskDefinition", "arn:aws:ecs:x", "ClientException", "Unable to describe task definition."),
        (
            "DescribeTaskDefinition",
            "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1",
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "DescribeTaskDefinition",
            "web:latest",
            "InvalidParameterException",
            "Invalid revision number. Number: latest",
        ),
        ("DescribeTaskDefinition", "web:", "InvalidParameterException", "Invalid revision number."),
        ("DeregisterTaskDefinition", "web", "ClientException", "Revision is missing."),
        ("DeregisterTaskDefinition", f"{ARN}task-definition/web", "ClientException", "Revision is missing."),
        ("DeregisterTaskDefinition", "web:9", "ClientException", "Unable to describe task definition."),
    ],
)
def test_an_unknown_task_definition_is_not_found(shop, operation, name, code, message):
    shop.fails(operation, code, message, taskDefinition=name)


def _list_revisions(ecs, **params):
    """Every page of two, as ``family:revision``."""
    results: list[str] = []
    while True:
        answer = ecs.call("ListTaskDefinitions", maxResults=2, **params)
        results += [arn.rpartition("/")[2] for arn in answer["taskDefinitionArns"]]
        if "nextToken" not in answer:
            return results
        params["nextToken"] = answer["nextToken"]


def test_revisions_are_listed_by_family_and_number(ecs):
    for _ in range(11):
        ecs.definition("b")
    ecs.definition("a")
    ecs.call("DeregisterTaskDefinition", taskDefinition="b:2")
    ordered = ["a:1", "b:1", *(f"b:{n}" for n in range(3, 12))]
    assert _list_revisions(ecs) == ordered
    assert _list_revisions(ecs, sort="DESC") == ordered[::-1]
    assert _list_revisions(ecs, familyPrefix="a") == ["a:1"]
    assert _list_revisions(ecs, status="INACTIVE") == ["b:2"]


def test_families_are_listed_by_prefix_and_status(ecs):
    for family in ("web", "web-api", "db"):
        ecs.definition(family)
    ecs.call("DeregisterTaskDefinition", taskDefinition="db:1")

    def families(**params):
        return ecs.call("ListTaskDefinitionFamilies", **params)["families"]

    assert families() == ["db", "web", "web-api"]
    assert families(familyPrefix="web") == ["web", "web-api"]
    assert families(status="ACTIVE") == ["web", "web-api"]
    assert families(status="INACTIVE") == ["db"]
    assert families(maxResults=1) == ["db"]
