"""boto3 speaks to Parameter Store: versions, hierarchies, what is hidden, modelled errors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.api.ssm.service import SSM
from tests.contract.api.asking import code
from tests.contract.api.drawn import ask_anything

COMMON = frozenset({"ValidationException", "SerializationException"})


@pytest.fixture
def ssm(installation):
    return installation.client("ssm")


def put(ssm, name="/shop/db", value="s3cret", **more) -> Any:
    return ssm.put_parameter(**{"Name": name, "Value": value, "Type": "SecureString", **more})


def test_versions_increase_and_old_ones_can_be_read(ssm):
    assert put(ssm)["Version"] == 1
    assert ssm.put_parameter(Name="/shop/db", Value="newer", Overwrite=True) | {"ResponseMetadata": 0} == {
        "Version": 2,
        "Tier": "Standard",
        "ResponseMetadata": 0,
    }
    now = ssm.get_parameter(Name="/shop/db", WithDecryption=True)["Parameter"]
    assert (now["Value"], now["Version"], now["Type"]) == ("newer", 2, "SecureString")
    assert now["ARN"] == "arn:aws:ssm:us-east-1:123456789012:parameter/shop/db"
    then = ssm.get_parameter(Name="/shop/db:1", WithDecryption=True)["Parameter"]
    assert (then["Value"], then["Selector"]) == ("s3cret", ":1")
    assert ssm.get_parameter(Name=now["ARN"], WithDecryption=True)["Parameter"]["Value"] == "newer"


def test_the_history_has_all_versions_oldest_first(ssm):
    for value in ("one", "two", "three"):
        put(ssm, value=value, Overwrite=value != "one")
    first = ssm.get_parameter_history(Name="/shop/db", WithDecryption=True, MaxResults=2)
    assert [(p["Version"], p["Value"]) for p in first["Parameters"]] == [(1, "one"), (2, "two")]
    rest = ssm.get_parameter_history(Name="/shop/db", NextToken=first["NextToken"], MaxResults=2)
    [third] = rest["Parameters"]
    assert (third["Version"], third["Value"] != "three", third["Labels"]) == (3, True, [])
    assert "NextToken" not in rest
    assert code(ssm.get_parameter_history, Name="/none") == "ParameterNotFound"
    assert code(ssm.get_parameter_history, Name="/shop/db", NextToken="x") == "InvalidNextToken"


def test_a_label_is_at_one_version(ssm):
    put(ssm, value="one")
    put(ssm, value="two", Overwrite=True)
    labelled = ssm.label_parameter_version(Name="/shop/db", ParameterVersion=1, Labels=["prod", "1st", "aws-x"])
    assert (labelled["ParameterVersion"], labelled["InvalidLabels"]) == (1, ["1st", "aws-x"])
    assert ssm.get_parameter(Name="/shop/db:prod", WithDecryption=True)["Parameter"]["Value"] == "one"
    ssm.label_parameter_version(Name="/shop/db", Labels=["prod"])
    assert ssm.get_parameter(Name="/shop/db:prod", WithDecryption=True)["Parameter"]["Value"] == "two"
    labels = [p["Labels"] for p in ssm.get_parameter_history(Name="/shop/db")["Parameters"]]
    assert labels == [[], ["prod"]]
    removed = ssm.unlabel_parameter_version(Name="/shop/db", ParameterVersion=2, Labels=["prod", "none"])
    assert (removed["RemovedLabels"], removed["InvalidLabels"]) == (["prod"], ["none"])
    assert code(ssm.get_parameter, Name="/shop/db:prod") == "ParameterVersionNotFound"
    assert code(ssm.label_parameter_version, Name="/shop/db", ParameterVersion=9, Labels=["a"]) == (
        "ParameterVersionNotFound"
    )
    many = [f"l{number}" for number in range(10)]
    ssm.label_parameter_version(Name="/shop/db", Labels=many)
    assert code(ssm.label_parameter_version, Name="/shop/db", Labels=["more"]) == "ParameterVersionLabelLimitExceeded"


def test_a_labelled_version_is_not_dropped_for_a_newer_one(ssm):
    put(ssm, value="one")
    ssm.label_parameter_version(Name="/shop/db", Labels=["kept"])
    for _ in range(99):
        put(ssm, value="more", Overwrite=True)
    newer = {"Name": "/shop/db", "Value": "newer", "Overwrite": True}
    assert code(ssm.put_parameter, **newer) == "ParameterMaxVersionLimitExceeded"
    ssm.label_parameter_version(Name="/shop/db", ParameterVersion=50, Labels=["kept"])
    assert put(ssm, Overwrite=True)["Version"] == 101


def test_a_secure_string_is_decrypted_only_on_request(ssm, installation):
    put(ssm)
    put(ssm, "/shop/plain", "open", Type="String")
    parameters = ssm.get_parameters_by_path(Path="/shop")["Parameters"]
    assert "s3cret" not in str(parameters)
    assert next(p["Value"] for p in parameters if p["Type"] == "String") == "open"
    assert "s3cret" not in str(ssm.describe_parameters())
    assert "s3cret" not in repr(list(installation.store.world.records()))


def test_a_hierarchy_at_one_level_and_below(ssm):
    for name in ("/a/b", "/a/b/c", "/ab", "top"):
        put(ssm, name, Type="String")
    names = [p["Name"] for p in ssm.get_parameters_by_path(Path="/a")["Parameters"]]
    deep = [p["Name"] for p in ssm.get_parameters_by_path(Path="/a", Recursive=True)["Parameters"]]
    assert (names, deep) == (["/a/b"], ["/a/b", "/a/b/c"])
    first = ssm.get_parameters_by_path(Path="/", Recursive=True, MaxResults=3)
    rest = ssm.get_parameters_by_path(Path="/", Recursive=True, MaxResults=3, NextToken=first["NextToken"])
    assert len(first["Parameters"]) + len(rest["Parameters"]) == 4


def test_filters(ssm):
    put(ssm, "/a/b", Type="String", Tags=[{"Key": "team", "Value": "x"}])
    put(ssm, "/a/c")

    def names(*filters):
        parameters = ssm.describe_parameters(ParameterFilters=[dict(f) for f in filters])["Parameters"]
        return [p["Name"] for p in parameters]

    assert names({"Key": "Name", "Option": "Equals", "Values": ["/a/b"]}) == ["/a/b"]
    assert names({"Key": "Name", "Option": "BeginsWith", "Values": ["/a"]}, {"Key": "tag:team"}) == ["/a/b"]
    assert names({"Key": "Type", "Values": ["SecureString"]}) == ["/a/c"]
    assert names({"Key": "Path", "Option": "Recursive", "Values": ["/a"]}) == ["/a/b", "/a/c"]
    assert code(ssm.describe_parameters, ParameterFilters=[{"Key": "Label", "Values": ["x"]}]) == "InvalidFilterKey"


def test_missing_parameters_are_listed_as_invalid(ssm):
    put(ssm, "/a")
    response = ssm.get_parameters(Names=["/a", "/b", "/a:7"])
    assert ([p["Name"] for p in response["Parameters"]], response["InvalidParameters"]) == (["/a"], ["/b", "/a:7"])
    removed_response = ssm.delete_parameters(Names=["/a", "/b"])
    assert (removed_response["DeletedParameters"], removed_response["InvalidParameters"]) == (["/a"], ["/b"])


def test_accounts_and_regions_are_apart(ssm, installation):
    put(ssm, "/a")
    other = installation.client("ssm", key="111122223333")
    assert code(other.get_parameter, Name="/a") == "ParameterNotFound"
    arn = "arn:aws:ssm:us-east-1:123456789012:parameter/a"
    assert code(other.get_parameter, Name=arn) == "ParameterNotFound"


def test_tags(ssm):
    put(ssm, "/a")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/a", Tags=[{"Key": "k", "Value": "v"}])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a")["TagList"] == [
        {"Key": "k", "Value": "v"}
    ]
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/a", TagKeys=["k"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a")["TagList"] == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, "ParameterAlreadyExists"),
        ({"Overwrite": True, "Type": "String"}, "HierarchyTypeMismatchException"),
        ({"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException"),
        ({"Name": "/aws/x"}, "ValidationException"),
        ({"Name": "/a b"}, "ValidationException"),
        ({"Name": "a/b"}, "ValidationException"),
        ({"Name": "/x" * 16}, "HierarchyLevelLimitExceededException"),
        ({"Name": "/new", "Value": "x" * 4097}, "ValidationException"),
        ({"Name": "/new", "AllowedPattern": "[a-u]"}, "ParameterPatternMismatchException"),
        ({"Name": "/new", "AllowedPattern": "("}, "InvalidAllowedPatternException"),
        ({"Name": "/new", "AllowedPattern": "(" * 512 + ")" * 512}, "InvalidAllowedPatternException"),
        ({"Name": "/new", "DataType": "aws:ec2:image"}, "ValidationException"),
        ({"Name": "/new", "Type": "String", "KeyId": "alias/x"}, "ValidationException"),
    ],
)
def test_invalid_parameters_are_refused(ssm, asked, error):
    put(ssm)
    assert code(ssm.put_parameter, **{"Name": "/shop/db", "Value": "v", "Type": "SecureString", **asked}) == error


def test_an_allowed_pattern_holds_for_the_whole_of_later_values(ssm):
    put(ssm, "/most", "100", Type="String", AllowedPattern=r"\d{1,4}")
    with pytest.raises(ClientError) as caught:
        ssm.put_parameter(Name="/most", Value="10,000", Overwrite=True)
    assert caught.value.response["Error"] == {
        "Code": "ParameterPatternMismatchException",
        "Message": r"Parameter value, cannot be validated against allowedPattern: \d{1,4}",
    }
    ssm.put_parameter(Name="/most", Value="10,000", Overwrite=True, AllowedPattern=r"[\d,]+")
    history = ssm.get_parameter_history(Name="/most")["Parameters"]
    assert [(each["Value"], each["AllowedPattern"]) for each in history] == [
        ("100", r"\d{1,4}"),
        ("10,000", r"[\d,]+"),
    ]
    assert [each["AllowedPattern"] for each in ssm.describe_parameters()["Parameters"]] == [r"[\d,]+"]


def test_a_pattern_that_takes_too_long_is_refused(ssm):
    put_slow = {"Name": "/slow", "Type": "String", "Value": "x" * 60, "AllowedPattern": "(x|xx)+(?=y)[a-z]"}
    assert code(ssm.put_parameter, **put_slow) == "InvalidAllowedPatternException"


@pytest.mark.parametrize("name", sorted(SSM.operations))
def test_any_input_is_answered_or_refused_as_modelled(installation, name):
    ssm = installation.client("ssm")
    put(ssm)
    put(ssm, "/shop/plain", Type="String")
    known = {"Name": ["/shop/db", "/x"], "Names": ["/shop/db"], "Path": ["/", "/shop"], "ResourceId": ["/shop/db"]}
    known |= {"Key": ["Name", "Type", "Path", "tag:a"], "ResourceType": ["Parameter", "Document"]}
    ask_anything(installation, "ssm", name, known, COMMON)
