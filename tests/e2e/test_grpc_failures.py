"""A gRPC call that fails is counted as failed, though HTTP carries it under 200: by its caller, and by the target's own
proxy, to the call.
"""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.e2e.stack import Cluster, app, offer, shell, task_id
from tests.e2e.test_metrics import total
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

OWN = "Moyai/ServiceConnect"
PORT = {"portMappings": [{"name": "rpc", "containerPort": 50051, "appProtocol": "grpc"}]}
CALLS = 7


@pytest.fixture(scope="module")
def cluster(server):
    new_cluster = Cluster(server, "calls", "calls")
    deaf = shell("exec sleep 600", "deaf", **PORT)
    new_cluster.serve("deaf", new_cluster.define("deaf", deaf), offer("rpc", "deaf", 50051, discoveryName="calls-deaf"))
    new_cluster.serve(
        "rpc", new_cluster.define("rpc", app("rpc", 50051, "grpc")), offer("rpc", "rpc", 50051, discoveryName="calls")
    )
    new_cluster.steady("deaf", "rpc")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster):
    return cluster.probe("calls-caller")


def whose(target):
    return {"TargetDiscoveryName": target, "ServiceName": "calls-caller", "ClusterName": "calls"}


def requests(server, caller):
    return total(server, "TargetRequestCount", caller, OWN)


@pytest.mark.heavy
def test_a_target_that_does_not_listen_has_failed_each_call(server, cluster, probe):
    lines = [probe.ask("say", target="deaf:50051", text="hello") for _ in range(CALLS)]
    assert all("UNAVAILABLE" in one["said"] for one in lines), lines
    caller = whose("calls-deaf")
    eventually(lambda: requests(server, caller) >= CALLS, "every call is counted")
    assert requests(server, caller) == CALLS
    failures = partial(total, server, "RequestFailureCount", caller, OWN)
    eventually(lambda: failures() >= CALLS, "every failure is counted")
    assert failures() == CALLS
    assert total(server, "HTTPCode_Target_5XX_Count", caller) == 0
    [edge] = json.loads(server.moyai("mesh", "--json", "--service", "calls-deaf", "--since", "1h"))["edges"]
    assert (edge["failures"], edge["success"]) == (CALLS, 0)
    [task] = cluster.tasks("deaf")
    own = {
        "DiscoveryName": "calls-deaf",
        "ServiceName": "deaf",
        "ClusterName": "calls",
        "TaskId": task_id(task["taskArn"]),
    }
    received, failed = (partial(total, server, name, own, OWN) for name in ("TaskRequestCount", "TaskFailureCount"))
    eventually(lambda: failed() == received() > 0, "the target's own proxy has counted each call as failed")


def test_a_grpc_status_of_the_application_is_not_a_failure(server, cluster, probe):
    failed = [probe.ask("unary", target="rpc:50051", name=name, text="x") for name in ("Say", "Fail", "Nonesuch")]
    assert [one["status"] for one in failed] == ["OK", "FAILED_PRECONDITION", "UNIMPLEMENTED"]
    caller = whose("calls")
    eventually(lambda: requests(server, caller) >= 3, "every call is counted")
    failures = partial(total, server, "RequestFailureCount", caller, OWN)
    eventually(failures, "the failure is counted")
    assert failures() == 1  # UNIMPLEMENTED stands for HTTP's 501
