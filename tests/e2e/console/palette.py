"""A mesh of App Mesh in which there is something to see: a gateway, a service of two virtual nodes, one that speaks
TCP, and requests that fail, are tried again and take too long.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from moyai.domain.own_tags import METRIC_NAMESPACE
from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.stack import app
from tests.e2e.waiting import eventually

MESH = "palette"
RED = {"color": "red"}
REQUESTS, THROUGH_THE_GATEWAY, LINES = 40, 7, 3


class Palette(NamedTuple):
    """The mesh, with who calls inside of it and who from outside."""

    stage: Stage
    front: Bastion
    outside: Bastion

    @property
    def color(self) -> str:
        """The virtual service of two nodes, which front calls."""
        return self.stage.fqdn("color")


def create_palette(server: Installation) -> Palette:
    """The mesh, ready. What the metric extension had is in a namespace of CloudWatch that its tag says."""
    stage = Stage(server, MESH)
    arn = stage.appmesh.describe_mesh(meshName=MESH)["mesh"]["metadata"]["arn"]
    stage.appmesh.tag_resource(resourceArn=arn, tags=[{"key": METRIC_NAMESPACE, "value": "Palette"}])
    for name in ("red", "blue"):
        stage.node(name, listener())
        stage.colour(name, 8080)
    stage.router("color", {"port": 8080, "protocol": "http"})
    briefly = {"timeout": {"perRequest": {"unit": "s", "value": 1}}}
    by_header = {"prefix": "/", "headers": [{"name": "color", "match": {"exact": "red"}}]}
    stage.route("color", "by-header", priority=1, httpRoute={"match": by_header, "action": to("red")} | briefly)
    split = to(("red", 1), ("blue", 3))
    stage.route("color", "rest", priority=2, httpRoute={"match": {"prefix": "/"}, "action": split})
    stage.service("color", router="color")
    stage.node("lines", listener(7000, "tcp"))
    stage.deploy("lines", app("lines", 7000), 7000)
    stage.service("lines", node="lines")
    stage.service("blue", node="blue")
    stage.gateway("edge", listener())
    stage.gateway_route("edge", "everything", "blue", prefix="/")
    stage.deploy_gateway("edge", 8080)
    palette = Palette(stage, stage.client("front", "color", "lines"), stage.bastion())
    stage.cluster.steady("red", "blue", "lines", "edge")
    return palette


def call_everything(palette: Palette) -> Counter[str]:
    """Have everything called; the classes of what front was answered by ``color``."""
    front, url, answers = palette.front, f"http://{palette.color}:8080/", Counter[str]()

    def ask(path: str = "", **more: object) -> bool:
        answer = front.get(url + path, **more)
        if "status" in answer:  # else it could not be sent
            answers[f"{answer['status'] // 100}XX"] += 1
        return bool(answer.get("status") == 200)

    eventually(lambda: ask(headers=RED), "the name is known")
    for status, times in ((500, 5), (404, 4), (503, 1)):  # the last is well at the second attempt
        ask(f"fault/{status}/{times}", method="POST", headers=RED)
        for _ in range(times + 1):
            ask(headers=RED)
    ask("delay/2", headers=RED)
    for _ in range(REQUESTS):
        ask()
    for _ in range(LINES):
        front.ask("lines", host=palette.stage.fqdn("lines"), port=7000, line="hello")
    edge = f"http://edge.{palette.stage.domain}:8080/"
    eventually(lambda: palette.outside.colour(edge) == "blue", "the gateway leads on")
    for _ in range(THROUGH_THE_GATEWAY - 1):
        palette.outside.colour(edge)
    return answers
