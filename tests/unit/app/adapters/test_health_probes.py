"""Single checks, made of real sockets on the loopback."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moyai.app.adapters.health_probes import NetworkProbes
from moyai.domain.cloudmap.service import HealthCheckType
from moyai.plan.cloudmap.checks import ProbeTarget


@pytest.fixture
def identity(tmp_path):
    """A TLS context of a server with a certificate that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now - timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Server:
    """Answers every connection with these bytes, and remembers the request."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.request = answer, b""

    async def __call__(self, reader, writer):
        self.request = await reader.read(4096)
        writer.write(self.answer)
        writer.close()


async def passes(kind, answer, tls=None, host="cart.shop.example"):
    """Whether the check passes, and what was asked."""
    served_server = Server(answer)
    server = await asyncio.start_server(served_server, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await NetworkProbes().passes(ProbeTarget(kind, "127.0.0.1", port, "/up?x=1", host))
    return result, served_server.request


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n", True),
        (b"HTTP/1.0 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", False),
        (b"HTTP/1.1 503 Busy\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"220 mail ESMTP\r\n", False),
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000, False),
    ],
)
async def test_an_http_check_is_decided_by_status(answer, expected):
    result, request = await passes(HealthCheckType.HTTP, answer)
    assert result is expected
    assert request.startswith(b"GET /up?x=1 HTTP/1.1\r\nHost: cart.shop.example:")


@pytest.mark.parametrize("host", ["cart.shop.example", "a..b"])
async def test_an_https_check_ignores_the_certificate(identity, host):
    result, _ = await passes(HealthCheckType.HTTPS, b"HTTP/1.1 200 OK\r\n\r\n", identity, host)
    assert result


async def test_an_https_check_requires_tls():
    result, _ = await passes(HealthCheckType.HTTPS, b"HTTP/1.1 200 OK\r\n\r\n")
    assert not result


async def test_a_tcp_check_requires_a_listener():
    result, _ = await passes(HealthCheckType.TCP, b"")
    assert result
    server = await asyncio.start_server(Server(b""), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert not await NetworkProbes().passes(ProbeTarget(HealthCheckType.TCP, "127.0.0.1", port, "/", "x"))
