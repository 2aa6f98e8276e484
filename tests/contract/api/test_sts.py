"""Temporary credentials: whose they are, what they may do, and when they end."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.sts.service import STS
from moyai.api.wire.http import HttpRequest
from moyai.domain.sts.session import SessionRoot
from moyai.domain.world import Put
from moyai.kernel.secret import Secret
from moyai.testing.ids import SeededIds
from tests.contract.api.installation import MODELS, Installation

ROLE = "arn:aws:iam::111122223333:role/deploy/cdk-role"
HOST = "127.0.0.1:4566"
NAMES = ("AccessKeyId", "SecretAccessKey", "SessionToken")


@pytest.fixture
def installation():
    installation = Installation()
    installation.store.apply([Put(SessionRoot(Secret("0" * 64)))])
    return installation


def identity(installation, keys, issued=None, action="GetCallerIdentity"):
    """The answer of GetCallerIdentity for these keys, where those that are ``issued`` are required. The gateway's clock
    is not the SDK's.
    """
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    body = f"Action={action}&Version=2011-06-15".encode()
    request = AWSRequest("POST", f"http://{HOST}/", {"content-type": "application/x-www-form-urlencoded"}, body)
    request.headers["host"] = HOST
    signer = SigV4Auth(credentials, "sts", "us-east-1")
    stamp = datetime.fromtimestamp(installation.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = request.headers["x-amz-date"] = stamp
    request.headers["x-amz-security-token"] = keys["SessionToken"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    scope = f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}"
    authorization = f"{scope}, SignedHeaders={names}, Signature={signer.signature(text, request)}"
    headers = {name.lower(): value for name, value in request.headers.items()} | {"authorization": authorization}
    gateway = installation.gateway
    if issued is not None:
        dependencies = GatewayDependencies(installation.store, installation.clock, SeededIds(), Keys(issued))
        gateway = ApiGateway([STS], {"sts": MODELS["sts"]}, dependencies)
    return asyncio.run(gateway.answer(HttpRequest("POST", "/", "", headers, body)))


class Keys(dict[str, str]):
    """Issued keys."""

    def secret(self, access_key: str) -> str | None:
        return self.get(access_key)


def assume_role_again(installation, keys):
    """Keys of a session that these keys of a session assume, for twelve hours."""
    action = f"AssumeRole&RoleArn={ROLE}&RoleSessionName=again&DurationSeconds=43200"
    answer = identity(installation, keys, action=action).body.decode()
    return {name: re.findall(f"<{name}>(.*)</{name}>", answer)[0] for name in (*keys, "Expiration")}


def test_an_assumed_role_is_a_session_of_its_account(installation):
    answer = installation.client("sts").assume_role(
        RoleArn=ROLE, RoleSessionName="me", Tags=[{"Key": "team", "Value": "shop"}], SourceIdentity="alice"
    )
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::111122223333:assumed-role/cdk-role/me"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")
    assert answer["SourceIdentity"] == "alice"
    assert answer["Credentials"]["Expiration"].timestamp() == int(installation.now) + 3600
    response = identity(installation, answer["Credentials"])
    assert response.status == 200
    assert b"<Arn>arn:aws:sts::111122223333:assumed-role/cdk-role/me</Arn>" in response.body
    assert b"<Account>111122223333</Account>" in response.body


def test_a_session_token_has_its_callers_account(installation):
    keys = installation.client("sts", key="444455556666").get_session_token(DurationSeconds=900)["Credentials"]
    response = identity(installation, keys)
    assert b"<Arn>arn:aws:iam::444455556666:root</Arn>" in response.body


def test_keys_expire_and_a_wrong_secret_is_refused(installation):
    keys = installation.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    assert b"SignatureDoesNotMatch" in identity(installation, keys | {"SecretAccessKey": "x"}).body
    installation.clock.jump(3601)
    assert b"ExpiredToken" in identity(installation, keys).body


def test_sessions_end_with_the_key_that_they_go_back_to(installation):
    client = installation.client("sts", key="AKIA")
    answers = client.get_session_token(), client.assume_role(RoleArn=ROLE, RoleSessionName="me")
    of_key, of_role = ({name: answer["Credentials"][name] for name in NAMES} for answer in answers)
    for keys in (of_key, of_role, assume_role_again(installation, of_key), assume_role_again(installation, of_role)):
        assert identity(installation, keys, {"AKIA": "x"}).status == 200
        assert b"<Code>InvalidClientTokenId</Code>" in identity(installation, keys, {"AKIB": "x"}).body


def test_a_session_of_a_session_ends_no_later(installation):
    answer = installation.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me", DurationSeconds=900)
    again = assume_role_again(installation, {name: answer["Credentials"][name] for name in NAMES})
    assert datetime.fromisoformat(again["Expiration"]) == answer["Credentials"]["Expiration"]


def web_token(**claims):
    """A JSON Web Token of a provider, with a signature that is never verified."""
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", json.dumps(claims).encode(), b"x")
    )


def test_the_bearer_of_a_web_identity_gets_keys_that_are_known(installation):
    token = web_token(
        iss="https://token.example.com", sub="repo:shop", aud="sts.amazonaws.com", exp=installation.now + 60
    )
    answer = installation.client("sts").assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="ci", WebIdentityToken=token
    )
    assert answer["SubjectFromWebIdentityToken"] == "repo:shop"
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["Provider"] == "token.example.com"
    response = identity(installation, answer["Credentials"])
    assert b"<Arn>arn:aws:sts::111122223333:assumed-role/cdk-role/ci</Arn>" in response.body


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("an-access-token", "InvalidIdentityToken"),
        ("a.é.c", "InvalidIdentityToken"),
        ("e30.bm90IGpzb24.x", "InvalidIdentityToken"),
        (web_token(iss="https://token.example.com", exp=1e12), "InvalidIdentityToken"),
        (web_token(iss="https://token.example.com", sub="a", aud="b", exp=1), "ExpiredTokenException"),
    ],
    ids=["no token", "not ASCII", "no JSON", "no subject", "expired"],
)
def test_a_token_that_proves_nothing_is_rejected(installation, token, code):
    with pytest.raises(ClientError) as caught:
        installation.client("sts").assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="ci", WebIdentityToken=token
        )
    assert caught.value.response["Error"]["Code"] == code


def test_no_provider_signs_assertions(installation):
    provider = "arn:aws:iam::111122223333:saml-provider/corp"
    with pytest.raises(ClientError, match="Specified provider doesn't exist") as caught:
        installation.client("sts").assume_role_with_saml(RoleArn=ROLE, PrincipalArn=provider, SAMLAssertion="PHNhbWw+")
    assert caught.value.response["Error"]["Code"] == "InvalidIdentityToken"


def test_the_account_of_a_key_is_known(installation):
    info = installation.client("sts", key="444455556666").get_access_key_info
    assert info(AccessKeyId="444455556666" + "A" * 4)["Account"] == "444455556666"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"RoleArn": "arn:aws:iam::12:role/short-account"}, "ValidationError"),
        ({"Policy": "{}"}, "ValidationError"),
        ({"DurationSeconds": 1}, "ValidationError"),
    ],
    ids=["a role that is none", "a policy", "too short"],
)
def test_a_role_that_cannot_be_assumed_is_refused(installation, members, code):
    with pytest.raises(ClientError) as caught:
        installation.client("sts").assume_role(**{"RoleArn": ROLE, "RoleSessionName": "me"} | members)
    assert caught.value.response["Error"]["Code"] == code
