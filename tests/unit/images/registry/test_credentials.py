"""Credentials of Docker's config.json, of its helpers, of ECR, and of a secret."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import NoCredentialsError

from moyai.images.registry.credential_helpers import ask_helper
from moyai.images.registry.credentials import CredentialsFailed
from moyai.images.registry.docker_config import DockerConfig
from moyai.images.registry.ecr_credentials import EcrCredentials
from moyai.images.registry.keychain import Keychain
from tests.e2e.waiting import eventually
from tests.unit.images.registry.scripted_server import response

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def auth(user, password):
    """As ``docker login`` writes it."""
    return {"auth": b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def config(tmp_path):
    """Writes config.json."""

    def write(**content):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content))
        return DockerConfig(path)

    return write


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Installs a helper, a shell script."""

    def install(name, script):
        program = tmp_path / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return install


def name_and_password(credentials):
    """The name and password that a registry is sent; None without credentials."""
    return None if credentials is None else (credentials.username, credentials.password.reveal())


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://registry.test:5000/v1/", "registry.test:5000"),
    ],
)
async def test_a_login_is_read_whatever_its_key(config, key, registry):
    assert name_and_password(await config(auths={key: auth("me", "p:w")}).find(registry)) == ("me", "p:w")
    assert await config(auths={key: auth("me", "p:w")}).find("other.test") is None


async def test_an_identity_token_is_read(config):
    entry = auth("me", "") | {"identitytoken": "id"}
    credentials = await config(auths={"r.test": entry}).find("r.test")
    assert (credentials.is_identity_token, name_and_password(credentials)) == (True, ("me", "id"))


async def test_a_missing_file_has_no_credentials(tmp_path):
    assert await DockerConfig(tmp_path / "config.json").find("ghcr.io") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": 1}', '{"auths": {"ghcr.io": {"auth": "?"}}}', "\xff"])
async def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(CredentialsFailed, match=str(path)):
        await DockerConfig(path).find("ghcr.io")


async def test_a_file_beyond_its_limit_is_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b" " * (1024 * 1024 + 1))
    with pytest.raises(CredentialsFailed, match="more than 1048576 bytes"):
        await DockerConfig(path).find("ghcr.io")


async def test_a_helper_of_the_registry_counts_before_the_store_and_that_before_the_file(config, helper):
    helper("one", 'read -r name; echo "{\\"Username\\": \\"one\\", \\"Secret\\": \\"$name\\"}"')
    helper("two", 'echo \'{"Username": "<token>", "Secret": "two"}\'')
    both = config(auths={"b.test": auth("file", "x")}, credsStore="two", credHelpers={"a.test": "one"})
    assert name_and_password(await both.find("a.test")) == ("one", "a.test")
    second = await both.find("b.test")
    assert (name_and_password(second), second.is_identity_token) == (("", "two"), True)


async def test_a_helper_without_credentials_falls_back_to_the_file(config, helper):
    helper("none", "echo credentials not found in native keychain; exit 1")
    assert name_and_password(await config(auths={"b.test": auth("file", "x")}, credsStore="none").find("b.test")) == (
        "file",
        "x",
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo secret; exit 3", "ended with status 3"),
        ("echo secret", "something else than credentials"),
        ("while :; do echo secret secret secret secret secret; done", "more than 65536 bytes"),
        ("sleep 1000 & sleep 1000", "did not answer within 1 s"),
    ],
)
async def test_a_bad_helper_is_named_without_its_output(helper, script, reason):
    helper("bad", script)
    with pytest.raises(CredentialsFailed, match=reason) as caught:
        await ask_helper("bad", "r.test", 1.0)
    assert "secret" not in str(caught.value)


async def test_processes_of_a_helper_end_with_it(helper, tmp_path):
    helper("forks", f"sleep 1000 & echo $! >{tmp_path}/child; wait")
    with pytest.raises(CredentialsFailed):
        await ask_helper("forks", "r.test", 2.0)
    child = int((tmp_path / "child").read_text())
    await asyncio.to_thread(eventually, lambda: not is_alive(child), "the child ends")


def is_alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("name", ["../../tmp/evil", "a b", "", "-x"])
async def test_a_helper_is_a_name(name):
    with pytest.raises(CredentialsFailed, match="not a program's name"):
        await ask_helper(name, "r.test")


async def test_a_helper_that_is_not_installed_is_named():
    with pytest.raises(CredentialsFailed, match="docker-credential-nowhere, which Docker's config"):
        await ask_helper("nowhere", "r.test")


def ecr_client(server):
    """Makes botocore clients of a server of the test."""

    def connect(region):
        session = botocore.session.get_session()
        session.set_credentials("key", "secret")
        return session.create_client("ecr", region_name=region, endpoint_url=f"http://{server.host}")

    return connect


def ecr_token(password, expires):
    """ECR's answer."""
    token = b64encode(f"AWS:{password}".encode()).decode()
    data = [{"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": f"https://{ECR}"}]
    return response(200, json.dumps({"authorizationData": data}).encode())


async def test_aws_keys_give_tokens_of_ecr_until_they_expire(server, clock):
    server.answer("/", ecr_token("one", clock.now() + 3600), ecr_token("two", clock.now() + 7200))
    ecr = EcrCredentials(clock, ecr_client(server))
    assert name_and_password(await ecr.find(ECR)) == name_and_password(await ecr.find(ECR)) == ("AWS", "one")
    await clock.sleep(3500)
    assert name_and_password(await ecr.find(ECR)) == ("AWS", "two")
    assert await ecr.find("ghcr.io") is None
    assert len(server.requests) == 2
    assert "/eu-central-1/ecr/" in server.requests[0].headers["authorization"]


async def test_without_aws_keys_a_login_counts(config, clock):
    def connect(_):
        raise NoCredentialsError

    keychain = Keychain(EcrCredentials(clock, connect), config(auths={ECR: auth("AWS", "login")}))
    assert name_and_password(await keychain.find(ECR)) == ("AWS", "login")


async def test_with_neither_both_are_named(clock):
    def connect(_):
        raise NoCredentialsError

    with pytest.raises(CredentialsFailed, match="Unable to locate credentials; and nobody is logged in to 1234"):
        await Keychain(EcrCredentials(clock, connect), None).find(ECR)
