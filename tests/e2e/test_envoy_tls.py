"""Real Envoys that speak TLS to each other: which certificates a caller trusts, and that a new certificate ends no
connection.
"""

from __future__ import annotations

import ssl
from socket import create_connection

import pytest
from cryptography import x509

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Certificate,
    CertificateRef,
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    InboundPort,
    IssuerTrust,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RouteRule,
    RouteRules,
    ServerTls,
    ServiceAddress,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from tests.authority import an_authority
from tests.e2e.envoy_rig import PATIENCE, rig
from tests.e2e.rig_app import one_and_two
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CALLER, ONE, TWO = WorkloadId("caller"), WorkloadId("one"), WorkloadId("two")
HTTP = ("127.255.0.1", 80)
REDIRECTS = {"10.99.0.1:8081": 15101, "10.99.0.2:8082": 15102, "127.255.0.0/16": 15001}
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
OUTLIER = OutlierPolicy(5, 10, 30, 300, 50)


def mesh(trusted: str, certificate: Certificate | None, *members: WorkloadId) -> MeshIR:
    """A caller, ``one`` that is encrypted and ``two`` that is not, and those of them that are registered."""
    places = {ONE: Member("a", "10.99.0.1", 8081, "ca"), TWO: Member("a", "10.99.0.2", 8082)}
    trust = IssuerTrust("ca", "one.shop", (trusted,))
    destination = Destination(
        "http", EndpointGroupSource("http"), Protocol.HTTP, 1, OUTLIER, "egress.http", trusts=(trust,)
    )
    routes = RouteRules((RouteRule((WeightedDestination("http"),), TIMEOUTS),))
    port = InboundPort(
        8081, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http", tls=ServerTls(CertificateRef("c"), newest_only=True)
    )
    workloads = [
        Workload(CALLER, "a", 15100, 15001, outbound=OutboundView((ServiceAddress(*HTTP, "http"),))),
        Workload(ONE, "a", 15101, 15991, (port,)),
        Workload(TWO, "a", 15102, 15992, (InboundPort(8082, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http"),)),
    ]
    return MeshIR(
        workloads={w.id: w for w in workloads},
        services={"http": MeshService("http", Protocol.HTTP, routes, "egress.http")},
        destinations={"http": destination},
        groups={"http": EndpointGroup("http", tuple(places[w] for w in members))},
        certificates={} if certificate is None else {"c": certificate},
    )


@pytest.fixture
async def envoys():
    async with rig(REDIRECTS) as new_rig:
        yield new_rig


@pytest.fixture
async def apps(envoys):
    async with one_and_two(envoys.namespace) as made:
        yield made


class Wire:
    """A connection of a client that trusts a root, open as long as the test wants."""

    def __init__(self, root: str) -> None:
        context = ssl.create_default_context(cadata=root)
        with create_connection(("10.99.0.1", 8081), timeout=PATIENCE) as plain:
            self.socket = context.wrap_socket(plain, server_hostname="one.shop")
        self.answers = self.socket.makefile("rb")
        self.version = self.socket.version()
        self.serial = x509.load_der_x509_certificate(self.socket.getpeercert(binary_form=True) or b"").serial_number

    def ask(self) -> bytes:
        """The first line of an answer, all of which is read."""
        self.socket.sendall(b"GET / HTTP/1.1\r\nhost: one\r\n\r\n")
        first, *head = iter(self.answers.readline, b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in head if line.startswith(b"content-length"))
        self.answers.read(length)
        return first.strip()

    def close(self) -> None:
        self.answers.close()
        self.socket.close()


async def test_encrypted_and_plain_members_answer_side_by_side(envoys, apps):
    authority = await an_authority()
    await envoys.configure(mesh(authority.root, authority.signs(), ONE, TWO), ONE, TWO, CALLER)
    answers = [await envoys.namespace.get(*HTTP) for _ in range(6)]
    assert {a.status for a in answers} == {200}
    assert len(apps[0].requests) == len(apps[1].requests) == 3


async def test_a_new_certificate_leaves_connections_as_they_are(envoys, apps):
    authority = await an_authority()
    await envoys.configure(mesh(authority.root, authority.signs(), ONE), ONE)
    run = envoys.namespace.run
    before = await run(lambda: Wire(authority.root))
    assert (before.version, await run(before.ask)) == ("TLSv1.3", b"HTTP/1.1 200 OK")
    await envoys.configure(mesh(authority.root, authority.signs(), ONE), ONE)
    after = await run(lambda: Wire(authority.root))
    assert after.serial != before.serial
    assert await run(before.ask) == await run(after.ask) == b"HTTP/1.1 200 OK"
    before.close()
    after.close()


@pytest.mark.parametrize(("statistic", "name"), [("fail_verify_error", "one.shop"), ("fail_verify_san", "two.shop")])
async def test_a_certificate_of_another_authority_or_name_is_rejected(envoys, apps, statistic, name):
    believed_an_authority, other = await an_authority(), await an_authority()
    signer = other if statistic == "fail_verify_error" else believed_an_authority
    await envoys.configure(mesh(believed_an_authority.root, signer.signs(name), ONE), ONE, CALLER)
    assert (await envoys.namespace.get(*HTTP)).status == 503
    assert apps[0].requests == []
    counted = await envoys.admin(CALLER, f"/stats?filter=ssl.{statistic}")
    assert int(counted.rsplit(": ", 1)[1].split()[0]) > 0


async def test_no_listener_opens_before_its_certificate_arrives(envoys, apps):
    authority = await an_authority()
    await envoys.configure(mesh(authority.root, None, ONE), ONE)
    assert "LIVE" not in await envoys.admin(ONE, "/ready")
    with pytest.raises(OSError, match="refused"):
        await envoys.namespace.run(lambda: Wire(authority.root))
    await envoys.configure(mesh(authority.root, authority.signs(), ONE), ONE)
    wire = await envoys.namespace.run(lambda: eventually(lambda: wire_or_none(authority.root), "the port is open"))
    assert wire is not None
    assert await envoys.namespace.run(wire.ask) == b"HTTP/1.1 200 OK"
    assert "LIVE" in await envoys.admin(ONE, "/ready")
    wire.close()


def wire_or_none(root: str) -> Wire | None:
    try:
        return Wire(root)
    except OSError:
        return None
