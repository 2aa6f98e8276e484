"""howto-http2, howto-grpc and howto-grpc-ingress-gateway, retold: weights of HTTP/2, methods of gRPC, flaky calls made
good, and calls from outside.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.stack import app, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

H2, RPC, GATEWAY = 8080, 7000, 9080
SERVICE = "e2e.Echo"


class Calls(NamedTuple):
    stage: Stage
    front: Bastion

    def http2(self) -> str:
        """Which node answers."""
        answer = self.front.get(f"http://h2.{self.stage.domain}:{H2}/", http2=True)
        nodes = {task_id(t["taskArn"]): name for name in ("red", "blue") for t in self.stage.cluster.tasks(name)}
        return nodes.get(answer["text"], str(answer["status"]))

    def call(self, name: str, text: str = "hello") -> Any:
        """A unary call."""
        return self.front.ask("unary", target=f"rpc.{self.stage.domain}:{RPC}", name=name, text=text)

    def route(self, retry: dict[str, Any] | None = None, **match: Any) -> None:
        """Make this the only route of gRPC."""
        params = {"match": match, "action": to("echo")} | ({} if retry is None else {"retryPolicy": retry})
        self.stage.route("rpc", "rpc", grpcRoute=params)


@pytest.fixture(scope="module")
def calls(server: Installation) -> Calls:
    stage = Stage(server, "howto-grpc")
    for name in ("red", "blue"):
        stage.node(name, listener(H2, "http2"))
        stage.deploy(name, app("h2c", H2), H2)
    stage.router("h2", {"port": H2, "protocol": "http2"})
    stage.route("h2", "h2", http2Route={"match": {"prefix": "/"}, "action": to("red")})
    stage.service("h2", router="h2")
    stage.node("echo", listener(RPC, "grpc"))
    stage.deploy("echo", app("rpc", RPC), RPC)
    stage.router("rpc", {"port": RPC, "protocol": "grpc"})
    stage.service("rpc", router="rpc")
    new_calls = Calls(stage, stage.client("front", "h2", "rpc"))
    new_calls.route(serviceName=SERVICE, methodName="Say")
    stage.cluster.steady("red", "blue", "echo")
    eventually(lambda: new_calls.call("Say")["status"] == "OK", "the echo is called")
    return new_calls


def test_http2_requests_follow_the_routes_weights(calls):
    eventually(lambda: calls.http2() == "red", "red is called")
    calls.stage.route("h2", "h2", http2Route={"match": {"prefix": "/"}, "action": to("red", "blue")})
    eventually(lambda: calls.http2() == "blue", "blue has a share")
    calls.stage.route("h2", "h2", http2Route={"match": {"prefix": "/"}, "action": to(("red", 0), ("blue", 1))})
    eventually(lambda: {calls.http2() for _ in range(10)} == {"blue"}, "blue has it all")


def test_a_method_that_no_route_has_is_unimplemented_until_one_has(calls):
    assert calls.call("Fail")["status"] == "UNIMPLEMENTED"
    calls.route(serviceName=SERVICE)
    eventually(lambda: calls.call("Fail")["status"] == "FAILED_PRECONDITION", "the application itself answers")


def test_a_retry_policy_hides_flaky_calls(calls):
    calls.route(serviceName=SERVICE)
    eventually(lambda: calls.call("Fail")["status"] == "FAILED_PRECONDITION", "the route is there")
    policy = {"maxRetries": 5, "perRetryTimeout": {"value": 5, "unit": "s"}, "grpcRetryEvents": ["unavailable"]}
    calls.route(policy, serviceName=SERVICE)
    # Each text is refused once, whether the policy was there already or not.
    eventually(lambda: calls.call("Refuse", uuid4().hex)["status"] == "OK", "a flaky call is made good")


def test_grpc_calls_enter_through_a_gateway(calls):
    stage = calls.stage
    stage.gateway("gateway", listener(GATEWAY, "grpc"))
    service = {"virtualService": {"virtualServiceName": stage.fqdn("rpc")}}
    stage.appmesh.create_gateway_route(
        meshName=stage.name,
        virtualGatewayName="gateway",
        gatewayRouteName="rpc",
        spec={"grpcRoute": {"match": {"serviceName": SERVICE}, "action": {"target": service}}},
    )
    stage.deploy_gateway("gateway", GATEWAY)
    stage.cluster.steady("gateway")
    calls.route(serviceName=SERVICE)
    target, bastion = f"{stage.fqdn('gateway')}:{GATEWAY}", stage.bastion()

    def call(name: str) -> str:
        return str(bastion.ask("unary", target=target, name=name, text="hello")["status"])

    eventually(lambda: call("Say") == "OK", "the gateway leads on")
    eventually(lambda: call("Fail") != "UNIMPLEMENTED", "the route is one of every method there")
    assert call("Fail") == "FAILED_PRECONDITION"
