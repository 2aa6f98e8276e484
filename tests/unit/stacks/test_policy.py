"""Stack policies: what their statements allow and deny."""

from __future__ import annotations

import json

import pytest

from moyai.domain.cloudformation.errors import StackFault
from moyai.stacks.policy import PolicyAction, parse_policy

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def deny(**members: object) -> dict[str, object]:
    return {"Effect": "Deny", "Principal": "*", **members}


@pytest.mark.parametrize(
    ("statement", "denied"),
    [
        (ALLOW, ""),
        ([ALLOW, deny(Action="Update:Replace", Resource="LogicalResourceId/Db*")], "replace Db"),
        ([ALLOW, deny(Action=["Update:Delete"], NotResource="LogicalResourceId/Db")], "delete Web"),
        (
            [ALLOW, deny(Action="Update:*", Resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::Db"]}})],
            "modify replace delete Db",
        ),
        (
            [
                ALLOW,
                deny(NotAction="*:Modify", Resource="*", Condition={"StringLike": {"ResourceType": "AWS::W*"}}),
            ],
            "replace delete Web",
        ),
        ({**ALLOW, "Resource": "LogicalResourceId/Db"}, "modify replace delete Web"),
    ],
)
def test_a_policy_denies_what_it_names_or_does_not_allow(statement, denied):
    policy = parse_policy(json.dumps({"Statement": statement}))
    for name in ("Db", "Web"):
        for action in PolicyAction:
            reason = policy.denial(action, name, f"AWS::{name}")
            expected = name in denied and action.partition(":")[2].lower() in denied
            assert (reason is not None) is expected, (name, action)
            if reason is not None:
                assert f"[{action}] for resource [LogicalResourceId/{name}]" in reason


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Resource": "*"}]}),
        json.dumps({"Statement": [{**ALLOW, "Effect": "Maybe"}]}),
        json.dumps({"Statement": [{**ALLOW, "Principal": "me"}]}),
        json.dumps({"Statement": [{**ALLOW, "Condition": {"StringEquals": {"Color": "red"}}}]}),
    ],
)
def test_a_malformed_policy_is_refused(text):
    with pytest.raises(StackFault, match="Error validating stack policy"):
        parse_policy(text)
