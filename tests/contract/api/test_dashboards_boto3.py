"""Dashboards as CloudWatch's SDK sees them, in each protocol it may speak."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from moyai.domain.cloudwatch.dashboard import Dashboard, dashboard_arn
from moyai.domain.world import Put
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE

BODY = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "# Shop"}}]})
ARN = "arn:aws:cloudwatch::123456789012:dashboard/shop"


def test_a_dashboard_is_put_read_listed_and_deleted(cloudwatch):
    assert cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=BODY)["DashboardValidationMessages"] == []
    response = cloudwatch.get_dashboard(DashboardName="shop")
    assert (response["DashboardName"], response["DashboardArn"], response["DashboardBody"]) == ("shop", ARN, BODY)
    cloudwatch.put_dashboard(DashboardName="other", DashboardBody=BODY)
    [entry] = cloudwatch.list_dashboards(DashboardNamePrefix="sh")["DashboardEntries"]
    assert (entry["DashboardArn"], entry["Size"]) == (ARN, len(BODY))
    assert entry["LastModified"] == datetime.fromtimestamp(EPOCH, UTC)
    with pytest.raises(ClientError, match="Dashboard gone does not exist") as exc_info:
        cloudwatch.delete_dashboards(DashboardNames=["shop", "gone"])
    assert exc_info.value.response["Error"]["Code"].startswith("InvalidParameterValue")
    assert [
        dashboard_entry["DashboardName"] for dashboard_entry in cloudwatch.list_dashboards()["DashboardEntries"]
    ] == ["other", "shop"]
    cloudwatch.delete_dashboards(DashboardNames=["shop"])
    assert [
        dashboard_entry["DashboardName"] for dashboard_entry in cloudwatch.list_dashboards()["DashboardEntries"]
    ] == ["other"]
    with pytest.raises(ClientError, match="Dashboard shop does not exist") as exc_info:
        cloudwatch.get_dashboard(DashboardName="shop")
    assert exc_info.value.response["Error"]["Code"] == "ResourceNotFound"


def test_an_invalid_body_is_refused_with_every_reason(cloudwatch):
    bad = json.dumps({"widgets": [{"type": "text", "properties": {}}, {"type": "clock"}]})
    with pytest.raises(cloudwatch.exceptions.DashboardInvalidInputError) as exc_info:
        cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=bad)
    message = exc_info.value.response["Error"]["Message"]
    head, _, told = message.partition("\n")
    assert head == "The dashboard body is invalid, there are 3 validation errors:"
    assert json.loads(told)[0] == {
        "dataPath": "/widgets/0/properties",
        "message": "Should have required property 'markdown'",
    }
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
    with pytest.raises(ClientError, match="The field DashboardBody must be a valid JSON object"):
        cloudwatch.put_dashboard(DashboardName="shop", DashboardBody="no")


def test_a_dashboard_is_stored_with_warnings(cloudwatch):
    odd = json.dumps({"widgets": [], "colour": "red"})
    [warning] = cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=odd)["DashboardValidationMessages"]
    assert warning["DataPath"] == "/colour"
    assert cloudwatch.get_dashboard(DashboardName="shop")["DashboardBody"] == odd


def test_a_dashboard_is_visible_in_every_region_of_its_account(installation):
    mine, others = installation.client("cloudwatch"), installation.client("cloudwatch", key="111122223333")
    mine.put_dashboard(DashboardName="shop", DashboardBody=BODY, Tags=[{"Key": "team", "Value": "a"}])
    assert others.list_dashboards()["DashboardEntries"] == []
    mine.put_dashboard(DashboardName="shop", DashboardBody=BODY, Tags=[{"Key": "team", "Value": "b"}])
    assert mine.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "team", "Value": "a"}]
    mine.tag_resource(ResourceARN=ARN, Tags=[{"Key": "floor", "Value": "2"}])
    mine.untag_resource(ResourceARN=ARN, TagKeys=["team"])
    assert mine.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "floor", "Value": "2"}]
    with pytest.raises(ClientError, match="Unknown resource"):
        others.tag_resource(ResourceARN=ARN, Tags=[{"Key": "floor", "Value": "2"}])


def test_dashboards_have_pages(installation):
    cloudwatch = installation.client("cloudwatch")
    names = (f"d{number}" for number in range(1001))
    installation.store.apply([Put(Dashboard(dashboard_arn(SCOPE.account, name), name, BODY, EPOCH)) for name in names])
    first = cloudwatch.list_dashboards()
    rest = cloudwatch.list_dashboards(NextToken=first["NextToken"])
    assert (len(first["DashboardEntries"]), len(rest["DashboardEntries"])) == (1000, 1)
    with pytest.raises(ClientError, match="NextToken"):
        cloudwatch.list_dashboards(NextToken="bogus")


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"DashboardName": "a b"}, "InvalidParameterValue", "invalid characters"),
        ({"DashboardName": "x" * 256}, "InvalidParameterValue", "invalid characters"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidParameterInput", "reserved"),
        ({"Tags": [{"Key": "moyai:x", "Value": ""}]}, "InvalidParameterInput", "no setting of moyai"),
    ],
)
def test_invalid_dashboards_are_refused(installation, params, code, words):
    with pytest.raises(ClientError, match=words) as exc_info:
        installation.client("cloudwatch").put_dashboard(**{"DashboardName": "shop", "DashboardBody": BODY, **params})
    assert exc_info.value.response["Error"]["Code"] == code
