"""Real Envoys that speak TLS as App Mesh's did: strict and permissive, both ends checked, and secrets from anywhere."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from socket import create_connection

import pytest
from cryptography import x509
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import (
    Certificate,
    CertificateFile,
    CertificateRef,
    CertificateSecret,
    ClientTls,
    MeshIR,
    PeerCheck,
    ServerTls,
    TrustedFile,
    TrustedRoots,
    TrustedSecret,
)
from moyai.xds.translate.secret import secret
from tests.authority import Authority, an_authority
from tests.e2e.envoy_app_mesh.mesh import ANYWHERE, CALLER, ONE, caller, host, http, mesh, node, rule, to
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.e2e.secret_server import serve_secrets
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

DESTINATION = "cds_egress_shop_one_http_80"
SERVER, CLIENT = "listener.0.0.0.0_15101.ssl", f"cluster.{DESTINATION}.ssl"


@pytest.fixture
async def authority():
    return await an_authority()


def tls_mesh(server: ServerTls | None, client: ClientTls | None, *certificates: Certificate) -> MeshIR:
    """A caller and the node that it calls."""
    shop = caller(http(host("shop", rule("one"))))
    return mesh(shop, node(ONE, tls=server), destinations=[to("one", tls=client)], certificates=certificates)


async def call(envoys: Rig) -> int:
    return (await envoys.namespace.get(ANYWHERE, 80, host="shop")).status


def believing(authority: Authority, *names: str) -> PeerCheck:
    return PeerCheck(TrustedRoots((authority.root,)), names)


async def test_a_strict_tls_node_accepts_only_tls(envoys, apps, authority):
    signs = authority.signs("one.shop")
    client_tls = ClientTls(believing(authority, "one.shop"), server_name="one.shop")
    await envoys.configure(tls_mesh(ServerTls(CertificateRef("c")), client_tls, signs), ONE, CALLER)
    assert await call(envoys) == 200
    assert await envoys.count(ONE, f"{SERVER}.handshake") == await envoys.count(CALLER, f"{CLIENT}.handshake") == 1
    assert await envoys.count(ONE, f"{SERVER}.versions.TLSv1.3") == 1
    assert await envoys.namespace.talk("10.99.0.1", 8081, b"GET / HTTP/1.1\r\n\r\n") == b""
    await envoys.configure(tls_mesh(ServerTls(CertificateRef("c")), None, signs), ONE, CALLER)
    assert await call(envoys) == 503


async def test_a_permissive_tls_node_accepts_tls_and_plaintext(envoys, apps, authority):
    for client in (ClientTls(believing(authority)), None):
        await envoys.configure(
            tls_mesh(ServerTls(CertificateRef("c"), permissive=True), client, authority.signs()), ONE, CALLER
        )
        assert await call(envoys) == 200
    assert await envoys.count(ONE, f"{SERVER}.handshake") == 1


async def test_a_client_without_validation_accepts_any_certificate(envoys, apps, authority):
    await envoys.configure(
        tls_mesh(ServerTls(CertificateRef("c")), ClientTls(), authority.signs("whoever")), ONE, CALLER
    )
    assert await call(envoys) == 200
    assert await envoys.count(CALLER, f"{CLIENT}.no_certificate") == 0


async def test_a_certificate_for_another_name_is_rejected(envoys, apps, authority):
    client_tls = ClientTls(believing(authority, "two.shop", "spiffe://shop/two"))
    await envoys.configure(
        tls_mesh(ServerTls(CertificateRef("c")), client_tls, authority.signs("one.shop")), ONE, CALLER
    )
    assert await call(envoys) == 503
    assert await envoys.count(CALLER, f"{CLIENT}.fail_verify_san") == 1


async def test_a_server_validates_client_certificates_and_names(envoys, apps, authority):
    signs, own = authority.signs("one.shop"), await authority.issues("caller.shop", "own")
    client_tls = ClientTls(believing(authority, "one.shop"))
    with_own = ClientTls(client_tls.check, CertificateRef("own"))
    for server, client, status, statistic in (
        (believing(authority, "caller.shop"), client_tls, 503, "fail_verify_no_cert"),
        (believing(authority, "other.shop"), with_own, 503, "fail_verify_san"),
        (believing(await an_authority()), with_own, 503, "fail_verify_error"),
        (believing(authority, "caller.shop"), with_own, 200, "handshake"),
    ):
        expected_tls_mesh = tls_mesh(ServerTls(CertificateRef("c"), callers=server), client, signs, own)
        await envoys.configure(expected_tls_mesh, ONE, CALLER)
        before = await envoys.count(ONE, f"{SERVER}.{statistic}")
        assert await call(envoys) == status
        await envoys.wait_for_statistic(ONE, f"{SERVER}.{statistic}", before + 1)
    assert await envoys.count(ONE, f"{SERVER}.no_certificate") == 0


def put(folder: Path, certificate: Certificate, root: str) -> None:
    """Move new files into the place of old ones, as those who renew certificates do."""
    content = {"chain.pem": certificate.chain, "key.pem": certificate.private.reveal(), "root.pem": root}
    for name, text in content.items():
        (folder / f"{name}.new").write_text(text)
        (folder / f"{name}.new").rename(folder / name)


def serial() -> int:
    """Of the certificate that the node shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with create_connection(("10.99.0.1", 8081), timeout=PATIENCE) as plain, context.wrap_socket(plain) as wire:
        return x509.load_der_x509_certificate(wire.getpeercert(binary_form=True) or b"").serial_number


def serial_in(certificate: Certificate) -> int:
    return x509.load_pem_x509_certificate(certificate.chain.encode()).serial_number


async def test_replaced_certificate_files_are_reloaded(envoys, apps, authority):
    keys = envoys.folder / "keys"
    keys.mkdir()
    first, other = authority.signs("one.shop"), await an_authority()
    put(keys, first, authority.root)
    client = ClientTls(PeerCheck(TrustedFile(f"{keys}/root.pem"), ("one.shop",)))
    await envoys.configure(
        tls_mesh(ServerTls(CertificateFile(f"{keys}/chain.pem", f"{keys}/key.pem")), client), ONE, CALLER
    )
    assert await call(envoys) == 200
    assert await envoys.namespace.run(serial) == serial_in(first)
    trusted = f"cluster.{DESTINATION}.client_ssl_socket_factory.ssl_context_update_by_sds"
    updates = await envoys.count(CALLER, trusted)
    second = other.signs("one.shop")
    put(keys, second, other.root)
    await envoys.namespace.run(lambda: eventually(lambda: serial() == serial_in(second), "the new one is shown"))
    await envoys.wait_for_statistic(CALLER, trusted, updates + 1)
    await envoys.kill(ONE)
    await envoys.start(ONE)
    assert await call(envoys) == 200
    assert await envoys.count(CALLER, f"{CLIENT}.handshake") == 2


async def test_missing_certificate_files_keep_the_port_closed_and_are_reported(envoys, apps, authority):
    keys = envoys.folder / "keys"
    keys.mkdir()
    envoys.feed.publish(tls_mesh(ServerTls(CertificateFile(f"{keys}/chain.pem", f"{keys}/key.pem")), None))
    starting = asyncio.create_task(envoys.start(ONE))
    await envoys.until(
        lambda: ProxyId(ONE) in envoys.feed.states() and bool(envoys.feed.states()[ProxyId(ONE)].rejection)
    )
    assert str(keys) in str(envoys.feed.states()[ProxyId(ONE)].rejection)
    assert await envoys.namespace.talk("10.99.0.1", 8081, b"x") == b""
    put(keys, first := authority.signs("one.shop"), authority.root)
    await envoys.namespace.run(lambda: eventually(lambda: serial() == serial_in(first), "it is shown"))
    starting.cancel()


async def test_secrets_come_from_the_proxys_own_server(envoys, apps, authority):
    signs, own = authority.signs("one.shop"), await authority.issues("caller.shop")
    server = await serve_secrets(
        envoys.folder / "sds.sock",
        secret_named("one", signs),
        secret_named("caller", own),
        roots("bundle", authority.root),
    )
    bundle = TrustedSecret("bundle")
    callers, check = PeerCheck(bundle, ("caller.shop",)), PeerCheck(bundle, ("one.shop",))
    expected_tls_mesh = tls_mesh(
        ServerTls(CertificateSecret("one"), callers=callers), ClientTls(check, CertificateSecret("caller"))
    )
    await envoys.configure(expected_tls_mesh, ONE, CALLER)
    assert await call(envoys) == 200
    assert await envoys.count(ONE, f"{SERVER}.handshake") == 1
    await server.stop(None)


def secret_named(name: str, certificate: Certificate) -> Secret:
    """A certificate under another name."""
    found_secret = secret(certificate)
    found_secret.name = name
    return found_secret


def roots(name: str, root: str) -> Secret:
    found_secret = Secret(name=name)
    found_secret.validation_context.trusted_ca.inline_string = root
    return found_secret
