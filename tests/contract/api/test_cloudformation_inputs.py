"""Whatever the model allows as input, an operation of CloudFormation answers it or raises an error that clients know,
and an error changes nothing."""

from __future__ import annotations

import pytest

from moyai.api.cloudformation.service import cloudformation
from tests.contract.api.drawn import ask_anything
from tests.contract.api.test_cloudformation_boto3 import TEMPLATE, create

pytestmark = pytest.mark.long

COMMON = frozenset({"ValidationError", "MalformedInput"})


@pytest.mark.parametrize("name", sorted(cloudformation().operations))
def test_any_input_is_answered_or_refused_with_a_modelled_error(installation, name):
    client = installation.client("cloudformation")
    identity = create(installation, client)
    change_set = client.create_change_set(
        StackName="shop", ChangeSetName="next", TemplateBody=TEMPLATE.replace('"Default": 7', '"Default": 14')
    )["Id"]
    values_by_member = {
        "StackName": ["shop", identity, "new", "none"],
        "ChangeSetName": ["next", change_set, "none"],
        "TemplateBody": [TEMPLATE, '{"Resources": {"A": {"Type": "AWS::EC2::VPC"}}}', "{"],
        "ParameterKey": ["Days", "Key", "None"],
        "ParameterValue": ["7", "14", "x"],
        "LogicalResourceId": ["Logs", "None"],
        "ExportName": ["shop-logs", "none"],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    ask_anything(installation, "cloudformation", name, values_by_member, COMMON)
