"""Beyond loopback every request is signed by a key that was issued here. (The tests' own requests stay on loopback.)"""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection

import botocore.auth
import botocore.compat
import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import MOYAI, Installation

pytestmark = pytest.mark.e2e

OPEN = ("--listen", "0.0.0.0", "--runtime", "sim")  # noqa: S104 - what is tested


@pytest.fixture(scope="module")
def key(keyed_installation: Installation) -> tuple[str, str]:
    return keyed_installation.make_key()


def code_of(installation: Installation, key: str, secret: str, service: str = "ecs", operation: str = "list_clusters"):
    with pytest.raises(ClientError) as caught:
        getattr(installation.client(service, key=key, secret=secret), operation)()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_up_on_an_open_address_without_keys_fails_in_one_line(tmp_path):
    command = [*MOYAI, "up", "--state", str(tmp_path / "state"), "--port", "0", *OPEN]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert "moyai keys create" in line
    assert not (tmp_path / "state" / "moyai.db").exists()


def test_the_right_key_works_for_every_service(keyed_installation, key):
    access, secret = key
    params = {"access": access, "secret": secret}
    assert params["access"].startswith("AKIA")
    client = lambda name: keyed_installation.client(name, key=access, secret=secret)  # noqa: E731
    assert client("ecs").list_clusters()["clusterArns"] == []
    assert client("ec2").describe_vpcs()["Vpcs"]
    assert client("servicediscovery").list_namespaces()["Namespaces"] == []
    assert client("cloudwatch").list_metrics()["Metrics"] == []
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.heavy
def test_hook_and_file_commands_require_a_key(keyed_installation, key, tmp_path):
    (tmp_path / "web.env").write_text("COLOUR=green\n")
    whoever = {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}
    hook = ("hook", "put", "check", "http://127.0.0.1:9/")
    file = ("file", "put", "s3://config/web.env", str(tmp_path / "web.env"))
    for command in (hook, file):
        assert run_command(keyed_installation, *command, **whoever)[0] == 0
        code, error = run_command(keyed_installation, *command, **(whoever | {"AWS_SECRET_ACCESS_KEY": "wrong"}))
        assert (code, "403" in error, "InvalidSignatureException" in error) == (1, True, True)
        code, error = run_command(keyed_installation, *command, AWS_EC2_METADATA_DISABLED="true", HOME=str(tmp_path))
        assert (code, "MissingAuthenticationTokenException" in error) == (1, True)
    assert "check  http://127.0.0.1:9/" in run_command(keyed_installation, "hook", "list", **whoever)[1]
    assert "s3://config/web.env" in run_command(keyed_installation, "file", "list", **whoever)[1]
    assert run_command(keyed_installation, "hook", "rm", "check", **whoever)[0] == 0


def run_command(installation: Installation, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command of ours with these credentials and no others; how it ended, and all that it printed."""
    mine = {
        k: v for k, v in installation.environment().items() if k not in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    }
    ran = subprocess.run(
        [*MOYAI, *arguments], env=mine | environment, capture_output=True, text=True, timeout=30, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_a_wrong_secret_is_a_wrong_signature(keyed_installation, key):
    assert code_of(keyed_installation, key[0], "wrong") == ("InvalidSignatureException", 403)
    assert code_of(keyed_installation, key[0], "wrong", "sts", "get_caller_identity") == ("SignatureDoesNotMatch", 403)


def test_a_key_that_was_never_issued_is_not_recognised(keyed_installation):
    assert code_of(keyed_installation, "AKIA" + "A" * 16, "any") == ("UnrecognizedClientException", 403)
    assert code_of(keyed_installation, "123456789012", "any") == ("UnrecognizedClientException", 403)


def test_a_signature_with_a_wrong_time_is_expired_or_not_yet_current(keyed_installation, key, monkeypatch):
    told = botocore.compat.get_current_datetime
    for minutes, words in ((-20, "Signature expired"), (20, "Signature not yet current")):

        def skewed_now(*args: bool, minutes: int = minutes, **more: bool) -> datetime:
            return told(*args, **more) + timedelta(minutes=minutes)

        monkeypatch.setattr(botocore.auth, "get_current_datetime", skewed_now)
        with pytest.raises(ClientError) as caught:
            keyed_installation.client("ecs", key=key[0], secret=key[1]).list_clusters()
        assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
        assert words in caught.value.response["Error"]["Message"]


def test_an_unsigned_request_is_refused(keyed_installation):
    connection = HTTPConnection("127.0.0.1", keyed_installation.port, timeout=60)
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters",
    }
    connection.request("POST", "/", b"{}", headers)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["__type"].rpartition("#")[2]) == (
        403,
        "MissingAuthenticationTokenException",
    )
    connection.close()


@pytest.mark.parametrize(("method", "path"), [("POST", "reset"), ("GET", "logs?task=x&container=y")])
def test_unsigned_endpoints_do_not_exist_beyond_loopback(keyed_installation, method, path):
    connection = HTTPConnection("127.0.0.1", keyed_installation.port, timeout=60)
    connection.request(method, f"/_moyai/{path}")
    assert connection.getresponse().status == 404
    connection.close()


def test_a_revoked_key_is_not_recognised_from_the_next_request_on(keyed_installation):
    access, secret = keyed_installation.make_key()
    client = keyed_installation.client("ecs", key=access, secret=secret)
    client.list_clusters()
    state = ("--state", str(keyed_installation.state))
    assert access in keyed_installation.moyai("keys", "list", *state)
    keyed_installation.moyai("keys", "revoke", access, *state)
    assert access not in keyed_installation.moyai("keys", "list", *state)
    assert code_of(keyed_installation, access, secret) == ("UnrecognizedClientException", 403)


def test_secrets_are_not_logged_and_the_key_file_is_private(keyed_installation, key):
    assert key[1] not in keyed_installation.log.read_text()
    assert (keyed_installation.state / "keys.json").stat().st_mode & 0o077 == 0


def test_the_console_requires_a_key_and_acts_with_it(keyed_installation, key):
    members = {
        "x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters",
        "content-type": "application/x-amz-json-1.1",
    }
    signed = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=none"

    def ask(method, path, body="", headers=()):
        with closing(HTTPConnection("127.0.0.1", keyed_installation.port, timeout=60)) as connection:
            connection.request(method, f"/console/{path}", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.getheader("set-cookie", "")

    assert ask("POST", "api/", "{}", members)[0] == 401
    assert ask("GET", "events")[0] == 401
    access, secret = key
    wrong = json.dumps({"accessKeyId": access, "secretAccessKey": "wrong"})
    assert ask("POST", "session", wrong)[0] == 401
    status, session, cookie = ask("POST", "session", json.dumps({"accessKeyId": access, "secretAccessKey": secret}))
    assert (status, session["accessKey"]) == (200, access)
    assert "HttpOnly; SameSite=Strict" in cookie
    carried = {"cookie": cookie.partition(";")[0], "authorization": signed}
    assert ask("POST", "api/", "{}", members | carried)[0] == 403
    carried["x-moyai-csrf"] = session["csrf"]
    assert ask("POST", "api/", "{}", members | carried)[:2] == (200, {"clusterArns": []})
    assert ask("DELETE", "session", "", carried)[0] == 200
    assert ask("POST", "api/", "{}", members | carried)[0] == 401
    assert secret not in keyed_installation.log.read_text()
