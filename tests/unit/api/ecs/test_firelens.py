"""FireLens in task definitions: what is kept and shown, and what is refused."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import container, fargate

ROLE = "arn:aws:iam::123456789012:role/execution"
ROUTER = {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}}
OPTIONS = {"Name": "http", "Host": "logs.example.com", "log-driver-buffer-limit": "2097152"}
SECRET = {"name": "apikey", "valueFrom": "/logs/key"}


_AWSLOGS = {"logDriver": "awslogs", "options": {"awslogs-region": "us-east-1", "awslogs-group": "g"}}


def firelens(router=ROUTER, log=None, **changes):
    """A definition with an application, whose output goes to a router. None = without the configuration."""
    log = {"logDriver": "awsfirelens", "options": OPTIONS} if log is None else log
    app = container(name="app", logConfiguration=log)
    more = {} if router is None else {"firelensConfiguration": router}
    return fargate(containerDefinitions=[app, container(name="router", portMappings=[], **more)], **changes)


def log_options(**options):
    return {"log": {"logDriver": "awsfirelens", "options": {name.replace("_", "-"): v for name, v in options.items()}}}


def router_options(**options):
    return {"router": {"type": "fluentd", "options": {name.replace("_", "-"): v for name, v in options.items()}}}


def test_a_log_router_and_its_user_are_shown_as_registered(ecs):
    log = {"logDriver": "awsfirelens", "options": OPTIONS, "secretOptions": [SECRET]}
    answer = ecs.call("RegisterTaskDefinition", **firelens(log=log, executionRoleArn=ROLE))
    app, router = answer["taskDefinition"]["containerDefinitions"]
    assert app["logConfiguration"] == log
    assert router["firelensConfiguration"] == ROUTER
    attributes = {attribute["name"] for attribute in answer["taskDefinition"]["requiresAttributes"]}
    assert {
        "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
        "ecs.capability.firelens.fluentbit",
        "ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit",
    } <= attributes
    assert answer["taskDefinition"]["compatibilities"] == ["EC2", "FARGATE"]


@pytest.mark.parametrize(
    "changes",
    [
        log_options(),
        log_options(region="us-east-1"),
        log_options(log_driver_buffer_limit="0"),
        router_options(config_file_type="file", config_file_value="/fluentd/etc/extra.conf"),
        router_options(enable_ecs_log_metadata="True"),
        {"router": {"type": "fluentd"}},
    ],
)
def test_options_that_the_router_may_have_are_accepted(ecs, changes):
    ecs.call("RegisterTaskDefinition", **firelens(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"router": None}, "When awsfirelens log driver is specified in log configuration, a firelens configuration"),
        (
            {"log": {"logDriver": "json-file"}},
            "When a firelensConfiguration object is specified, at least one container",
        ),
        ({"router": {"type": "logstash"}}, "[fluentd,fluentbit]"),
        ({"router": {"options": {}}}, "type"),
        (router_options(enable_ecs_log_metadata="yes"), "enable-ecs-log-metadata must be true or false"),
        (router_options(config_file_type="s3", config_file_value="arn:aws:s3:::b/k"), "s3 is not supported by moyai"),
        (router_options(config_file_type="http", config_file_value="/a"), "config-file-type must be file"),
        (router_options(config_file_type="file"), "config-file-type and config-file-value need each other"),
        (router_options(config_file_value="/a"), "config-file-type and config-file-value need each other"),
        (router_options(config_file_type="file", config_file_value="a"), "config-file-value must be an absolute path"),
        (router_options(config_file_type="file", config_file_value="/a\n[OUTPUT]"), "config-file-value must be"),
        (router_options(level="debug"), "firelensConfiguration.options: level not supported"),
        (log_options(Name="http\n[INPUT]"), "logConfiguration.options: Name must be one line"),
        ({"log": {"logDriver": "awsfirelens", "options": {"a b": "c"}}}, "'a b' is not the name of an option"),
        (log_options(log_driver_buffer_limit="536870913"), "log-driver-buffer-limit must be a number of events"),
        (
            {"log": _AWSLOGS | {"secretOptions": [SECRET]}, "executionRoleArn": ROLE},
            "logConfiguration.secretOptions: not supported by moyai for awslogs",
        ),
        (
            {
                "log": {"logDriver": "awsfirelens", "secretOptions": [SECRET | {"name": "a\n[INPUT]"}]},
                "executionRoleArn": ROLE,
            },
            "is not the name of an option",
        ),
        (log_options(log_driver_buffer_limit="1m"), "log-driver-buffer-limit must be a number of events"),
        (
            {"log": {"logDriver": "awsfirelens", "secretOptions": [SECRET]}},
            "you must also specify a value for 'executionRoleArn'",
        ),
        (
            {"log": {"logDriver": "awsfirelens", "secretOptions": [SECRET, SECRET]}, "executionRoleArn": ROLE},
            "The log option apikey is specified more than once",
        ),
        (
            {
                "log": {"logDriver": "awsfirelens", "options": {"apikey": "1"}, "secretOptions": [SECRET]},
                "executionRoleArn": ROLE,
            },
            "The log option apikey is specified more than once",
        ),
        (
            {
                "log": {"logDriver": "awsfirelens", "secretOptions": [SECRET | {"valueFrom": "a b"}]},
                "executionRoleArn": ROLE,
            },
            "The Systems Manager parameter name specified for secret apikey is invalid",
        ),
    ],
)
def test_invalid_options_of_routers_and_their_users_are_refused_by_name(ecs, changes, message):
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **firelens(**changes))


def test_a_task_has_one_log_router(ecs):
    definition = firelens()
    second = container(name="second", portMappings=[], firelensConfiguration=ROUTER)
    definition["containerDefinitions"].append(second)
    message = "Only one container can have a firelensConfiguration; 'router', 'second' have one."
    ecs.fails("RegisterTaskDefinition", "ClientException", message, **definition)


def test_a_volume_over_the_routers_socket_is_refused(ecs):
    definition = firelens(volumes=[{"name": "run"}])
    definition["containerDefinitions"][1]["mountPoints"] = [{"sourceVolume": "run", "containerPath": "/var/run/"}]
    ecs.fails(
        "RegisterTaskDefinition", "ClientException", "'mountPoints.containerPath' can't be /var/run", **definition
    )
