"""The tracer of a bootstrap: only where requests are traced."""

from __future__ import annotations

import json

import pytest

from moyai.kernel.clock import Seconds
from moyai.kernel.ids import PROXY_HEADER, ProxyId, WorkloadId
from moyai.mesh.ir import Workload
from moyai.xds.translate.bootstrap import bootstrap, host_bootstrap
from moyai.xds.translate.bootstrap_settings import BootstrapSettings

WORKLOAD = Workload(WorkloadId("w"), "us-east-1a", 15000, 15001)


@pytest.mark.parametrize(("sampling", "of_ten_thousand"), [(100.0, 10_000), (0.5, 50)])
def test_spans_are_exported_to_the_control_plane_in_the_proxys_name(sampling, of_ten_thousand):
    message = json.loads(bootstrap(WORKLOAD, BootstrapSettings(Seconds(5), sampling), ProxyId("p")))
    config = message["tracing"]["http"]["typed_config"]
    assert config["http_service"]["http_uri"]["uri"].endswith("/v1/traces")
    assert config["http_service"]["request_headers_to_add"][0]["header"] == {"key": PROXY_HEADER, "value": "p"}
    (layer,) = message["layered_runtime"]["layers"]
    assert layer["static_layer"]["tracing.random_sampling"] == of_ten_thousand


@pytest.mark.parametrize("sampling", [0, 100.0])
def test_a_hosts_envoy_can_trace_whenever_its_listeners_say_so(sampling):
    message = json.loads(host_bootstrap(ProxyId("host"), BootstrapSettings(Seconds(5), sampling)))
    assert message["tracing"]["http"]["typed_config"]["http_service"]["http_uri"]["uri"].endswith("/v1/traces")
    (layer,) = message["layered_runtime"]["layers"]
    assert "tracing.random_sampling" not in layer["static_layer"]


def test_without_sampling_there_is_no_tracer():
    message = json.loads(bootstrap(WORKLOAD, BootstrapSettings(), ProxyId("p")))
    assert not {"tracing", "layered_runtime"} & message.keys()
