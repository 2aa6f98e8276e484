"""Operations that tools call beside those that do something: policies, public parameters, revocations, options."""

from __future__ import annotations

import json

import pytest

from moyai.kernel.arn import arn
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope
from tests.contract.api.asking import code

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_a_secret_keeps_its_resource_policy(installation):
    secrets = installation.client("secretsmanager")
    arn = secrets.create_secret(Name="db", SecretString="s")["ARN"]
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="db")
    secrets.put_resource_policy(SecretId="db", ResourcePolicy=POLICY, BlockPublicPolicy=True)
    assert secrets.get_resource_policy(SecretId=arn)["ResourcePolicy"] == POLICY
    assert code(secrets.put_resource_policy, SecretId="db", ResourcePolicy="{") == "MalformedPolicyDocumentException"
    assert secrets.validate_resource_policy(ResourcePolicy=POLICY)["PolicyValidationPassed"] is True
    assert secrets.validate_resource_policy(ResourcePolicy="[]")["PolicyValidationPassed"] is False
    secrets.delete_resource_policy(SecretId="db")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="db")


def test_values_of_several_secrets_are_read_at_once(installation):
    secrets = installation.client("secretsmanager")
    for name in ("db-1", "db-2", "empty"):
        secrets.create_secret(Name=name, **({} if name == "empty" else {"SecretString": name}))
    answer = secrets.batch_get_secret_value(SecretIdList=["db-2", "gone", "empty"])
    assert [value["SecretString"] for value in answer["SecretValues"]] == ["db-2"]
    assert {error["SecretId"]: error["ErrorCode"] for error in answer["Errors"]} == {
        "gone": "ResourceNotFoundException",
        "empty": "ResourceNotFoundException",
    }
    by_name = {"Filters": [{"Key": "name", "Values": ["db"]}], "MaxResults": 1}
    page = secrets.batch_get_secret_value(**by_name)
    assert [value["Name"] for value in page["SecretValues"]] == ["db-1"]
    page = secrets.batch_get_secret_value(**by_name, NextToken=page["NextToken"])
    assert [value["Name"] for value in page["SecretValues"]] == ["db-2"]
    assert code(secrets.batch_get_secret_value) == "InvalidParameterException"


def test_public_parameters_name_images_that_exist(installation, ec2):
    ssm = installation.client("ssm")
    recommended = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
    parameter = ssm.get_parameter(Name=recommended)["Parameter"]
    assert parameter["ARN"] == f"arn:aws:ssm:us-east-1::parameter{recommended}"
    facts = json.loads(parameter["Value"])
    assert ssm.get_parameter(Name=f"{recommended}/image_id")["Parameter"]["Value"] == facts["image_id"]
    [image] = ec2.describe_images(ImageIds=[facts["image_id"]])["Images"]
    assert image["Name"] == facts["image_name"]
    below = ssm.get_parameters_by_path(Path="/aws/service/aws-for-fluent-bit")["Parameters"]
    assert "/aws/service/aws-for-fluent-bit/stable" in [one["Name"] for one in below]
    assert code(ssm.delete_parameter, Name=recommended) == "ParameterNotFound"
    assert code(ssm.get_parameter, Name="/aws/service/none") == "ParameterNotFound"
    assert ssm.describe_parameters()["Parameters"] == []


@pytest.fixture
def authority(installation):
    pca = installation.client("acm-pca")
    subject = {"CommonName": "shop"}
    configuration = {"KeyAlgorithm": "EC_prime256v1", "SigningAlgorithm": "SHA256WITHECDSA", "Subject": subject}
    return pca.create_certificate_authority(
        CertificateAuthorityConfiguration=configuration,
        CertificateAuthorityType="ROOT",
        KeyStorageSecurityStandard="FIPS_140_2_LEVEL_2_OR_HIGHER",
    )["CertificateAuthorityArn"]


def test_an_authority_keeps_its_policy_and_its_key_storage(installation, authority):
    pca = installation.client("acm-pca")
    described = pca.describe_certificate_authority(CertificateAuthorityArn=authority)["CertificateAuthority"]
    assert described["KeyStorageSecurityStandard"] == "FIPS_140_2_LEVEL_2_OR_HIGHER"
    assert code(pca.get_policy, ResourceArn=authority) == "ResourceNotFoundException"
    pca.put_policy(ResourceArn=authority, Policy=POLICY)
    assert pca.get_policy(ResourceArn=authority)["Policy"] == POLICY
    assert code(pca.put_policy, ResourceArn=authority, Policy="x") == "InvalidPolicyException"
    pca.delete_policy(ResourceArn=authority)
    assert code(pca.get_policy, ResourceArn=authority) == "ResourceNotFoundException"


def test_only_a_certificate_of_an_active_authority_is_revoked(installation, authority):
    pca = installation.client("acm-pca")
    wanted = {"CertificateSerial": "01:02", "RevocationReason": "SUPERSEDED"}
    refused = code(pca.revoke_certificate, CertificateAuthorityArn=authority, **wanted)
    assert refused == "InvalidStateException"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eusc-de-east-1", "aws-eusc")],
)
def test_arns_have_the_partition_of_their_region(region, partition):
    assert arn("ecs", Scope(AccountId("1"), Region(region)), "cluster/a") == f"arn:{partition}:ecs:{region}:1:cluster/a"
