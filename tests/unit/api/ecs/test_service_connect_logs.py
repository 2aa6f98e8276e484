"""The logs of proxies: log configuration, access logs, the level of the proxy's own log."""

from __future__ import annotations

import pytest

from moyai.domain.connect.config import AccessLogConfiguration, AccessLogFormat, ProxyLogLevel
from tests.unit.api.ecs.client import ARN, connect, offer, service

LOGS = {"logDriver": "awslogs", "options": {"awslogs-region": "us-east-1", "awslogs-group": "g"}}


def view(shop):
    found_view = shop.world.services[f"{ARN}service/default/web"].primary.view
    assert found_view is not None
    return found_view


def test_access_logs_and_level_are_described_and_pinned_to_the_deployment(shop):
    requested_connect = connect(
        offer(),
        logConfiguration=LOGS | {"secretOptions": []},
        accessLogConfiguration={"format": "JSON", "includeQueryParameters": "ENABLED"},
        containerConfigurations=[{"logLevel": "debug"}],
    )
    [deployment] = shop.service(serviceConnectConfiguration=requested_connect)["deployments"]
    assert deployment["serviceConnectConfiguration"] == requested_connect
    assert view(shop).access_log == AccessLogConfiguration(AccessLogFormat.JSON, "ENABLED")
    assert view(shop).proxy_log_level is ProxyLogLevel.DEBUG


def test_an_update_without_log_settings_restores_the_defaults(shop):
    logged_connect = connect(logConfiguration=LOGS, accessLogConfiguration={"format": "TEXT"})
    shop.service(serviceConnectConfiguration=logged_connect | {"containerConfigurations": [{"logLevel": "debug"}]})
    shop.call("UpdateService", service="web", desiredCount=1)
    assert view(shop).proxy_log_level is ProxyLogLevel.DEBUG
    updated_service = shop.call("UpdateService", service="web", serviceConnectConfiguration=logged_connect)["service"]
    assert len(updated_service["deployments"]) == 2
    assert (view(shop).access_log, view(shop).proxy_log_level) == (
        AccessLogConfiguration(AccessLogFormat.TEXT, "DISABLED"),
        ProxyLogLevel.INFO,
    )
    shop.call("UpdateService", service="web", serviceConnectConfiguration=connect())
    assert view(shop).access_log is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accessLogConfiguration": {"format": "TEXT"}}, "accessLogConfiguration needs a logConfiguration"),
        ({"logConfiguration": LOGS, "accessLogConfiguration": {}}, "format"),
        ({"logConfiguration": LOGS, "accessLogConfiguration": {"format": "CSV"}}, "format"),
        (
            {"logConfiguration": LOGS, "accessLogConfiguration": {"format": "TEXT", "includeQueryParameters": "YES"}},
            "include query parameters should be one of [DISABLED,ENABLED]",
        ),
        *(
            (
                {"logConfiguration": {"logDriver": driver}},
                f"{driver} is not supported",
            )
            for driver in ("json-file", "syslog", "journald", "gelf", "fluentd", "splunk", "awsfirelens")
        ),
        ({"logConfiguration": {"logDriver": "none"}}, "log driver should be one of"),
        ({"logConfiguration": {}}, "logDriver"),
        ({"logConfiguration": {"logDriver": "awslogs"}}, "requires options: awslogs-region, awslogs-group"),
        (
            {"logConfiguration": LOGS | {"secretOptions": [{"name": "a", "valueFrom": "b"}]}},
            "secretOptions: not supported",
        ),
        ({"containerConfigurations": [{"logLevel": "trace"}]}, "log level should be one of"),
        ({"containerConfigurations": [{}]}, "containerConfigurations"),
        ({"containerConfigurations": [{"logLevel": "info"}, {"logLevel": "debug"}]}, "logLevel is set more than once"),
        ({"containerConfigurations": [{"logLevel": "info"}] * 11}, "containerConfigurations"),
    ],
)
def test_invalid_log_settings_are_refused(shop, changes, message):
    requested_service = service(serviceConnectConfiguration=connect(**changes))
    shop.fails("CreateService", "InvalidParameterException", message, **requested_service)
    shop.service()
    changed_changes = {"serviceConnectConfiguration": connect(**changes)}
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", **changed_changes)
