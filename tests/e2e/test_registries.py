"""Images of a real registry: plain, with TLS, with passwords, with tokens, and through a mirror."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import socket
from base64 import b64encode

import pytest

from moyai.app.clock import SystemClock
from moyai.images.errors import AccessDenied, NotFound, Unreachable, WrongPlatform
from moyai.images.model import Platform
from moyai.images.reference import parse_reference
from moyai.images.registry.client import RegistryClient
from moyai.images.registry.credentials import Credentials
from moyai.images.registry.docker_config import DockerConfig
from moyai.images.registry.ecr_credentials import EcrCredentials
from moyai.images.registry.keychain import Keychain
from moyai.images.registry.settings import RegistrySettings
from moyai.kernel.secret import Secret
from tests.authority import an_authority
from tests.container_images import container_image, image_index
from tests.e2e.docker_registry import HTPASSWD, PASSWORD, docker_registry
from tests.e2e.token_server import ISSUER, SERVICE, token_server
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
LAYERS = [{"large": hashlib.shake_128(b"large").digest(5_000_000)}, {"small": b"small"}]
APP = container_image(LAYERS, AMD)
DOCKER = container_image(LAYERS, AMD, docker=True)


class Puller:
    """A client with the settings of a test."""

    def __init__(self, folder, **settings):
        clock, config = SystemClock(), DockerConfig(folder / "config.json")
        settings = {"certificates": folder} | settings
        self.client = RegistryClient(RegistrySettings(**settings), clock, Keychain(EcrCredentials(clock), config))

    async def pull(self, name, platform=AMD, client=None):
        """The digests of what was pulled: of the reference, and of each part."""
        client = client or self.client
        image = await client.resolve(parse_reference(name), platform)
        files = [io.BytesIO() for _ in (image.config, *image.layers)]
        parts = zip((image.config, *image.layers), files, strict=True)
        await asyncio.gather(*(client.fetch(image, part, file, lambda _: None) for part, file in parts))
        return image.digest, [hashlib.sha256(file.getvalue()).hexdigest() for file in files]


def digests(image, index=None):
    """The digests of a pulled image."""
    return (index or image.manifest).digest, [blob.digest.removeprefix("sha256:") for blob in image.blobs]


@pytest.fixture
async def puller(tmp_path):
    """Makes pullers, and closes them."""
    pullers = []

    def make(**settings):
        pullers.append(Puller(tmp_path, **settings))
        return pullers[-1]

    yield make
    for one in pullers:
        await one.client.close()


@pytest.fixture
def registry(tmp_path):
    """A plain registry."""
    with docker_registry(tmp_path) as running:
        yield running


def log_in(tmp_path, registry, user="me"):
    """Do what ``docker login`` does."""
    auth = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.name: {"auth": auth}}}))


async def test_every_kind_of_manifest_is_pulled(registry, puller):
    registry.push("shop/app", "oci", APP)
    registry.push("shop/app", "docker", DOCKER)
    index = image_index({AMD: APP})
    registry.push("shop/app", "index", APP, index)
    client = puller()
    assert await client.pull(f"{registry.name}/shop/app:oci") == digests(APP)
    assert await client.pull(f"{registry.name}/shop/app:docker") == digests(DOCKER)
    assert await client.pull(f"{registry.name}/shop/app:index") == digests(APP, index)
    assert await client.pull(f"{registry.name}/shop/app@{APP.manifest.digest}") == digests(APP)
    assert await client.client.digest(parse_reference(f"{registry.name}/shop/app:index")) == index.digest


async def test_a_missing_image_is_named(registry, puller):
    registry.push("app", "1", APP, image_index({AMD: APP}))
    for name in ("app:2", "other:1", f"app@sha256:{'0' * 64}"):
        with pytest.raises(NotFound, match=f"failed to resolve ref {registry.name}/{name}: not found"):
            await puller().pull(f"{registry.name}/{name}")
    with pytest.raises(WrongPlatform, match="descriptor matching platform 'linux/arm64'"):
        await puller().pull(f"{registry.name}/app:1", ARM)


async def test_a_password_opens_a_registry(tmp_path, puller):
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(tmp_path / "htpasswd")}}
    with docker_registry(tmp_path, auth=auth) as registry:
        registry.push("app", "1", APP, auth=("me", PASSWORD))
        client = puller()
        with pytest.raises(AccessDenied, match="pull access denied, repository does not exist or may require"):
            await client.pull(f"{registry.name}/app:1")
        own = client.client.with_credentials(registry.name, Credentials("me", Secret(PASSWORD), "a secret"))
        assert await client.pull(f"{registry.name}/app:1", client=own) == digests(APP)
        other = client.client.with_credentials(registry.name, Credentials("me", Secret("wrong"), "a secret"))
        with pytest.raises(AccessDenied, match="authorization failed with the credentials of a secret"):
            await client.pull(f"{registry.name}/app:1", client=other)
        log_in(tmp_path, registry)
        assert await client.pull(f"{registry.name}/app:1") == digests(APP)


async def test_a_token_opens_a_registry(tmp_path, puller):
    authority = await an_authority()
    (tmp_path / "root.pem").write_text(authority.root)
    user = f"Basic {b64encode(f'me:{PASSWORD}'.encode()).decode()}"
    with token_server(authority.signs("tokens"), users={user: "me"}) as tokens:
        token = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER}
        auth = {"token": {**token, "rootcertbundle": str(tmp_path / "root.pem")}}
        with docker_registry(tmp_path) as open_registry:
            open_registry.push("app", "1", APP)
        with docker_registry(tmp_path, auth=auth) as registry:
            client = puller()
            with pytest.raises(AccessDenied, match="incorrect username or password"):
                await client.pull(f"{registry.name}/app:1")
            log_in(tmp_path, registry)
            tokens.seen.clear()
            assert await client.pull(f"{registry.name}/app:1") == digests(APP)
            assert tokens.seen == [("repository:app:pull", user)]


async def test_tls_is_verified(tmp_path, puller):
    name = socket.gethostname().lower()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine's name has no address")
    authority = await an_authority()
    certificate = authority.signs(name)
    (tmp_path / "chain.pem").write_text(certificate.chain)
    (tmp_path / "key.pem").write_text(certificate.private.reveal())
    tls = {"tls": {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}}
    with docker_registry(tmp_path, tls, address) as registry:
        registry.push("app", "1", APP, verify=False)
        host = f"{name}:{registry.port}"
        with pytest.raises(Unreachable, match=r"failed to verify certificate: x509: .*certs\.d"):
            await puller().pull(f"{host}/app:1")
        (tmp_path / host).mkdir()
        (tmp_path / host / "ca.crt").write_text(authority.root)
        assert await puller().pull(f"{host}/app:1") == digests(APP)
        (tmp_path / host / "ca.crt").unlink()
        assert await puller(insecure=frozenset({host})).pull(f"{host}/app:1") == digests(APP)


async def test_a_mirror_serves_what_its_registry_had(tmp_path, puller):
    for folder in ("origin", "mirror"):
        (tmp_path / folder).mkdir()
    with docker_registry(tmp_path / "origin") as origin:
        proxy = {"remoteurl": f"http://{origin.name}"}
        with docker_registry(tmp_path / "mirror", proxy=proxy) as mirror:
            origin.push("app", "1", APP)
            client = puller(mirrors={origin.name: (f"http://{mirror.name}",)})
            assert await client.pull(f"{origin.name}/app:1") == digests(APP)
            log = tmp_path / "mirror/log"  # written after the answer
            await asyncio.to_thread(eventually, lambda: "/v2/app/manifests/1" in log.read_text(), "the mirror is asked")
        assert await client.pull(f"{origin.name}/app:1") == digests(APP)  # the mirror is gone


async def test_a_registry_that_stops_in_the_middle_is_named(tmp_path, puller):
    with docker_registry(tmp_path) as registry:
        registry.push("app", "1", APP)
        client = puller()
        image = await client.client.resolve(parse_reference(f"{registry.name}/app:1"), AMD)
    with pytest.raises(
        Unreachable, match=r"ref pull has been retried 4 time\(s\): failed to copy: .*dial tcp 127.0.0.1"
    ):
        await client.client.fetch(image, image.layers[0], io.BytesIO(), lambda _: None)
