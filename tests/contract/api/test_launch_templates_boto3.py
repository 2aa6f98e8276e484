"""Launch templates: versions, the default one, names, and what is refused."""

from __future__ import annotations

import base64

import pytest

from tests.contract.api.asking import code, filters_of, tag_specification

DATA = {
    "ImageId": "ami-0123456789abcdef0",
    "InstanceType": "t3.large",
    "IamInstanceProfile": {"Name": "ecs"},
    "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
    "MetadataOptions": {"HttpTokens": "required"},
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"ValidUntil": "2027-01-01T00:00:00Z"}},
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "host"}]}],
}


@pytest.fixture
def template(ec2):
    created = ec2.create_launch_template(
        LaunchTemplateName="hosts",
        LaunchTemplateData=DATA,
        TagSpecifications=tag_specification("launch-template", a="b"),
    )
    return created["LaunchTemplate"]


def versions_of(ec2, template, *versions, **members):
    members_of = {
        "LaunchTemplateId": template["LaunchTemplateId"],
        **({"Versions": list(versions)} if versions else {}),
    }
    return ec2.describe_launch_template_versions(**members_of, **members)["LaunchTemplateVersions"]


def test_data_is_returned_as_it_was_given(ec2, template):
    [version] = versions_of(ec2, template)
    data = version["LaunchTemplateData"]
    valid_until = data["InstanceMarketOptions"]["SpotOptions"].pop("ValidUntil")
    assert valid_until.isoformat() == "2027-01-01T00:00:00+00:00"
    options = {"MarketType": "spot", "SpotOptions": {}}
    assert data == {**DATA, "InstanceMarketOptions": options}
    assert (version["VersionNumber"], version["DefaultVersion"]) == (1, True)
    assert ec2.describe_launch_templates(LaunchTemplateNames=["hosts"])["LaunchTemplates"] == [template]
    assert ec2.describe_launch_templates(Filters=filters_of(("tag:a", "b")))["LaunchTemplates"] == [template]


def test_a_version_adds_to_its_source(ec2, template):
    identity = template["LaunchTemplateId"]
    created = ec2.create_launch_template_version(
        LaunchTemplateId=identity, SourceVersion="$Default", LaunchTemplateData={"InstanceType": "t3.small"}
    )["LaunchTemplateVersion"]
    assert created["VersionNumber"] == 2
    assert created["LaunchTemplateData"]["InstanceType"] == "t3.small"
    assert created["LaunchTemplateData"]["ImageId"] == DATA["ImageId"]
    assert [each["VersionNumber"] for each in versions_of(ec2, template, "$Latest", "$Default")] == [2, 1]
    changed = ec2.modify_launch_template(LaunchTemplateName="hosts", DefaultVersion="2")["LaunchTemplate"]
    assert (changed["DefaultVersionNumber"], changed["LatestVersionNumber"]) == (2, 2)
    filters = filters_of(("is-default-version", "true"), ("instance-type", "t3.*"))
    assert [each["VersionNumber"] for each in versions_of(ec2, template, Filters=filters)] == [2]


def test_the_number_of_a_deleted_version_is_not_used_again(ec2, template):
    identity = template["LaunchTemplateId"]
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData={"InstanceType": "t3.small"})
    answer = ec2.delete_launch_template_versions(LaunchTemplateId=identity, Versions=["3", "7"])
    assert [each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [3]
    [failed] = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert failed["ResponseError"]["Code"] == "launchTemplateVersionDoesNotExist"
    again = ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData={"KeyName": "k"})
    assert again["LaunchTemplateVersion"]["VersionNumber"] == 4


def test_only_numbers_other_than_the_default_are_deleted(ec2, template):
    identity = template["LaunchTemplateId"]
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData={"InstanceType": "t3.small"})
    answer = ec2.delete_launch_template_versions(LaunchTemplateId=identity, Versions=["1", "2"])
    assert [each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    [failed] = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert (failed["VersionNumber"], failed["ResponseError"]["Code"]) == (1, "unexpectedError")
    for name in ("$Latest", "$Default", "\u0663"):
        versions = {"LaunchTemplateId": identity, "Versions": ["3", name]}
        assert code(ec2.delete_launch_template_versions, **versions) == "InvalidParameterValue"
    assert [each["VersionNumber"] for each in versions_of(ec2, template)] == [3, 1]
    assert (
        code(versions_of, ec2=ec2, template=template, MinVersion="\u0663") == "InvalidLaunchTemplateId.VersionNotFound"
    )


def test_a_repeated_request_creates_nothing(ec2):
    members = {"LaunchTemplateName": "once", "LaunchTemplateData": {"InstanceType": "t3.small"}, "ClientToken": "t"}
    first = ec2.create_launch_template(**members)["LaunchTemplate"]
    assert ec2.create_launch_template(**members)["LaunchTemplate"] == first
    other = {**members, "LaunchTemplateData": {"InstanceType": "t3.large"}}
    assert code(ec2.create_launch_template, **other) == "IdempotentParameterMismatch"
    version = {"LaunchTemplateName": "once", "LaunchTemplateData": {"KeyName": "k"}, "ClientToken": "v"}
    numbers = {
        ec2.create_launch_template_version(**version)["LaunchTemplateVersion"]["VersionNumber"] for _ in range(2)
    }
    assert numbers == {2}
    ec2.modify_launch_template(LaunchTemplateName="once", DefaultVersion="2")
    ec2.delete_launch_template_versions(LaunchTemplateName="once", Versions=["1"])
    repeated = ec2.create_launch_template(**members)["LaunchTemplate"]
    assert repeated["LaunchTemplateId"] == first["LaunchTemplateId"]
    for call, request in ((ec2.create_launch_template, members), (ec2.create_launch_template_version, version)):
        assert code(call, **{**request, "ClientToken": "t" * 129}) == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["ab", "a" * 129, "a b c", "hosts\n", "\u00e4\u00f6\u00fc"])
def test_a_name_has_letters_digits_and_some_signs(ec2, name):
    members = {"LaunchTemplateName": name, "LaunchTemplateData": {"KeyName": "k"}}
    assert code(ec2.create_launch_template, **members) == "InvalidLaunchTemplateName.MalformedException"
    ec2.create_launch_template(LaunchTemplateName="a(b).c-d/e_F1", LaunchTemplateData={"KeyName": "k"})


@pytest.mark.parametrize("identity", ["hosts", "lt-", "lt-0123456789abcdeg", "lt-" + "0" * 18])
def test_an_id_is_lt_and_hexadecimal_digits(ec2, identity):
    malformed = "InvalidLaunchTemplateId.Malformed"
    assert code(ec2.delete_launch_template, LaunchTemplateId=identity) == malformed
    assert code(ec2.describe_launch_templates, LaunchTemplateIds=[identity]) == malformed


def test_filters_by_what_a_version_has(ec2, template):
    [version] = versions_of(ec2, template)
    ec2.create_launch_template_version(
        LaunchTemplateId=template["LaunchTemplateId"],
        LaunchTemplateData={
            "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/a"},
            "KernelId": "aki-1",
            "RamDiskId": "ari-1",
            "MetadataOptions": {"HttpEndpoint": "disabled", "HttpProtocolIpv6": "enabled"},
            "Placement": {"HostResourceGroupArn": "arn:aws:resource-groups:a"},
            "LicenseSpecifications": [{"LicenseConfigurationArn": "arn:aws:license-manager:a"}],
            "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkCardIndex": 1}],
        },
    )
    created = f"{version['CreateTime']:%Y-%m-%dT%H:%M}*"
    expected = {
        ("http-tokens", "required"): [1],
        ("http-endpoint", "disabled"): [2],
        ("iam-instance-profile", "arn:aws:iam::1:*"): [2],
        ("kernel-id", "aki-1"): [2],
        ("ram-disk-id", "ari-1"): [2],
        ("host-resource-group-arn", "arn:aws:resource-groups:a"): [2],
        ("license-configuration-arn", "arn:aws:license-manager:a"): [2],
        ("network-card-index", "1"): [2],
        ("create-time", created): [2, 1],
    }
    numbers = {
        each: [version["VersionNumber"] for version in versions_of(ec2, template, Filters=filters_of(each))]
        for each in expected
    }
    assert numbers == expected
    names = [
        each["LaunchTemplateName"]
        for each in ec2.describe_launch_templates(Filters=filters_of(("create-time", created)))["LaunchTemplates"]
    ]
    assert names == ["hosts"]


def test_versions_have_no_tags(ec2, template):
    for name in ("tag:a", "tag-key", "tag-value"):
        members = {"ec2": ec2, "template": template, "Filters": filters_of((name, "b"))}
        assert code(versions_of, **members) == "InvalidParameterValue"


def test_names_that_are_taken_and_templates_that_do_not_exist(ec2, template):
    identity = template["LaunchTemplateId"]
    data = {"LaunchTemplateName": "hosts", "LaunchTemplateData": {"KeyName": "k"}}
    assert code(ec2.create_launch_template, **data) == "InvalidLaunchTemplateName.AlreadyExistsException"
    long = {"LaunchTemplateName": "long", "LaunchTemplateData": {"UserData": "a" * 21_849}}
    assert code(ec2.create_launch_template, **long) == "InvalidParameterValue"
    assert code(ec2.describe_launch_template_versions, Versions=["1"]) == "MissingParameter"
    assert code(versions_of, ec2=ec2, template=template, MinVersion="9") == "InvalidLaunchTemplateId.VersionNotFound"
    both = {"LaunchTemplateId": identity, "LaunchTemplateName": "hosts"}
    assert code(ec2.delete_launch_template, **both) == "InvalidParameterCombination"
    ec2.delete_launch_template(LaunchTemplateId=identity)
    assert code(ec2.delete_launch_template, LaunchTemplateId=identity) == "InvalidLaunchTemplateId.NotFound"
    assert code(ec2.describe_launch_templates, LaunchTemplateIds=[identity]) == "InvalidLaunchTemplateId.NotFound"
    missing = "InvalidLaunchTemplateName.NotFoundException"
    assert code(ec2.describe_launch_templates, LaunchTemplateNames=["hosts"]) == missing
    assert code(ec2.modify_launch_template, LaunchTemplateName="hosts", DefaultVersion="1") == missing
