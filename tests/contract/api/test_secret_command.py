"""Which secret ``moyai secret put`` and ``rm`` mean by an ARN."""

from __future__ import annotations

import pytest
import typer

from moyai.cli.options import REGION
from moyai.cli.remote import Remote
from moyai.cli.secret import put_secret, secret_arn

PREFIX = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:"


@pytest.fixture
def remote(installation):
    class InProcess(Remote):
        """Sends requests to the installation."""

        def client(self, service):
            return installation.client(service)

    return InProcess("http://127.0.0.1:4566", REGION)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("bookstore/db", "bookstore/db"),
        (f"{PREFIX}bookstore/db-AbCdEf", "bookstore/db"),
        (f"{PREFIX}bookstore/db-AbCdEf:password::", "bookstore/db"),
        (f"{PREFIX}bookstore/db", "bookstore/db"),
        (f"{PREFIX}a-b-AbCdEf", "a-b"),
    ],
)
def test_a_secret_is_stored_by_its_name_or_by_an_arn_written_for_aws(remote, identifier, name):
    first, second = (put_secret(remote, identifier, value) for value in ("one", "two"))
    assert (first["Name"], second["ARN"]) == (name, first["ARN"])
    assert remote.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "two"


def test_an_arn_whose_name_ends_like_a_suffix_means_the_secret_of_that_name(remote):
    for name in ("prod/db", "prod/db-passwd"):
        put_secret(remote, name, "old")
    assert put_secret(remote, f"{PREFIX}prod/db-passwd", "new")["Name"] == "prod/db-passwd"
    assert remote.client("secretsmanager").get_secret_value(SecretId="prod/db")["SecretString"] == "old"


def test_an_arn_of_another_account_is_refused(remote):
    with pytest.raises(typer.BadParameter, match="account 111122223333"):
        put_secret(remote, f"arn:aws:secretsmanager:{REGION}:111122223333:secret:db-AbCdEf", "value")
    assert remote.client("secretsmanager").list_secrets()["SecretList"] == []


def test_an_arn_has_the_region_and_no_key():
    arn = secret_arn("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf:password:AWSCURRENT:")
    assert arn is not None
    assert arn.scope.region == "eu-west-1"
    assert str(arn) == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
    assert secret_arn("db") is None


@pytest.mark.parametrize(
    "identifier",
    [
        "arn:aws:ssm:us-east-1:111122223333:parameter/db",
        "arn:aws:secretsmanager:::secret:db",
        f"{PREFIX}",
        "arn:aws:secretsmanager",
    ],
)
def test_an_arn_of_something_else_is_refused(identifier):
    with pytest.raises(typer.BadParameter, match="the ARN of a secret"):
        secret_arn(identifier)
