"""Account settings: whose they are, what holds, and what can't be set."""

from __future__ import annotations

import pytest

from moyai.domain.ecs.account_setting import SETTING_RULES
from tests.unit.api.ecs.client import dispatcher, ecs_service

ROOT = "arn:aws:iam::123456789012:root"
ROLE = "arn:aws:iam::123456789012:role/team/deployer"
OWN = "arn:aws:iam::123456789012:user/test"


def test_every_setting_of_the_model_has_a_rule():
    assert set(dispatcher().model.shape_for("SettingName").metadata["enum"]) == set(SETTING_RULES)


def test_a_principals_setting_overrides_the_accounts(ecs):
    def holds(principal=OWN):
        [setting] = ecs.call(
            "ListAccountSettings", name="containerInsights", effectiveSettings=True, principalArn=principal
        )["settings"]
        return setting["value"]

    assert holds() == "disabled"
    ecs.call("PutAccountSettingDefault", name="containerInsights", value="enabled")
    assert (holds(), holds(ROLE)) == ("enabled", "enabled")
    set_own = ecs.call("PutAccountSetting", name="containerInsights", value="enhanced")["setting"]
    assert set_own == {"name": "containerInsights", "value": "enhanced", "principalArn": OWN, "type": "user"}
    assert (holds(), holds(ROLE), holds(ROOT)) == ("enhanced", "enabled", "enabled")
    assert ecs.call("DeleteAccountSetting", name="containerInsights")["setting"]["value"] == "enabled"
    ecs.call("DeleteAccountSetting", name="containerInsights")
    assert holds() == "enabled"


def test_only_explicit_settings_are_listed_unless_effective_ones_are_requested(ecs):
    assert ecs.call("ListAccountSettings")["settings"] == []
    ecs.call("PutAccountSetting", name="taskLongArnFormat", value="enabled", principalArn=ROLE)
    assert ecs.call("ListAccountSettings")["settings"] == []
    [setting] = ecs.call("ListAccountSettings", principalArn=ROLE)["settings"]
    assert (setting["name"], setting["principalArn"]) == ("taskLongArnFormat", ROLE)
    first = ecs.call("ListAccountSettings", effectiveSettings=True)
    rest = ecs.call("ListAccountSettings", effectiveSettings=True, nextToken=first["nextToken"])
    assert [s["name"] for s in (*first["settings"], *rest["settings"])] == sorted(SETTING_RULES)
    assert {s["name"]: s["type"] for s in first["settings"]}["guardDutyActivate"] == "aws_managed"
    expected = {"name": "containerInsights", "value": "enabled", "effectiveSettings": True}
    assert ecs.call("ListAccountSettings", **expected)["settings"] == []


def test_a_new_cluster_inherits_the_callers_container_insights(ecs):
    ecs.call("PutAccountSettingDefault", name="containerInsights", value="enhanced")
    cluster = ecs.call("CreateCluster", clusterName="watched")["cluster"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    requests = [{"name": "containerInsights", "value": "disabled"}]
    assert ecs.call("CreateCluster", clusterName="other", settings=requests)["cluster"]["settings"] == requests
    changed_cluster = ecs.call("UpdateClusterSettings", cluster="watched", settings=requests)["cluster"]
    assert changed_cluster["settings"] == requests


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("containerInsights", "maybe", "Invalid value for containerInsights. Valid values are: enabled, disabled"),
        ("taskLongArnFormat", "disabled", "You can no longer disable Long Arn settings"),
        ("fargateFIPSMode", "enabled", "no FIPS-validated cryptography"),
        ("tagResourceAuthorization", "on", "no IAM policies are evaluated"),
        ("guardDutyActivate", "on", "You cannot change guardDutyActivate"),
        ("defaultLogDriverMode", "blocking", "never waits"),
        ("unheardOf", "on", "name"),
    ],
)
def test_invalid_settings_are_refused(ecs, name, value, message):
    for operation in ("PutAccountSetting", "PutAccountSettingDefault"):
        ecs.fails(operation, "InvalidParameterException", message, name=name, value=value)


@pytest.mark.parametrize(
    "principal",
    ["somebody", "arn:aws:iam::999999999999:root", "arn:aws:iam::123456789012:role/", "arn:aws:iam::1:root"],
)
def test_a_principal_must_belong_to_the_account(ecs, principal):
    params = {"name": "containerInsights", "value": "enabled", "principalArn": principal}
    ecs.fails("PutAccountSetting", "InvalidParameterException", "principalArn must be", **params)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"value": "enabled"}, "value can only be given together with name"),
        ({"maxResults": 11}, "maxResults must be between 1 and 10"),
        ({"nextToken": "x"}, "nextToken"),
    ],
)
def test_invalid_list_requests_are_refused(ecs, asked, message):
    ecs.fails("ListAccountSettings", "InvalidParameterException", message, **asked)


def test_every_operation_of_ecs_is_there():
    assert set(ecs_service().operations) == set(dispatcher().model.operation_names)
