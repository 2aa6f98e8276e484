"""Basic authentication and tokens: which server gets which secret, and the errors of refused ones."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from moyai.images.errors import AccessDenied, BadContent
from moyai.images.model import Platform
from moyai.images.registry.credentials import Credentials, CredentialsFailed
from moyai.kernel.secret import Secret
from tests.container_images import container_image
from tests.unit.images.registry.scripted_server import manifest_answer, publish, response
from tests.unit.images.registry.test_client import failure_of, reference_to

AMD = Platform("linux", "amd64")
APP = container_image([{"one": b"1"}, {"two": b"2"}, {"three": b"3"}], AMD)
PATH = "/v2/app/manifests/1"
ME = Credentials("me", Secret("pass:word"), "the test")
BASIC = "Basic bWU6cGFzczp3b3Jk"


def require_authorization(content, *allowed, challenge):
    """Answers ``content`` to the authorizations that are allowed, and the challenge to others."""

    async def answer(request):
        if request.headers.get("authorization") in allowed:
            yield content
        else:
            body = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
            yield response(401, body, www_authenticate=challenge)

    return answer


def bearer(server, **more):
    """The challenge of a registry with this token server."""
    parameters = {"realm": f"http://{server.host}/token", "service": "registry", "scope": "repository:app:pull"} | more
    return "Bearer " + ",".join(f'{name}="{value}"' for name, value in parameters.items() if value)


def token(text="t0", **more):
    """A token server's answer."""
    return response(200, json.dumps({"token": text, **more}).encode())


async def test_a_password_is_sent_when_it_is_asked_for(client, server, wallet):
    wallet.credentials = {server.host: ME}
    server.answer(PATH, require_authorization(manifest_answer(APP.manifest), BASIC, challenge='Basic realm="here"'))
    await client.resolve(reference_to(server), AMD)
    await client.resolve(reference_to(server), AMD)
    assert [r.headers.get("authorization") for r in server.requests_of(PATH)] == [None, BASIC, BASIC]


async def test_a_wrong_password_names_where_it_is_from(client, server, wallet):
    wallet.credentials = {server.host: ME}
    server.answer(PATH, require_authorization(b"", challenge="Basic"))
    text = await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert text.endswith(
        "pull access denied: authorization failed with the credentials of the test: unauthorized: authentication"
        f" required. Run `docker login {server.host}` as the user that runs moyai, or name a secret in"
        " repositoryCredentials."
    )
    assert len(server.requests_of(PATH)) == 2


async def test_a_new_password_counts_at_once(client, server, wallet):
    wallet.credentials = {server.host: Credentials("me", Secret("old"), "the test")}
    server.answer(PATH, require_authorization(manifest_answer(APP.manifest), BASIC, challenge="Basic"))
    await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    wallet.credentials = {server.host: ME}
    await client.resolve(reference_to(server), AMD)


async def test_without_credentials_nothing_is_guessed(client, server):
    server.answer(PATH, require_authorization(b"", challenge="Basic"))
    text = await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert "pull access denied, repository does not exist or may require authorization: server message:" in text
    assert len(server.requests_of(PATH)) == 1


async def test_credentials_that_cannot_be_had_are_reported(client, server, wallet):
    wallet.failure = CredentialsFailed("docker-credential-x is not there")
    server.answer(PATH, require_authorization(b"", challenge="Basic"))
    text = await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert "no basic auth credentials: docker-credential-x is not there" in text


async def test_anonymous_tokens_are_asked_for_and_used_for_the_whole_image(client, server, other):
    publish(server, "app", APP, "1")
    for path, answer in [(PATH, manifest_answer(APP.manifest))] + [
        (f"/v2/app/blobs/{blob.digest}", response(200, blob.data)) for blob in APP.blobs
    ]:
        server.answer(path, require_authorization(answer, "Bearer t0", challenge=bearer(other)))
    other.answer("/token", token())
    resolved = await client.resolve(reference_to(server), AMD)
    await asyncio.gather(
        *(client.fetch(resolved, part, io.BytesIO(), print) for part in (resolved.config, *resolved.layers))
    )
    [asked] = other.requests
    assert (asked.method, asked.query) == ("GET", {"scope": "repository:app:pull", "service": "registry"})
    assert "authorization" not in asked.headers


async def test_layers_that_are_fetched_at_once_ask_for_one_token(client, server, other):
    publish(server, "app", APP, "1")
    resolved = await client.resolve(reference_to(server), AMD)
    for blob in APP.blobs:
        answer = require_authorization(response(200, blob.data), "Bearer t0", challenge=bearer(other))
        server.answer(f"/v2/app/blobs/{blob.digest}", answer)
    other.answer("/token", token())
    await asyncio.gather(*(client.fetch(resolved, part, io.BytesIO(), print) for part in resolved.layers))
    assert len(other.requests) == 1


async def test_a_password_gets_a_token_and_is_not_sent_to_the_registry(client, server, other, wallet):
    wallet.credentials = {server.host: ME}
    server.answer(PATH, require_authorization(manifest_answer(APP.manifest), "Bearer t0", challenge=bearer(other)))
    other.answer("/token", response(200, b'{"access_token": "t0", "expires_in": 300}'))
    await client.resolve(reference_to(server), AMD)
    [asked] = other.requests
    assert (asked.headers["authorization"], asked.query["account"]) == (BASIC, "me")
    assert [r.headers.get("authorization") for r in server.requests_of(PATH)] == [None, "Bearer t0"]


async def test_an_identity_token_is_exchanged_by_post(client, server, other, wallet):
    wallet.credentials = {server.host: Credentials("", Secret("id"), "the test", is_identity_token=True)}
    server.answer(PATH, require_authorization(manifest_answer(APP.manifest), "Bearer t0", challenge=bearer(other)))
    other.answer("POST /token", token())
    await client.resolve(reference_to(server), AMD)
    assert other.requests[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "id",
        "client_id": "moyai",
        "service": "registry",
        "scope": "repository:app:pull",
    }


async def test_a_token_is_renewed_when_its_time_is_over(client, server, other, clock):
    server.answer(
        PATH, require_authorization(manifest_answer(APP.manifest), "Bearer t0", "Bearer t1", challenge=bearer(other))
    )
    other.answer("/token", token("t0", expires_in=120), token("t1", expires_in=120))
    await client.resolve(reference_to(server), AMD)
    await clock.sleep(100)
    await client.resolve(reference_to(server), AMD)
    assert len(other.requests) == 1
    await clock.sleep(15)
    await client.resolve(reference_to(server), AMD)
    sent = [r.headers.get("authorization") for r in server.requests_of(PATH)]
    assert sent == [None, "Bearer t0", "Bearer t0", None, "Bearer t1"]


async def test_a_token_that_the_registry_refuses_early_is_renewed(client, server, other):
    answers = require_authorization(manifest_answer(APP.manifest), "Bearer t0", challenge=bearer(other))
    late = require_authorization(
        manifest_answer(APP.manifest), "Bearer t1", challenge=bearer(other, error="invalid_token")
    )
    other.answer("/token", token("t0"), token("t1"))
    server.answer(PATH, answers)
    await client.resolve(reference_to(server), AMD)
    server.answer(PATH, late)
    await client.resolve(reference_to(server), AMD)


async def test_a_registry_that_refuses_its_own_tokens_is_not_asked_for_ever(client, server, other):
    server.answer(PATH, require_authorization(b"", challenge=bearer(other)))
    other.answer("/token", *(token(f"t{number}") for number in range(20)))
    await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert len(other.requests) <= 3


async def test_a_repository_that_docker_hub_does_not_show_may_require_a_login(client, server, other):
    challenge = bearer(other, error="insufficient_scope")
    server.answer(PATH, require_authorization(b"", challenge=challenge))
    other.answer("/token", token())
    text = await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
    assert "pull access denied, repository does not exist or may require authorization: server message:" in text
    assert len(other.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (response(401, b'{"details":"incorrect username or password"}'), AccessDenied),
        (response(404), AccessDenied),
        (response(200, b"{}"), BadContent),
        (response(200, b"<html>"), BadContent),
        (response(200, b'{"token": "a\\r\\nx: y"}'), BadContent),
        (response(200, b" " * 300_000), BadContent),
    ],
)
async def test_a_token_server_that_gives_none_fails_the_pull(client, server, other, wallet, answer, error):
    wallet.credentials = {server.host: ME}
    server.answer(PATH, require_authorization(b"", challenge=bearer(other)))
    other.answer("/token", answer)
    text = await failure_of(client.resolve(reference_to(server), AMD), error)
    assert "pass:word" not in text


@pytest.mark.parametrize(
    "realm",
    ["http://169.254.169.254/token", "http://[fd00:ec2::254]/token", "file:///etc/passwd", "", "http://0.0.0.0/"],
)
async def test_credentials_go_to_no_odd_token_server(client, server, wallet, realm):
    wallet.credentials = {server.host: ME}
    server.answer(PATH, require_authorization(b"", challenge=bearer(server, realm=realm)))
    with pytest.raises(Exception, match=r"which no registry may lead to|names no token server"):
        await client.resolve(reference_to(server), AMD)


async def test_no_cookie_is_kept(client, server):
    server.answer(PATH, response(200, APP.manifest.data, content_type=APP.manifest.media_type, set_cookie="user=one"))
    await client.resolve(reference_to(server), AMD)
    await client.resolve(reference_to(server), AMD)
    assert ["cookie" in request.headers for request in server.requests_of(PATH)] == [False, False]


async def test_another_user_is_another_client(client, server, wallet):
    server.answer(PATH, require_authorization(manifest_answer(APP.manifest), BASIC, challenge="Basic"))
    own = client.with_credentials(server.host, ME)
    await own.resolve(reference_to(server), AMD)
    await failure_of(client.resolve(reference_to(server), AMD), AccessDenied)
