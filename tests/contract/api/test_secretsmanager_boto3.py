"""boto3 speaks to Secrets Manager: versions and their labels, deletion and restoring, modelled errors."""

from __future__ import annotations

import string

import pytest

from moyai.api.secretsmanager.service import SECRETS_MANAGER
from moyai.kernel.clock import later
from tests.contract.api.asking import code
from tests.contract.api.drawn import ask_anything

COMMON = frozenset({"ValidationException", "SerializationException", "InvalidParameterException"})
TOKEN = "a" * 32
DAY = 86400


@pytest.fixture
def client(installation):
    return installation.client("secretsmanager")


def create(client, name="shop/db", value="s3cret", **more) -> str:
    return str(client.create_secret(Name=name, SecretString=value, **more)["ARN"])


def test_a_secret_is_found_by_name_arn_and_partial_arn(client):
    arn = create(client)
    assert arn.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-")
    assert len(arn.rpartition("-")[2]) == 6
    partial = arn.rpartition("-")[0]
    for called in ("shop/db", arn, partial, f"{partial}-AbCd12"):
        assert client.get_secret_value(SecretId=called)["SecretString"] == "s3cret"


def test_another_secrets_arn_is_not_taken_for_a_suffix(client):
    create(client, "db", "one")
    create(client, "db-AbCd12", "two")
    prefix = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
    assert client.get_secret_value(SecretId=f"{prefix}db-AbCd12")["SecretString"] == "two"
    assert client.get_secret_value(SecretId=f"{prefix}db-XyZ123")["SecretString"] == "one"
    assert code(client.get_secret_value, SecretId=f"{prefix}db-AbCd1") == "ResourceNotFoundException"


def test_a_rotation_is_recorded_and_turned_off(client):
    secret, function = {"SecretId": create(client)}, "arn:aws:lambda:us-east-1:123456789012:function:rotate"
    later_on = {**secret, "RotateImmediately": False}
    assert code(client.rotate_secret, **later_on) == "InvalidRequestException", "it has no function"
    rules = {"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "3h"}
    assert "VersionId" not in client.rotate_secret(**later_on, RotationLambdaARN=function, RotationRules=rules)
    described = client.describe_secret(**secret)
    assert (described["RotationEnabled"], described["RotationLambdaARN"], described["RotationRules"]) == (
        True,
        function,
        rules,
    )
    assert "NextRotationDate" not in described
    assert client.list_secrets()["SecretList"][0]["RotationRules"] == rules
    client.rotate_secret(**later_on, RotationRules={"AutomaticallyAfterDays": 30})
    assert client.describe_secret(**secret)["RotationRules"] == {"AutomaticallyAfterDays": 30}
    client.cancel_rotate_secret(**secret)
    described = client.describe_secret(**secret)
    assert (described["RotationEnabled"], described["RotationLambdaARN"]) == (False, function)
    client.rotate_secret(**later_on)
    assert client.describe_secret(**secret)["RotationEnabled"] is True
    assert client.get_secret_value(**secret)["SecretString"] == "s3cret"


def test_a_rotation_at_once_is_refused_and_says_what_to_do(client):
    secret = {"SecretId": create(client), "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate"}
    for members in ({}, {"RotateImmediately": True}):
        with pytest.raises(client.exceptions.InvalidRequestException, match=r"PutSecretValue.*RotateImmediately false"):
            client.rotate_secret(**secret, **members)
    assert "RotationEnabled" not in client.describe_secret(SecretId=secret["SecretId"])


@pytest.mark.parametrize(
    "rules",
    [
        {"AutomaticallyAfterDays": 3, "ScheduleExpression": "rate(3 days)"},
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "cron(0 8 1 * *)"},
        {"ScheduleExpression": "daily"},
        {"AutomaticallyAfterDays": 3, "Duration": "0h"},
        {"AutomaticallyAfterDays": 3, "Duration": "25h"},
        {"ScheduleExpression": "rate(1000 days)"},
        {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
        {"ScheduleExpression": "cron(* * * * ? *)"},
        {"ScheduleExpression": "cron(30 8 * * ? *)"},
        {"ScheduleExpression": "cron(0 1,23 * * ? *)"},
        {"ScheduleExpression": "cron(0 8 * * ? *)", "Duration": "17h"},
        {"ScheduleExpression": "cron(0 0 8 * * ? *)"},
        {},
    ],
)
def test_rotation_rules_that_aws_refuses(client, rules):
    secret = {"SecretId": create(client), "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate"}
    call = {**secret, "RotateImmediately": False, "RotationRules": rules}
    assert code(client.rotate_secret, **call) == "InvalidParameterException"


def test_a_rotation_needs_the_arn_of_a_function(client):
    call = {"SecretId": create(client), "RotateImmediately": False, "RotationRules": {"AutomaticallyAfterDays": 3}}
    for wrong in ("garbage", "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:123456789012:layer:rotate"):
        assert code(client.rotate_secret, **call, RotationLambdaARN=wrong) == "InvalidParameterException"


@pytest.mark.parametrize(
    "rules",
    [
        {"ScheduleExpression": "rate(4 hours)", "Duration": "4h"},
        {"ScheduleExpression": "rate(999 days)", "Duration": "24h"},
        {"ScheduleExpression": "cron(0 0/4 * * ? *)", "Duration": "4h"},
        {"ScheduleExpression": "cron(0 1,22 1 * ? *)", "Duration": "2h"},
        {"ScheduleExpression": "cron(0 16 ? * SUN#1 *)"},
    ],
)
def test_rotation_rules_that_aws_takes(client, rules):
    function = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
    call = {"SecretId": create(client), "RotationLambdaARN": function, "RotateImmediately": False}
    client.rotate_secret(**call, RotationRules=rules)
    assert client.describe_secret(SecretId=call["SecretId"])["RotationRules"] == rules


def test_a_random_password_has_the_requested_characters(client):
    passwords = {client.get_random_password()["RandomPassword"] for _ in range(20)}
    assert len(passwords) == 20
    for password in passwords:
        assert len(password) == 32
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: c in string.punctuation)
        assert all(any(kind(c) for c in password) for kind in kinds)
    digits_only = {"ExcludeLowercase": True, "ExcludeUppercase": True, "ExcludePunctuation": True}
    digits = client.get_random_password(PasswordLength=100, ExcludeCharacters="01", **digits_only)["RandomPassword"]
    assert len(digits) == 100
    assert set(digits) <= set("23456789")
    with_space = client.get_random_password(PasswordLength=5, IncludeSpace=True)["RandomPassword"]
    assert " " in with_space
    assert code(client.get_random_password, PasswordLength=3) == "InvalidParameterException"
    assert code(client.get_random_password, PasswordLength=4097) == "InvalidParameterException"
    everything = string.ascii_letters + string.digits + string.punctuation
    assert code(client.get_random_password, ExcludeCharacters=everything) == "InvalidParameterException"


def test_a_new_value_leaves_the_old_one_as_previous(client):
    create(client)
    second = client.put_secret_value(SecretId="shop/db", SecretString="two")
    assert second["VersionStages"] == ["AWSCURRENT"]
    client.update_secret(SecretId="shop/db", SecretBinary=b"\x00\xff")
    assert client.get_secret_value(SecretId="shop/db")["SecretBinary"] == b"\x00\xff"
    before = client.get_secret_value(SecretId="shop/db", VersionStage="AWSPREVIOUS")
    assert (before["SecretString"], before["VersionId"]) == ("two", second["VersionId"])
    versions = client.list_secret_version_ids(SecretId="shop/db")["Versions"]
    assert sorted(s for v in versions for s in v["VersionStages"]) == ["AWSCURRENT", "AWSPREVIOUS"]
    assert len(client.list_secret_version_ids(SecretId="shop/db", IncludeDeprecated=True)["Versions"]) == 3


def test_a_label_is_moved_back(client):
    create(client, ClientRequestToken=TOKEN)
    newer = client.put_secret_value(SecretId="shop/db", SecretString="two")["VersionId"]
    refused = {"SecretId": "shop/db", "VersionStage": "AWSCURRENT", "MoveToVersionId": TOKEN}
    assert code(client.update_secret_version_stage, **refused) == "InvalidParameterException"
    client.update_secret_version_stage(**refused, RemoveFromVersionId=newer)
    assert client.get_secret_value(SecretId="shop/db")["SecretString"] == "s3cret"
    assert client.get_secret_value(SecretId="shop/db", VersionStage="AWSPREVIOUS")["VersionId"] == newer


def test_the_same_token_with_the_same_value_is_one_version(client):
    create(client, ClientRequestToken=TOKEN)
    assert create(client, ClientRequestToken=TOKEN) == create(client, ClientRequestToken=TOKEN)
    params = {"SecretId": "shop/db", "ClientRequestToken": TOKEN}
    assert client.put_secret_value(**params, SecretString="s3cret")["VersionId"] == TOKEN
    assert code(client.put_secret_value, **params, SecretString="x") == "ResourceExistsException"


def test_a_deleted_secret_can_be_restored_within_its_recovery_window(client, installation):
    create(client)
    client.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    assert code(client.get_secret_value, SecretId="shop/db") == "InvalidRequestException"
    assert code(client.create_secret, Name="shop/db") == "InvalidRequestException"
    assert client.list_secrets()["SecretList"] == []
    client.restore_secret(SecretId="shop/db")
    assert client.get_secret_value(SecretId="shop/db")["SecretString"] == "s3cret"
    client.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    installation.clock.turn_to(later(installation.now, 8 * DAY))
    assert code(client.restore_secret, SecretId="shop/db") == "ResourceNotFoundException"
    create(client, "other")
    assert [s.name for s in installation.store.world.secrets] == ["other"]


def test_a_forced_deletion_is_immediate_and_frees_the_name(client):
    first = create(client)
    client.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)
    assert code(client.describe_secret, SecretId=first) == "ResourceNotFoundException"
    client.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)
    assert create(client) != first


def test_lists_contain_no_secret_values(client, installation):
    create(client, Tags=[{"Key": "team", "Value": "x"}], Description="the database")
    told = (client.list_secrets(), client.describe_secret(SecretId="shop/db"))
    assert "s3cret" not in str(told)
    assert "s3cret" not in repr(list(installation.store.world.records()))


def test_lists_are_filtered_and_paged(client):
    for name in ("a/1", "a/2", "b"):
        create(client, name)
    page = client.list_secrets(MaxResults=1, Filters=[{"Key": "name", "Values": ["a/"]}], SortBy="name")
    rest = client.list_secrets(
        MaxResults=5, Filters=[{"Key": "name", "Values": ["a/"]}], SortBy="name", NextToken=page["NextToken"]
    )
    assert [s["Name"] for s in (*page["SecretList"], *rest["SecretList"])] == ["a/2", "a/1"]
    others = client.list_secrets(Filters=[{"Key": "name", "Values": ["!a/"]}])["SecretList"]
    assert [s["Name"] for s in others] == ["b"]


def test_another_account_does_not_see_a_secret(client, installation):
    arn = create(client)
    other = installation.client("secretsmanager", key="111122223333")
    assert code(other.get_secret_value, SecretId=arn) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "asked", "error"),
    [
        ("create_secret", {"Name": "shop/db"}, "ResourceExistsException"),
        ("create_secret", {"Name": "no spaces"}, "InvalidParameterException"),
        ("create_secret", {"Name": "n", "SecretString": "a", "SecretBinary": b"b"}, "InvalidParameterException"),
        ("put_secret_value", {"SecretId": "shop/db"}, "InvalidRequestException"),
        ("put_secret_value", {"SecretId": "none", "SecretString": "a"}, "ResourceNotFoundException"),
        ("get_secret_value", {"SecretId": "shop/db", "VersionStage": "x"}, "ResourceNotFoundException"),
        ("get_secret_value", {"SecretId": "shop/db", "VersionId": "x" * 32}, "ResourceNotFoundException"),
        ("delete_secret", {"SecretId": "shop/db", "RecoveryWindowInDays": 3}, "InvalidParameterException"),
        ("list_secrets", {"SortBy": "last-accessed-date"}, "InvalidParameterException"),
    ],
)
def test_modelled_errors(client, operation, asked, error):
    create(client)
    assert code(getattr(client, operation), **asked) == error


@pytest.mark.parametrize("name", sorted(SECRETS_MANAGER.operations))
def test_any_input_is_answered_or_refused_as_modelled(installation, name):
    client = installation.client("secretsmanager")
    create(client, ClientRequestToken=TOKEN)
    create(client, "marked")
    client.delete_secret(SecretId="marked")
    known = {"SecretId": ["shop/db", "marked", "none"], "Name": ["shop/db", "new"], "ClientRequestToken": [TOKEN]}
    known |= {"VersionStage": ["AWSCURRENT"], "MoveToVersionId": [TOKEN], "RemoveFromVersionId": [TOKEN]}
    ask_anything(installation, "secretsmanager", name, known, COMMON)
