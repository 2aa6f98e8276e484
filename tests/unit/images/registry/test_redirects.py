"""Redirects: to storage elsewhere, without authorization, and never to where no registry has any business."""

from __future__ import annotations

import io

import pytest

from moyai.images.errors import AccessDenied, Unreachable
from moyai.images.model import Platform
from moyai.images.registry.credentials import Credentials
from moyai.kernel.secret import Secret
from tests.container_images import container_image
from tests.unit.images.registry.scripted_server import publish, response
from tests.unit.images.registry.test_client import failure_of, reference_to

AMD = Platform("linux", "amd64")
APP = container_image([{"one": b"1"}], AMD)
LAYER = APP.blobs[1]
PATH = f"/v2/app/blobs/{LAYER.digest}"


@pytest.fixture
async def resolved_image(client, server, wallet):
    """The image of a server that wants a password."""
    publish(server, "app", APP, "1")
    wallet.credentials = {server.host: Credentials("me", Secret("secret"), "the test")}
    server.answer("HEAD /v2/app/manifests/1", response(401, www_authenticate="Basic realm=x"), response(200))
    await client.digest(reference_to(server))
    return await client.resolve(reference_to(server), AMD)


async def fetch(client, resolved):
    """The layer's bytes."""
    file = io.BytesIO()
    await client.fetch(resolved, resolved.layers[0], file, print)
    return file.getvalue()


async def test_another_origin_gets_no_authorization(client, server, other, resolved_image):
    server.answer(PATH, response(307, location=f"http://{other.host}/storage?signature=s"))
    other.answer("/storage", response(200, LAYER.data))
    assert await fetch(client, resolved_image) == LAYER.data
    assert server.requests_of(PATH)[-1].headers["authorization"].startswith("Basic ")
    assert "authorization" not in other.requests[0].headers


async def test_authorization_does_not_come_back_with_a_detour(client, server, other, resolved_image):
    server.answer(PATH, response(307, location=f"http://{other.host}/detour"))
    other.answer("/detour", response(307, location=f"http://{server.host}/back"))
    server.answer("/back", response(200, LAYER.data))
    assert await fetch(client, resolved_image) == LAYER.data
    assert "authorization" not in server.requests_of("/back")[0].headers


async def test_the_same_origin_keeps_the_authorization(client, server, resolved_image):
    server.answer(PATH, response(302, location="/elsewhere"))
    server.answer("/elsewhere", response(200, LAYER.data))
    assert await fetch(client, resolved_image) == LAYER.data
    assert "authorization" in server.requests_of("/elsewhere")[0].headers


async def test_a_challenge_of_another_origin_gets_nothing(client, server, other, resolved_image):
    server.answer(PATH, response(307, location=f"http://{other.host}/storage"))
    other.answer("/storage", response(401, www_authenticate="Basic realm=x"))
    await failure_of(fetch(client, resolved_image), AccessDenied)
    assert ["authorization" in request.headers for request in other.requests] == [False]


async def test_a_signature_is_not_shown(client, server, other, resolved_image):
    server.answer(PATH, response(307, location=f"http://{other.host}/storage?X-Amz-Signature=s3cret"))
    other.answer("/storage", response(403))
    assert "s3cret" not in await failure_of(fetch(client, resolved_image), AccessDenied)


async def test_a_loop_ends(client, server, resolved_image):
    server.answer(PATH, response(307, location="/loop"))
    server.answer("/loop", response(307, location="/loop?again"))
    text = await failure_of(fetch(client, resolved_image), Unreachable)
    assert "redirects" in text
    assert len(server.requests_of("/loop")) <= 5


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/iam/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[::ffff:169.254.170.2]/v2/credentials",
        "http://0.0.0.0:4566/",
        "http://224.0.0.1/",
    ],
)
async def test_no_redirect_leads_to_a_metadata_service(client, server, resolved_image, location):
    server.answer(PATH, response(307, location=location))
    assert "which no registry may lead to" in await failure_of(fetch(client, resolved_image), Unreachable)


@pytest.mark.parametrize("location", ["", "ftp://storage/x", "file:///etc/passwd", "http://", "http://[", "//"])
async def test_a_redirect_to_nowhere_is_refused(client, server, resolved_image, location):
    server.answer(PATH, response(307, location=location))
    await failure_of(fetch(client, resolved_image), Unreachable)


async def test_credentials_in_a_location_are_not_used(client, server, other, resolved_image):
    server.answer(PATH, response(307, location=f"http://evil:pw@{other.host}/storage"))
    other.answer("/storage", response(200, LAYER.data))
    assert await fetch(client, resolved_image) == LAYER.data
    assert "authorization" not in other.requests[0].headers
