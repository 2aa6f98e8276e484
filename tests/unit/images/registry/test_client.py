"""The client against a registry on a real socket: what it asks, what it believes, and what it says when it fails."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest

from moyai.images.errors import AccessDenied, BadContent, NotFound, RateLimited, Unreachable, WrongPlatform
from moyai.images.manifest import MAX_MANIFEST_BYTES, OCI_INDEX, OCI_MANIFEST
from moyai.images.model import Platform
from moyai.images.reference import parse_reference
from moyai.images.registry.client import RegistryClient
from moyai.images.registry.failures import connection_failure, refusal
from moyai.images.registry.settings import RegistrySettings
from tests.container_images import container_image, image_index
from tests.unit.images.registry.scripted_server import manifest_answer, publish, response

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
APP = container_image([{"one": b"1"}, {"two": b"2"}], AMD)


def reference_to(server, name="app:1"):
    """A reference to something in the scripted registry."""
    return parse_reference(f"{server.host}/{name}")


async def fetch_all(client, image):
    """The bytes of each part of an image, the configuration first."""
    parts = []
    for descriptor in (image.config, *image.layers):
        file = io.BytesIO()
        counts: list[int] = []
        await client.fetch(image, descriptor, file, counts.append)
        assert sum(counts) == descriptor.size
        parts.append(file.getvalue())
    return parts


async def failure_of(waiting, error):
    """The text of the PullFailed that something ends with."""
    with pytest.raises(error) as caught:
        await waiting
    assert type(caught.value) is error
    return str(caught.value)


@pytest.mark.parametrize("docker", [False, True])
async def test_an_image_is_resolved_and_fetched(client, server, docker):
    image = container_image([{"one": b"1"}, {"two": b"2"}], AMD, docker=docker)
    publish(server, "app", image, "1")
    resolved = await client.resolve(reference_to(server), AMD)
    assert (resolved.digest, resolved.manifest, resolved.index) == (image.manifest.digest, image.manifest.data, None)
    assert await fetch_all(client, resolved) == [blob.data for blob in image.blobs]


async def test_an_index_gives_the_image_of_the_platform(client, server):
    images = {ARM: container_image([{"a": b"arm"}], ARM), AMD: APP}
    index = image_index(images)
    publish(server, "app", APP, "1", index=index)
    resolved = await client.resolve(reference_to(server), AMD)
    assert (resolved.digest, resolved.index, resolved.manifest) == (index.digest, index.data, APP.manifest.data)


async def test_an_index_without_the_platform_is_refused_in_the_words_of_aws(client, server):
    publish(server, "app", APP, "1", index=image_index({ARM: APP}))
    text = await failure_of(client.resolve(reference_to(server), AMD), WrongPlatform)
    assert text == (
        "pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform"
        " 'linux/amd64'; the image is made for linux/arm64. Build it with `--platform linux/amd64`, or set"
        " runtimePlatform.cpuArchitecture to a processor of the image."
    )


async def test_an_unchanged_tag_is_confirmed_in_one_request(client, server):
    publish(server, "app", APP, "1")
    await client.digest(reference_to(server))  # the scheme is known then
    server.requests.clear()
    assert await client.digest(reference_to(server)) == APP.manifest.digest
    assert [request.method for request in server.requests] == ["HEAD"]


async def test_a_registry_that_says_no_digest_has_its_manifest_read(client, server):
    server.answer("/v2/app/manifests/1", response(200, APP.manifest.data, content_type=OCI_MANIFEST))
    assert await client.digest(reference_to(server)) == APP.manifest.digest


async def test_a_missing_image_is_named_with_what_to_do(client, server):
    text = await failure_of(client.resolve(reference_to(server, "shop/app:2"), AMD), NotFound)
    assert text == (
        f"pull image manifest has been retried 1 time(s): failed to resolve ref {server.host}/shop/app:2: not found."
        f" Check that {server.host} has this repository and tag."
    )


async def test_a_registry_that_is_down_is_tried_again_and_named(client, server, clock):
    reference = reference_to(server)
    server.answer("/v2/app/manifests/1", response(503))
    text = await failure_of(client.resolve(reference, AMD), Unreachable)
    assert text.startswith(
        f"pull image manifest has been retried 4 time(s): failed to resolve ref {reference}: unexpected status code"
        f" http://{server.host}/v2/app/manifests/1: 503 Service Unavailable. "
    )
    assert clock.waits == [1, 2, 4]


async def test_a_tag_is_not_confirmed_for_long(client, server, clock):
    server.answer("/v2/app/manifests/1", response(503))
    await failure_of(client.digest(reference_to(server)), Unreachable)
    assert clock.waits == [1]


async def test_a_port_without_a_listener_is_named(client, unused_tcp_port):
    reference = parse_reference(f"127.0.0.1:{unused_tcp_port}/app:1")
    text = await failure_of(client.resolve(reference, AMD), Unreachable)
    assert (
        f'failed to do request: Get "http://127.0.0.1:{unused_tcp_port}/v2/app/manifests/1": dial tcp 127.0.0.1' in text
    )


def test_an_image_that_ecr_does_not_give_can_be_pushed_to_moyai():
    url = f"https://{ECR}/v2/app/manifests/1"
    responses = [httpx.Response(status, request=httpx.Request("GET", url)) for status in (401, 403, 404)]
    failures = [connection_failure(httpx.ConnectError("refused"), "GET", url)]
    failures += [refusal(response, b"", ECR) for response in responses]
    assert {failure.advice.rpartition(", or ")[2] for failure in failures} == {"push the image to moyai's own ECR."}


async def test_a_metadata_service_is_no_registry(client):
    text = await failure_of(client.resolve(parse_reference("169.254.169.254/app:1"), AMD), Unreachable)
    assert "leads to 169.254.169.254, which no registry may lead to" in text


async def test_a_registry_that_recovers_is_pulled_from(client, server):
    publish(server, "app", APP, "1")
    server.answer("/v2/app/manifests/1", response(502), response(500), manifest_answer(APP.manifest))
    assert (await client.resolve(reference_to(server), AMD)).digest == APP.manifest.digest


async def test_the_limit_of_a_registry_is_reported_in_words(client, server, clock):
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your\\r\\n pull rate limit."}]}'
    server.answer("/v2/app/manifests/1", response(429, body, retry_after="7200"))
    text = await failure_of(client.resolve(reference_to(server), AMD), RateLimited)
    assert text.endswith(
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.."
        f" {server.host} limits the number of requests. Try again in 2 h, log in to it, or set a mirror"
        " (--registry-mirror)."
    )
    assert clock.waits == []


async def test_a_short_limit_is_waited_for(client, server, clock):
    publish(server, "app", APP, "1")
    server.answer("/v2/app/manifests/1", response(429, retry_after="5"), manifest_answer(APP.manifest))
    await client.resolve(reference_to(server), AMD)
    assert clock.waits == [5]


async def test_a_manifest_with_another_digest_than_asked_for_is_refused(client, server):
    digest = container_image([{"other": b""}], AMD).manifest.digest
    server.answer(f"/v2/app/manifests/{digest}", manifest_answer(APP.manifest))
    text = await failure_of(client.resolve(reference_to(server, f"app@{digest}"), AMD), BadContent)
    assert f"unexpected manifest digest {APP.manifest.digest}, expected {digest}: failed precondition" in text


async def test_a_manifest_with_another_digest_than_the_registry_says_is_refused(client, server):
    lie = response(200, APP.manifest.data, content_type=OCI_MANIFEST, docker_content_digest="sha256:" + "0" * 64)
    server.answer("/v2/app/manifests/1", lie)
    assert "unexpected manifest digest" in await failure_of(client.resolve(reference_to(server), AMD), BadContent)


@pytest.mark.parametrize("media_type", [OCI_INDEX, "text/html", "application/vnd.docker.distribution.manifest.v1+json"])
async def test_a_manifest_of_another_media_type_is_refused(client, server, media_type):
    server.answer("/v2/app/manifests/1", response(200, APP.manifest.data, content_type=media_type))
    await failure_of(client.resolve(reference_to(server), AMD), BadContent)


async def test_a_body_without_an_end_is_given_up(client, server):
    async def endless(_):
        yield response(200, content_type=OCI_MANIFEST, content_length="")
        for _ in range(2 * MAX_MANIFEST_BYTES // 65536):
            yield b" " * 65536

    server.answer("GET /v2/app/manifests/1", endless)
    text = await failure_of(client.resolve(reference_to(server), AMD), BadContent)
    assert f"has more than {MAX_MANIFEST_BYTES} bytes" in text


async def test_compressed_content_is_not_unpacked(client, server):
    server.answer("/v2/app/manifests/1", response(200, b"\x1f\x8b", content_encoding="gzip"))
    assert "content coding 'gzip'" in await failure_of(client.resolve(reference_to(server), AMD), BadContent)


async def test_slow_headers_are_given_up(monkeypatch, client, server):
    monkeypatch.setattr("moyai.images.registry.http.HEADERS_PATIENCE", 0.3)

    async def drip(_):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000:
            yield bytes([byte])
            await asyncio.sleep(0.05)

    server.answer("GET /v2/app/manifests/1", drip)
    text = await failure_of(client.resolve(reference_to(server), AMD), Unreachable)
    assert "Client.Timeout exceeded while awaiting headers" in text


async def test_a_slow_body_is_given_up(monkeypatch, client, server):
    monkeypatch.setattr("moyai.images.registry.http.BODY_PATIENCE", 0.3)

    async def drip(_):
        yield response(200, content_type=OCI_MANIFEST, content_length="1000")
        for _ in range(1000):
            yield b" "
            await asyncio.sleep(0.05)

    server.answer("GET /v2/app/manifests/1", drip)
    await failure_of(client.resolve(reference_to(server), AMD), Unreachable)


async def test_a_server_without_http_is_refused(client, server):
    server.answer("/v2/app/manifests/1", b"220 ready for mail\r\n")
    await failure_of(client.resolve(reference_to(server), AMD), Unreachable)


async def test_a_mirror_is_asked_first_without_credentials_of_the_registry(clock, wallet, server, other, tmp_path):
    publish(other, "hub/app", APP, "1")
    wallet.credentials = {server.host: None}
    settings = RegistrySettings({server.host: (f"http://{other.host}/hub",)}, certificates=tmp_path)
    client = RegistryClient(settings, clock, wallet)
    resolved = await client.resolve(reference_to(server), AMD)
    assert await fetch_all(client, resolved) == [blob.data for blob in APP.blobs]
    assert server.requests == []
    await client.close()


@pytest.mark.parametrize("answer", [response(404), response(500), response(429), response(200, b"{}"), b""])
async def test_an_image_missing_in_the_mirror_comes_from_the_registry(clock, wallet, server, other, tmp_path, answer):
    publish(server, "app", APP, "1")
    other.answer("/v2/app/manifests/1", answer)
    settings = RegistrySettings({server.host: (f"http://{other.host}",)}, certificates=tmp_path)
    client = RegistryClient(settings, clock, wallet)
    resolved = await client.resolve(reference_to(server), AMD)
    assert await fetch_all(client, resolved) == [blob.data for blob in APP.blobs]
    assert len(other.requests_of("/v2/app/manifests/1")) == 1
    await client.close()


async def test_a_blob_that_is_missing_is_named(client, server):
    publish(server, "app", APP, "1")
    layer = APP.blobs[1]
    server.answer(f"/v2/app/blobs/{layer.digest}", response(404))
    resolved = await client.resolve(reference_to(server), AMD)
    text = await failure_of(client.fetch(resolved, resolved.layers[0], io.BytesIO(), print), NotFound)
    assert text.startswith(
        f"ref pull has been retried 1 time(s): failed to copy: content at http://{server.host}/v2/app/blobs/"
        f"{layer.digest} not found."
    )


async def test_access_that_is_forbidden_names_what_to_do(client, server):
    server.answer("/v2/app/manifests/1", response(403))
    text = await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert f"403 Forbidden. Run `docker login {server.host}`" in text
