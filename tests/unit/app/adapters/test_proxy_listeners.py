"""The listeners of external proxies, as the process opens them."""

from __future__ import annotations

import asyncio
import stat
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest

from moyai.app.adapters.proxy_listeners import ProxyListeners
from moyai.app.adapters.proxy_tokens import ProxyTokens
from moyai.app.config import EXTERNAL_CA_FILE, EXTERNAL_SERVER_NAME, AppMeshSettings, RuntimeKind, Settings
from moyai.app.state_paths import StatePaths
from moyai.kernel.clock import Instant
from moyai.kernel.ids import PROXY_HEADER, ProxyId, WorkloadId
from moyai.mesh.ir import MeshIR, Workload
from moyai.ports.store import StoreFault
from moyai.telemetry.ingest.otlp_grpc import MetricsService
from moyai.testing.clock import ManualClock
from moyai.testing.world import SCOPE
from moyai.xds.server.feed import Feed
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.telemetry.pushes import Telemetry, push, push_request
from tests.unit.xds.shop_mesh import MESH, directory

ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PUSH = push(1, {"http.egress.cart.downstream_rq_completed": 3})
NODE = "mesh/shop/virtualNode/front"
FRONT = WorkloadId(f"{MESH}/virtualNode/front")


class Installation:
    """A control plane, as far as the listeners need it."""

    def __init__(self, state: Path, runtime: RuntimeKind = RuntimeKind.SIM, /, **app_mesh: object) -> None:
        state.mkdir(exist_ok=True)
        self.settings = Settings(
            state=StatePaths(state),
            runtime=runtime,
            app_mesh=AppMeshSettings(**app_mesh),  # type: ignore[arg-type]
        )
        self.feed = Feed(BootstrapSettings())
        self.feed.publish(MeshIR(workloads={FRONT: Workload(FRONT, "a", 15000, 15001)}))
        self.heard: list[ProxyId] = []
        statistics = MetricsService(Telemetry().recorder, ManualClock(), self.heard.append)
        self.listeners = ProxyListeners(self.settings, self.feed, directory(), statistics)

    @asynccontextmanager
    async def open(self):
        async with AsyncExitStack() as leaving:
            await self.listeners.open(leaving)
            yield self

    def token(self, reach: str = "") -> tuple[str, str]:
        issued = ProxyTokens(self.settings.state.external_tokens, SCOPE).issue(reach, Instant(0))
        return "authorization", f"Bearer {issued}"

    def over_tcp(self, own: tuple[bytes, bytes] | None = None) -> grpc.aio.Channel:
        trusted = (self.settings.state.external_keys / EXTERNAL_CA_FILE).read_bytes()
        credentials = grpc.ssl_channel_credentials(trusted, *(own or (None, None)))
        options = [("grpc.ssl_target_name_override", EXTERNAL_SERVER_NAME)]
        return grpc.aio.secure_channel(f"127.0.0.1:{self.listeners.port}", credentials, options)


async def code(channel: grpc.aio.Channel, *metadata: tuple[str, str], node: str = NODE, report: str = "") -> str:
    """The status of a stream; ``report``: that of a report under the same name while the stream is open."""
    stream: Any = channel.stream_stream(ADS, request_serializer=DiscoveryRequest.SerializeToString)
    name = ((PROXY_HEADER, f"{node}#host-0001"),)
    call = stream(metadata=(*metadata, *name))
    try:
        await call.write(DiscoveryRequest(node=Node(id=node), type_url=ResourceType.CLUSTER))
        await call.read()
        if report:
            await channel.unary_unary(EXPORT, bytes)(PUSH, metadata=(*metadata, (PROXY_HEADER, report)))
    except grpc.aio.AioRpcError as refused:
        return str(refused.code().name)
    finally:
        call.cancel()
    return "OK"


async def test_the_socket_is_in_the_state_directory_and_owned_by_root(tmp_path):
    async with Installation(tmp_path).open() as installation:
        path = installation.settings.state.external_socket
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
        async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
            assert await code(channel) == "OK"
            assert await code(channel, node="mesh/shop/virtualNode/none") == "INVALID_ARGUMENT"
        assert installation.listeners.port is None


async def test_the_path_of_the_socket_is_configurable(tmp_path):
    (tmp_path / "state").mkdir()
    async with Installation(tmp_path / "state", socket=tmp_path / "s").open() as installation:
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/s") as channel:
            assert await code(channel) == "OK"
        assert not installation.settings.state.external_socket.exists()
    assert not (tmp_path / "s").exists()


async def test_over_tcp_a_token_is_required_and_limits_access(tmp_path):
    async with Installation(tmp_path, xds="127.0.0.1:0").open() as installation, installation.over_tcp() as channel:
        assert await code(channel, installation.token()) == "OK"
        assert await code(channel, installation.token("mesh/shop")) == "OK"
        assert await code(channel, installation.token("mesh/shop/virtualNode/back")) == "PERMISSION_DENIED"
        assert await code(channel, ("authorization", "Bearer x.y")) == "UNAUTHENTICATED"
        assert await code(channel) == "UNAUTHENTICATED"


async def test_plaintext_over_tcp_is_refused(tmp_path):
    async with (
        Installation(tmp_path, xds="127.0.0.1:0").open() as installation,
        grpc.aio.insecure_channel(f"127.0.0.1:{installation.listeners.port}") as channel,
    ):
        assert await code(channel, installation.token()) == "UNAVAILABLE"


async def test_a_damaged_token_file_refuses_every_token(tmp_path):
    async with Installation(tmp_path, xds="127.0.0.1:0").open() as installation, installation.over_tcp() as channel:
        token = installation.token()
        installation.settings.state.external_tokens.write_text("{")
        assert await code(channel, token) == "UNAUTHENTICATED"


async def test_reports_are_accepted_only_from_the_proxy_with_the_stream(tmp_path):
    async with Installation(tmp_path, xds="127.0.0.1:0").open() as installation, installation.over_tcp() as channel:
        mine, other = installation.token("mesh/shop/virtualNode/front"), "mesh/shop/virtualNode/back#host-0001"
        assert await code(channel, mine, report=f"{NODE}#host-0001") == "OK"
        assert installation.heard == [f"{FRONT}#host-0001"]
        for name in (other, f"{NODE}#host-0002", "arn:aws:ecs:us-east-1:123456789012:task/shop/1"):
            assert await code(channel, mine, report=name) in {"PERMISSION_DENIED", "INVALID_ARGUMENT"}
        assert len(installation.heard) == 1


async def test_the_certificate_authority_stays_the_same_after_a_restart(tmp_path):
    async with Installation(tmp_path, xds="127.0.0.1:0").open() as installation:
        trusted = (installation.settings.state.external_keys / EXTERNAL_CA_FILE).read_bytes()
        assert [path.stat().st_mode & 0o077 for path in installation.settings.state.external_keys.iterdir()] == [
            0,
            0,
            0,
        ]
    async with Installation(tmp_path, xds="127.0.0.1:0").open() as installation, installation.over_tcp() as channel:
        assert (installation.settings.state.external_keys / EXTERNAL_CA_FILE).read_bytes() == trusted
        assert await code(channel, installation.token()) == "OK"


class Corporation:
    """An authority outside of moyai, whose certificate is in a folder."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "corporation.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "corporation")])
        self.certificate.write_bytes(self._sign(self._name, self._key.public_key(), x509.BasicConstraints(True, None)))

    def client(self, *uris: str) -> tuple[bytes, bytes]:
        """A client's key and certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
        return pem(key), self._sign(x509.Name([]), key.public_key(), names)

    def server(self, folder: Path, name: str) -> tuple[Path, Path]:
        """A server's certificate and key, in files."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        paths = folder / "server.pem", folder / "server.key"
        paths[0].write_bytes(self._sign(x509.Name([]), key.public_key(), names))
        paths[1].write_bytes(pem(key))
        return paths

    def _sign(self, subject: x509.Name, public: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        signed = builder.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


async def test_with_a_client_ca_a_certificate_with_its_workload_is_required(tmp_path):
    corporation = Corporation(tmp_path)
    spiffe = f"spiffe://corporation/{NODE}"
    async with Installation(
        tmp_path / "s", xds="127.0.0.1:0", client_authority=corporation.certificate
    ).open() as installation:
        for uris, answer in [
            ((spiffe,), "OK"),
            ((FRONT,), "OK"),
            (("spiffe://corporation/mesh/shop/virtualNode/back",), "PERMISSION_DENIED"),
            (("https://corporation.example/",), "PERMISSION_DENIED"),
        ]:
            async with installation.over_tcp(corporation.client(*uris)) as channel:
                assert await code(channel) == answer
        async with installation.over_tcp() as channel:
            assert await code(channel, installation.token()) == "UNAVAILABLE"
        other = Corporation(tmp_path / "s")
        async with installation.over_tcp(other.client(spiffe)) as channel:
            assert await code(channel) == "UNAVAILABLE"


async def test_a_configured_certificate_is_used_and_reloaded(tmp_path):
    corporation = Corporation(tmp_path)
    chain, key = corporation.server(tmp_path, "old.example")
    async with Installation(
        tmp_path / "s", xds="127.0.0.1:0", certificate=chain, private_key=key
    ).open() as installation:
        trusted = corporation.certificate.read_bytes()
        token = installation.token()

        async def status_code(name: str) -> str:
            options = [("grpc.ssl_target_name_override", name), ("grpc.use_local_subchannel_pool", 1)]
            credentials = grpc.ssl_channel_credentials(trusted)
            async with grpc.aio.secure_channel(
                f"127.0.0.1:{installation.listeners.port}", credentials, options
            ) as channel:
                return await code(channel, token)

        assert await status_code("old.example") == "OK"
        corporation.server(tmp_path, "new.example")
        assert [await status_code(name) for name in ("new.example", "old.example")] == ["OK", "UNAVAILABLE"]
        chain.write_text("nothing")
        assert await status_code("new.example") == "OK"


@pytest.mark.parametrize("broken", ["certificate", "private_key", "client_authority"])
async def test_unreadable_files_are_reported_at_start(tmp_path, broken):
    corporation = Corporation(tmp_path)
    chain, key = corporation.server(tmp_path, "edge.example")
    files = {"certificate": chain, "private_key": key, "client_authority": corporation.certificate}
    files[broken] = tmp_path / "broken.pem"
    files[broken].write_text("nothing")
    with pytest.raises(StoreFault, match="broken"):
        async with Installation(tmp_path, xds="127.0.0.1:0", **files).open():
            pass


async def test_an_occupied_port_is_reported_at_start(tmp_path):
    async with Installation(tmp_path / "a", xds="127.0.0.1:0").open() as installation:
        with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{installation.listeners.port}"):
            async with Installation(tmp_path / "b", xds=f"127.0.0.1:{installation.listeners.port}").open():
                pass


async def test_the_statistics_socket_belongs_to_the_proxies_group(tmp_path):
    installation = Installation(tmp_path, RuntimeKind.LINUX)
    path = installation.settings.state.statistics_socket
    async with installation.open():
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
        statuses = []
        for name in ("somebody", ""):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(push_request(PUSH, name))
            statuses.append((await reader.readline()).split()[1])
            writer.close()
        assert statuses == [b"200", b"401"]
        assert installation.heard == ["somebody"]
    assert not path.exists()
