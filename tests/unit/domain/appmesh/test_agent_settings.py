"""The environment of an App Mesh proxy: defaults, what each variable does, what is refused."""

from __future__ import annotations

import re

import pytest

from moyai.domain.appmesh.agent_settings import Admin, AgentSettings, Statsd, agent_settings
from moyai.domain.appmesh.agent_tracing import Datadog, Jaeger, XRay


def test_an_environment_without_settings_has_the_agents_defaults():
    settings = agent_settings({"APPMESH_RESOURCE_ARN": "mesh/m/virtualNode/n", "DB": "x", "ENVOY_LOG_LEVEL": "  "})
    assert settings == AgentSettings()
    assert (settings.admin.port, settings.drain_wait, settings.restarts) == (9901, 20, 0)


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({"APPMESH_VIRTUAL_NODE_CLUSTER": "a"}, AgentSettings(cluster="a")),
        ({"APPMESH_RESOURCE_CLUSTER": "b", "APPMESH_VIRTUAL_NODE_CLUSTER": "a"}, AgentSettings(cluster="b")),
        ({"ENVOY_LOG_LEVEL": "DEBUG"}, AgentSettings(log_level="debug")),
        ({"ENVOY_CONCURRENCY": " 2 "}, AgentSettings(concurrency=2)),
        ({"ENVOY_INITIAL_FETCH_TIMEOUT": "15"}, AgentSettings(initial_fetch_timeout=15)),
        (
            {
                "ENVOY_ADMIN_ACCESS_PORT": "9999",
                "ENVOY_ADMIN_ACCESS_ENABLE_IPV6": "true",
                "ENVOY_ADMIN_ACCESS_LOG_FILE": "/dev/stdout",
            },
            AgentSettings(admin=Admin(9999, ipv6=True, access_log="/dev/stdout")),
        ),
        ({"ENABLE_ENVOY_STATS_TAGS": "1"}, AgentSettings(stats_tags=True)),
        ({"APPMESH_METRIC_EXTENSION_VERSION": "1"}, AgentSettings(metric_extension=True)),
        ({"APPMESH_METRIC_EXTENSION_VERSION": "0"}, AgentSettings()),
        ({"APPMESH_SDS_SOCKET_PATH": "/run/sds"}, AgentSettings(sds_socket="/run/sds")),
        ({"MAX_REQUESTS_PER_IO_CYCLE": "1"}, AgentSettings(requests_per_cycle=1)),
        ({"ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH": "/var/o"}, AgentSettings(outlier_log="/var/o")),
        ({"LISTENER_DRAIN_WAIT_TIME_S": "110"}, AgentSettings(drain_wait=110)),
        ({"LISTENER_DRAIN_WAIT_TIME_S": "4"}, AgentSettings(drain_wait=20)),
        ({"APPNET_ENVOY_RESTART_COUNT": "11"}, AgentSettings(restarts=10)),
        ({"APPNET_ENVOY_RESTART_COUNT": "-1"}, AgentSettings()),
        ({"ENABLE_ENVOY_DOG_STATSD": "1"}, AgentSettings(statsd=Statsd())),
        ({"STATSD_PORT": "8126"}, AgentSettings()),
        (
            {"ENABLE_ENVOY_DOG_STATSD": "1", "STATSD_ADDRESS": "10.0.0.1", "STATSD_PORT": "8126"},
            AgentSettings(statsd=Statsd("10.0.0.1", 8126)),
        ),
        (
            {"ENABLE_ENVOY_DOG_STATSD": "1", "STATSD_SOCKET_PATH": "/run/dsd"},
            AgentSettings(statsd=Statsd(socket_path="/run/dsd")),
        ),
        ({"ENABLE_ENVOY_XRAY_TRACING": "0"}, AgentSettings()),
        ({"ENABLE_ENVOY_XRAY_TRACING": "1"}, AgentSettings(tracer=XRay())),
        (
            {"ENABLE_ENVOY_XRAY_TRACING": "1", "XRAY_SAMPLING_RATE": "0.333", "XRAY_SEGMENT_NAME": "me"},
            AgentSettings(tracer=XRay(segment="me", rate=0.33)),
        ),
        (
            {
                "ENABLE_ENVOY_XRAY_TRACING": "1",
                "XRAY_DAEMON_PORT": "2001",
                "AWS_XRAY_DAEMON_ADDRESS": "10.0.0.1:2002",
                "XRAY_SAMPLING_RULE_MANIFEST": "/rules/a.json",
            },
            AgentSettings(tracer=XRay("10.0.0.1", 2002, manifest="/rules/a.json")),
        ),
        (
            {"ENABLE_ENVOY_XRAY_TRACING": "1", "XRAY_DAEMON_PORT": "2001", "AWS_XRAY_DAEMON_ADDRESS": "::1"},
            AgentSettings(tracer=XRay("::1", 2001)),
        ),
        (
            {"ENABLE_ENVOY_XRAY_TRACING": "1", "AWS_XRAY_DAEMON_ADDRESS": "[::1]:2003"},
            AgentSettings(tracer=XRay("::1", 2003)),
        ),
        (
            {
                "ENABLE_ENVOY_DATADOG_TRACING": "true",
                "DATADOG_TRACER_ADDRESS": "agent.local",
                "DATADOG_TRACER_PORT": "1",
                "DD_SERVICE": "shop",
            },
            AgentSettings(tracer=Datadog("agent.local", 1, "shop")),
        ),
        (
            {"ENABLE_ENVOY_JAEGER_TRACING": "1", "JAEGER_TRACER_VERSION": "JSON", "JAEGER_TRACER_PORT": "9412"},
            AgentSettings(tracer=Jaeger(port=9412, json=True)),
        ),
        ({"APPMESH_XDS_ENDPOINT": "a:443", "APPMESH_PREVIEW": "1", "PID_POLL_INTERVAL_MS": "25"}, AgentSettings()),
        ({"ENVOY_SANITIZE_ORIGINAL_PATH": "true", "ENABLE_STATS_SNAPSHOT": "false"}, AgentSettings()),
    ],
)
def test_each_variable_has_its_documented_meaning(environment, settings):
    assert agent_settings(environment) == settings


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({"ENVOY_LOG_LEVEL": "loud"}, "ENVOY_LOG_LEVEL must be one of trace, debug"),
        ({"ENVOY_CONCURRENCY": "0"}, "ENVOY_CONCURRENCY must be an integer value from 1 to 256, not '0'"),
        ({"ENVOY_ADMIN_ACCESS_PORT": "70000"}, "ENVOY_ADMIN_ACCESS_PORT must be an integer value from 1 to 65535"),
        ({"ENVOY_ADMIN_ACCESS_PORT": "9" * 400}, "ENVOY_ADMIN_ACCESS_PORT must be an integer"),
        ({"ENVOY_ADMIN_ACCESS_LOG_FILE": "log"}, "ENVOY_ADMIN_ACCESS_LOG_FILE must be an absolute path"),
        ({"ENABLE_ENVOY_STATS_TAGS": "yes"}, "ENABLE_ENVOY_STATS_TAGS must be a boolean value, not 'yes'"),
        ({"XRAY_SAMPLING_RATE": "2", "ENABLE_ENVOY_XRAY_TRACING": "1"}, "XRAY_SAMPLING_RATE must be a decimal"),
        ({"XRAY_SAMPLING_RATE": "nan", "ENABLE_ENVOY_XRAY_TRACING": "1"}, "XRAY_SAMPLING_RATE must be a decimal"),
        (
            {"AWS_XRAY_DAEMON_ADDRESS": "xray:2000", "ENABLE_ENVOY_XRAY_TRACING": "1"},
            "AWS_XRAY_DAEMON_ADDRESS must be an IP",
        ),
        (
            {"ENABLE_ENVOY_XRAY_TRACING": "1", "ENABLE_ENVOY_JAEGER_TRACING": "1"},
            "Only one tracer can be enabled, not ENABLE_ENVOY_XRAY_TRACING and ENABLE_ENVOY_JAEGER_TRACING",
        ),
        ({"STATSD_ADDRESS": "dsd", "ENABLE_ENVOY_DOG_STATSD": "1"}, "STATSD_ADDRESS must be an IP address"),
        (
            {"APPMESH_SDS_SOCKET_PATH": f"/{'a' * 107}"},
            "APPMESH_SDS_SOCKET_PATH must be an absolute path of at most 107",
        ),
        ({"ENVOY_TRACING_CFG_FILE": "/t"}, "ENVOY_TRACING_CFG_FILE is not supported by moyai: it names a file"),
        ({"ENVOY_STATS_FLUSH_INTERVAL": "1s"}, "ENVOY_STATS_FLUSH_INTERVAL is not supported by moyai: how often"),
        ({"APPNET_AGENT_ADMIN_MODE": "tcp"}, "APPNET_AGENT_ADMIN_MODE is not supported by moyai: there is no agent"),
        ({"ENVOY_ADMIN_MODE": "UDS"}, "ENVOY_ADMIN_MODE: uds is not supported by moyai"),
        ({"APPMESH_SET_TRACING_DECISION": "false"}, "APPMESH_SET_TRACING_DECISION: false is not supported by moyai"),
        ({"ENABLE_STATS_SNAPSHOT": "1"}, "ENABLE_STATS_SNAPSHOT: 1 is not supported by moyai"),
    ],
)
def test_unsupported_variables_are_refused_by_name(environment, what):
    with pytest.raises(ValueError, match=f"^{re.escape(what)}"):
        agent_settings(environment)
