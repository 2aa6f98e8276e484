"""What a collector gets, decoded with the models that OpenTelemetry publishes.

moyai encodes with those that Envoy's package contains. The published ones have the same name, so they are in a folder
of the test's own, and another process decodes with them. It refuses a field that they don't have.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from moyai.telemetry.exposition.otlp_encoding import encode_reports
from moyai.telemetry.exposition.otlp_exporter import Outbox
from moyai.telemetry.traces.otlp import encode_spans
from moyai.telemetry.traces.span import conventional_spans
from tests.unit.telemetry.pushes import FRONT, Telemetry, push
from tests.unit.telemetry.traces.envoy_spans import ATTEMPT, REQUEST, raw

pytestmark = pytest.mark.heavy

PUBLISHED = "opentelemetry-proto==1.45.2"
NANOSECONDS = 10**9
DECODER = """
import sys
from google.protobuf.json_format import MessageToJson
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

def check(message):
    assert len(UnknownFieldSet(message)) == 0, message.DESCRIPTOR.full_name
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                check(part)

kind = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest}[sys.argv[1]]
message = kind.FromString(sys.stdin.buffer.read())
check(message)
print(MessageToJson(message))
"""


@pytest.fixture(scope="module")
def published_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published models."""
    folder = tmp_path_factory.mktemp("published")
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:")
    subprocess.run([*install, "--target", str(folder), PUBLISHED], check=True)
    return folder


def decode(published_models: Path, kind: str, body: bytes) -> Any:
    """The export in protobuf's JSON."""
    command = [sys.executable, "-S", "-c", DECODER, kind]  # without Envoy's package
    ran = subprocess.run(
        command, input=body, capture_output=True, env={"PYTHONPATH": str(published_models)}, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return json.loads(ran.stdout)


def values(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """The type and the value of each attribute. JSON has whole numbers as text."""
    return {attribute["key"]: next(iter(attribute["value"].items())) for attribute in attributes}


def test_the_published_models_decode_spans(published_models):
    spans = conventional_spans([raw(1, REQUEST), raw(2, ATTEMPT, f"{1:016x}")], {"service.name": "front"})
    parts = decode(published_models, "traces", encode_spans(spans))["resourceSpans"]
    assert [values(part["resource"]["attributes"]) for part in parts] == [
        {"service.name": ("stringValue", "front")}
    ] * 2
    request, attempt = (span for part in parts for scope in part["scopeSpans"] for span in scope["spans"])
    assert (request["name"], request["kind"], request["status"]) == (
        "GET",
        "SPAN_KIND_CLIENT",
        {"code": "STATUS_CODE_ERROR"},
    )
    assert values(request["attributes"])["http.response.status_code"] == ("intValue", "503")
    assert attempt["parentSpanId"] == request["spanId"]
    assert attempt["traceId"] == request["traceId"]
    assert int(request["endTimeUnixNano"]) - int(request["startTimeUnixNano"]) == NANOSECONDS // 4


def test_the_published_models_decode_metrics(published_models):
    telemetry, outbox = Telemetry(), Outbox()
    telemetry.recorder.forward = outbox.put
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    numbers = {"http.egress.cart.downstream_rq_completed": 4}
    telemetry.record(FRONT, push(1, numbers, {"cluster.egress.cart.membership_total": 2}, times), 1)
    (part,) = decode(published_models, "metrics", encode_reports(outbox.first(9)))["resourceMetrics"]
    assert values(part["resource"]["attributes"])["service.name"] == ("stringValue", "front")
    metrics = {metric["name"]: metric for scope in part["scopeMetrics"] for metric in scope["metrics"]}
    requests = metrics["moyai.mesh.requests"]["sum"]
    assert requests["aggregationTemporality"] == "AGGREGATION_TEMPORALITY_CUMULATIVE"
    assert [point["asInt"] for point in requests["dataPoints"]] == ["4"]
    assert "histogram" in metrics["moyai.mesh.response_time"]
    assert "gauge" in metrics["moyai.mesh.targets"]
