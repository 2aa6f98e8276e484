"""Certificates: verified, unless the registry is on loopback or the user says that it is insecure."""

from __future__ import annotations

import socket
import ssl

import pytest

from moyai.images.errors import BadContent, Unreachable
from moyai.images.model import Platform
from moyai.images.reference import parse_reference
from moyai.images.registry.client import RegistryClient
from moyai.images.registry.credentials import Credentials
from moyai.images.registry.settings import RegistrySettings
from moyai.kernel.secret import Secret
from tests.authority import an_authority
from tests.container_images import container_image
from tests.unit.images.registry.scripted_server import publish, response, scripted_server
from tests.unit.images.registry.test_client import failure_of

AMD = Platform("linux", "amd64")
APP = container_image([{"one": b"1"}], AMD)


@pytest.fixture
def name():
    """This machine's own name, which leads to the server and is not known as loopback."""
    name = socket.gethostname().lower()
    try:
        socket.create_server((socket.gethostbyname(name), 0)).close()
    except OSError:
        pytest.skip("this machine's name has no address")
    return name


@pytest.fixture
async def authority():
    """The authority of the registry's certificate."""
    return await an_authority()


@pytest.fixture
async def secure(name, authority, tmp_path):
    """A registry with TLS."""
    certificate = authority.signs(f"{name}")
    chain, key = tmp_path / "server.pem", tmp_path / "server.key"
    chain.write_text(certificate.chain)
    key.write_text(certificate.private.reveal())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    async with scripted_server(context, socket.gethostbyname(name)) as server:
        publish(server, "app", APP, "1")
        yield server


async def resolve(clock, wallet, reference, **settings):
    """Resolve with a new client."""
    client = RegistryClient(RegistrySettings(**settings), clock, wallet)
    try:
        return await client.resolve(parse_reference(reference), AMD)
    finally:
        await client.close()


async def test_an_unknown_authority_is_refused_with_what_to_do(clock, wallet, secure, name, tmp_path):
    resolving = resolve(clock, wallet, f"{name}.local.test:{secure.port}/app:1", certificates=tmp_path)
    await failure_of(resolving, Unreachable)  # the name does not exist
    text = await failure_of(resolve(clock, wallet, f"{name}:{secure.port}/app:1", certificates=tmp_path), Unreachable)
    host = f"{name}:{secure.port}"
    assert "tls: failed to verify certificate: x509: " in text
    assert (
        f"Put its authority into /etc/docker/certs.d/{host}/ca.crt, or start moyai with --insecure-registry {host}."
        in text
    )
    assert "retried 1 time(s)" in text


async def test_an_authority_in_its_directory_is_trusted(clock, wallet, secure, name, authority, tmp_path):
    directory = tmp_path / f"{name}:{secure.port}"
    directory.mkdir()
    (directory / "ca.crt").write_text(authority.root)
    resolved = await resolve(clock, wallet, f"{name}:{secure.port}/app:1", certificates=tmp_path)
    assert resolved.digest == APP.manifest.digest


async def test_a_damaged_authority_is_named(clock, wallet, secure, name, tmp_path):
    directory = tmp_path / f"{name}:{secure.port}"
    directory.mkdir()
    (directory / "ca.crt").write_text("nonsense")
    resolving = resolve(clock, wallet, f"{name}:{secure.port}/app:1", certificates=tmp_path)
    assert f"the certificates in {directory} can't be used" in await failure_of(resolving, Unreachable)


async def test_an_insecure_registry_is_not_verified(clock, wallet, secure, name, tmp_path):
    host = f"{name}:{secure.port}"
    resolved = await resolve(clock, wallet, f"{host}/app:1", insecure=frozenset({host}), certificates=tmp_path)
    assert resolved.digest == APP.manifest.digest


async def test_an_insecure_registry_may_speak_plain_http(clock, wallet, server, tmp_path):
    publish(server, "app", APP, "1")
    resolved = await resolve(clock, wallet, f"{server.host}/app:1", certificates=tmp_path)
    assert resolved.digest == APP.manifest.digest


@pytest.mark.parametrize("path", ["redirect", "realm"])
async def test_nothing_leads_from_https_to_http(clock, wallet, secure, server, path, tmp_path):
    host = f"{socket.gethostname().lower()}:{secure.port}"
    wallet.credentials = {host: Credentials("me", Secret("secret"), "the test")}
    plain = f"http://{server.host}/x"
    answers = {
        "redirect": response(307, location=plain),
        "realm": response(401, www_authenticate=f'Bearer realm="{plain}"'),
    }
    secure.answer("/v2/app/manifests/1", answers[path])
    with pytest.raises((BadContent, Unreachable), match=r"without TLS|from HTTPS to"):
        await resolve(clock, wallet, f"{host}/app:1", insecure=frozenset({host}), certificates=tmp_path)
    assert server.requests == []
