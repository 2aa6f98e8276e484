"""tls-with-acm, the second half of howto-ingress-gateway and howto-mutual-tls-file-provided-by-acm, retold: a
gateway and nodes with certificates of Certificate Manager, signed by a private authority, renewed while proxies run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.private_ca import PrivateCa, serial_of
from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT, TELLER = 9080, 8080
REFUSED = "upstream connect error or disconnect/reset before headers."
SHOWN = {"file": {"certificateChain": "/keys/chain.pem", "privateKey": "/keys/private.pem"}}
CALLERS = {"trust": {"file": {"certificateChain": "/keys/trusted.pem"}}}


class Colours(NamedTuple):
    stage: Stage
    bastion: Bastion
    ca: PrivateCa
    """Whose certificate is every listener's."""
    other: PrivateCa
    """Whose certificate the gateway has in files."""
    certificate: str

    def url_of(self, name: str, port: int = PORT) -> str:
        """An address that the certificate is for."""
        return f"https://{name}.{self.stage.domain}:{port}"

    def answer(self, path: str) -> Any:
        """The gateway's answer to a client that trusts its authority and verifies its name."""
        return self.bastion.ask("https", url=self.url_of("gateway") + path, roots=self.ca.root)

    def answered_colours(self) -> set[str]:
        """The colours behind the route that splits evenly, and the statuses of what is no colour."""
        answers = [self.answer("/color1/tell") for _ in range(16)]
        return {answer["text"] if answer.get("status") == 200 else str(answer.get("status")) for answer in answers}

    def become(self, *expected: str) -> None:
        """Wait until this is what is seen."""
        eventually(lambda: self.answered_colours() == set(expected), f"what is seen is {expected}")

    def serial(self, name: str, port: int) -> int | None:
        """Of the certificate that is shown there; None where none is."""
        answer = self.bastion.ask("https", url=self.url_of(name, port), roots=self.ca.root)
        return serial_of(answer["certificate"]) if "certificate" in answer else None

    def tasks(self) -> set[str]:
        """All that run."""
        cluster = self.stage.cluster
        return {task["taskArn"] for name in ("gateway", "white", "blue") for task in cluster.tasks(name)}

    def tls_statistic(self, proxy: str, name: str) -> int:
        """A statistic of TLS of the gateway's or a node's proxy; none that never happened is there."""
        return self.bastion.statistics(f"{proxy}.{self.stage.domain}", "ssl").get(name, 0)

    def handshakes(self, node: str, what: str = "handshake") -> int:
        """How often that happened at the gateway's connections to the node."""
        return self.tls_statistic("gateway", f"cluster.cds_egress_{self.stage.name}_{node}_http_{TELLER}.ssl.{what}")

    def teller(self, what: str) -> int:
        """How often that happened where white takes connections."""
        return self.tls_statistic("white", f"listener.0.0.0.0_15000.ssl.{what}")

    def serve(self, name: str, **tls: Any) -> None:
        """Give a node's listener the certificate."""
        params = {"mode": "STRICT", "certificate": {"acm": {"certificateArn": self.certificate}}} | tls
        spec = {"listeners": [listener(TELLER, tls=params)], "serviceDiscovery": self.stage.cloud_map_discovery(name)}
        self.stage.appmesh.update_virtual_node(meshName=self.stage.name, virtualNodeName=name, spec=spec)

    def call(self, ca: PrivateCa | None, **tls: Any) -> None:
        """Have the gateway trust this authority alone; with None, every one."""
        spec: dict[str, Any] = {"listeners": [tls_listener(self.certificate)]}
        if ca is not None:
            trust = {"trust": {"acm": {"certificateAuthorityArns": [ca.arn]}}}
            spec["backendDefaults"] = {"clientPolicy": {"tls": {"enforce": True, "validation": trust} | tls}}
        self.stage.appmesh.update_virtual_gateway(meshName=self.stage.name, virtualGatewayName="gateway", spec=spec)


def tls_listener(certificate: str) -> dict[str, Any]:
    """The gateway's listener."""
    return listener(PORT, tls={"mode": "STRICT", "certificate": {"acm": {"certificateArn": certificate}}})


@pytest.fixture(scope="module")
def colours(server: Installation) -> Colours:
    stage = Stage(server, "howto-tls-acm")
    ca, other = PrivateCa(server, stage.domain), PrivateCa(server, "gateways")
    certificate = ca.certificate(f"*.{stage.domain}")
    chain, private = other.export_certificate(other.certificate(stage.fqdn("gateway")))
    keys = {"chain": chain, "private": private, "trusted": chain}
    for name in ("white", "blue"):
        stage.node(name, listener(TELLER))
        stage.colour(name, TELLER, keys=keys)
    stage.router("first", {"port": TELLER, "protocol": "http"})
    stage.route("first", "tell", httpRoute={"match": {"prefix": "/tell"}, "action": to("white", "blue")})
    stage.service("color-1", router="first")
    stage.gateway("gateway", tls_listener(certificate))
    stage.gateway_route("gateway", "one", "color-1", prefix="/color1")
    stage.deploy_gateway("gateway", PORT, keys=keys)
    new_colours = Colours(stage, stage.bastion(), ca, other, certificate)
    stage.cluster.steady("gateway", "white", "blue")
    eventually(lambda: new_colours.answered_colours() == {"white", "blue"}, "the gateway leads on")
    return new_colours


def test_a_caller_with_a_policy_rejects_servers_without_a_certificate(colours):
    assert colours.tls_statistic("gateway", f"listener.0.0.0.0_{PORT}.ssl.handshake") > 0
    assert colours.handshakes("white") == colours.handshakes("blue") == colours.teller("handshake") == 0
    colours.serve("white")
    colours.call(colours.ca)
    colours.become("white", "503")
    eventually(lambda: REFUSED in colours.answer("/color1/tell")["text"], "the caller is told why")
    colours.serve("blue")
    colours.become("white", "blue")
    assert colours.handshakes("white") > 0
    assert colours.handshakes("blue") > 0
    assert 0 < colours.teller("handshake") == colours.teller("no_certificate")


def test_a_caller_without_a_policy_accepts_any_server_and_an_untrusted_ca_is_rejected(colours):
    colours.serve("white")
    colours.serve("blue")
    colours.call(colours.other)
    colours.become("503")
    assert colours.handshakes("white", "fail_verify_error") > 0
    before = colours.handshakes("white")
    colours.call(None)
    colours.become("white", "blue")
    assert colours.handshakes("white") > before


def test_an_acm_server_requires_client_certificates_from_files(colours):
    colours.serve("blue")
    colours.call(colours.ca)
    colours.serve("white", validation=CALLERS)
    colours.become("503", "blue")
    assert colours.teller("fail_verify_no_cert") > 0
    before, without = colours.teller("handshake"), colours.teller("no_certificate")
    colours.call(colours.ca, certificate=SHOWN)
    colours.become("white", "blue")
    assert colours.teller("handshake") > before
    assert colours.teller("no_certificate") == without


def test_a_renewed_certificate_reaches_running_proxies(colours):
    colours.serve("white")
    colours.serve("blue")
    colours.call(colours.ca)
    places = (("gateway", PORT), ("white", TELLER), ("blue", TELLER))
    before, tasks = colours.ca.serial(colours.certificate), colours.tasks()
    eventually(lambda: [colours.serial(*place) for place in places] == [before] * 3, "all show the first one")
    colours.become("white", "blue")
    in_use = colours.ca.describe_certificate(colours.certificate)["InUseBy"]
    assert sorted(arn.rpartition("/")[2] for arn in in_use) == ["blue", "gateway", "white"]
    colours.ca.renew(colours.certificate)
    now = colours.ca.serial(colours.certificate)
    assert now != before
    eventually(lambda: [colours.serial(*place) for place in places] == [now] * 3, "all show the new one")
    assert colours.answered_colours() == {"white", "blue"}
    assert colours.tasks() == tasks
