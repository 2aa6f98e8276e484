"""howto-tls-file-provided and howto-mutual-tls-file-provided, retold: certificates from files of the proxy's, who is
believed and who is not, on either side.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.authority import Authority
from tests.e2e.appmesh.stage import Bastion, Stage, listener
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SHOWN = {"certificateChain": "/keys/chain.pem", "privateKey": "/keys/private.pem"}
TRUST = {"trust": {"file": {"certificateChain": "/keys/trusted.pem"}}}


class Tellers(NamedTuple):
    stage: Stage
    front: Bastion

    def colour(self, name: str) -> str:
        return self.front.colour(f"http://{name}.{self.stage.domain}:8080/")

    def answers(self, name: str) -> bool:
        """Whether the front reaches the node."""
        return self.colour(name) == name

    def handshakes(self, name: str, what: str = "handshake") -> int:
        """How often that happened at the front's connections to the node."""
        cluster = f"cluster.cds_egress_{self.stage.name}_{name}_http_8080.ssl.{what}"
        return self.front.statistics(containing="ssl").get(cluster, 0)

    def serve(self, name: str, **tls: Any) -> None:
        """Make this the TLS of the node's listener."""
        encrypted = {"mode": "STRICT", "certificate": {"file": SHOWN}} | tls
        spec = {"listeners": [listener(tls=encrypted)], "serviceDiscovery": self.stage.cloud_map_discovery(name)}
        self.stage.appmesh.update_virtual_node(meshName=self.stage.name, virtualNodeName=name, spec=spec)

    def call(self, **tls: Any) -> None:
        """Make this how the front speaks to everybody."""
        backends = [{"virtualService": {"virtualServiceName": self.stage.fqdn(name)}} for name in ("white", "green")]
        policy = {"clientPolicy": {"tls": {"validation": TRUST} | tls}}
        spec = {"backends": backends, "backendDefaults": policy}
        self.stage.appmesh.update_virtual_node(meshName=self.stage.name, virtualNodeName="front", spec=spec)


@pytest.fixture(scope="module")
def tellers(server: Installation) -> Tellers:
    stage, first, second = Stage(server, "howto-tls-files"), Authority("first"), Authority("second")
    for name, authority in (("white", first), ("green", second)):
        chain, private = authority.issue(stage.fqdn(name))
        stage.node(name, listener())
        stage.service(name, node=name)
        stage.colour(name, 8080, keys={"chain": chain, "private": private, "trusted": first.root})
    chain, private = first.issue("front.example.com")
    keys = {"chain": chain, "private": private, "trusted": first.root}
    new_tellers = Tellers(stage, stage.client("front", "white", "green", keys=keys))
    stage.cluster.steady("white", "green")
    for name in ("white", "green"):
        eventually(partial(new_tellers.answers, name), f"plain text goes through to {name}")
    return new_tellers


def test_a_caller_reaches_only_servers_with_a_trusted_certificate(tellers):
    assert tellers.colour("green") == "green"
    assert tellers.handshakes("white") == 0
    tellers.serve("white")
    eventually(lambda: tellers.colour("white") == "white" and tellers.handshakes("white"), "it is encrypted")
    tellers.serve("green")
    eventually(lambda: tellers.colour("green") == "green" and tellers.handshakes("green"), "nobody is asked who")
    tellers.call()
    eventually(lambda: tellers.colour("green") == "503", "another authority's certificate is refused")
    assert tellers.handshakes("green", "fail_verify_error") > 0
    assert tellers.colour("white") == "white"


def test_a_server_can_require_client_certificates(tellers):
    tellers.call()
    tellers.serve("white", validation=TRUST)
    eventually(lambda: tellers.colour("white") == "503", "a caller that shows nothing is refused")
    tellers.call(certificate={"file": SHOWN})
    eventually(lambda: tellers.colour("white") == "white", "it shows its certificate")
    wrong = {"subjectAlternativeNames": {"match": {"exact": ["back.example.com"]}}}
    tellers.serve("white", validation=TRUST | wrong)
    eventually(lambda: tellers.colour("white") == "503", "another name is not what was asked for")
    right = {"subjectAlternativeNames": {"match": {"exact": ["front.example.com"]}}}
    tellers.serve("white", validation=TRUST | right)
    eventually(lambda: tellers.colour("white") == "white", "the name is right")


def test_a_caller_rejects_a_certificate_for_another_name(tellers):
    tellers.serve("white")
    wrong = {"subjectAlternativeNames": {"match": {"exact": ["somebody.example.com"]}}}
    tellers.call(validation=TRUST | wrong)
    eventually(lambda: tellers.colour("white") == "503", "the server is not who was asked for")
    assert tellers.handshakes("white", "fail_verify_san") > 0
    tellers.call()
    eventually(lambda: tellers.colour("white") == "white", "its own name is")
