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
    assert (
        code(ec2.delete_launch_template_versions, LaunchTemplateId=identity, Versions=["1"]) == "InvalidParameterValue"
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
