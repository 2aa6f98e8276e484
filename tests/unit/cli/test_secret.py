"""Which secret `moyai secret` means."""

from __future__ import annotations

import pytest

from moyai.cli.secret import secret_name

PREFIX = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:"


@pytest.mark.parametrize(
    ("name_or_arn", "name"),
    [
        ("bookstore/db", "bookstore/db"),
        (f"{PREFIX}bookstore/db-AbCdEf", "bookstore/db"),
        (f"{PREFIX}bookstore/db", "bookstore/db"),
        (f"{PREFIX}a-b-AbCdEf", "a-b"),
        ("arn:aws:ssm:us-east-1:111122223333:parameter/db", "arn:aws:ssm:us-east-1:111122223333:parameter/db"),
    ],
)
def test_a_secret_is_named_by_its_name_or_by_an_arn_written_for_aws(name_or_arn, name):
    assert secret_name(name_or_arn) == name
