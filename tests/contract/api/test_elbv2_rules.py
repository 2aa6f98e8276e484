"""boto3 makes rules: conditions, actions, transforms and priorities."""

from __future__ import annotations

import pytest

from tests.contract.api.asking import code, refusal
from tests.contract.api.elb import ABSENT_RULE, fixed_response, forward, host, path

CONDITIONS = [
    host("*.Example.com", "shop.example.com"),
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}},
    {"Field": "path-pattern", "RegexValues": ["^/v[0-9]+/"]},
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/img/*"], "RegexValues": ["^/x"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Chrome*", "*Safari*"]}},
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "version", "Value": "v1"}, {"Value": "*x*"}]}},
    {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24", "198.51.100.10/32"]}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition["Field"])
def test_a_condition_comes_back_as_it_was_sent(elb, listener, condition):
    [shown] = elb.rule(listener, Conditions=[condition])["Conditions"]
    for key, sent in condition.items():
        assert shown[key] == (shown[key] | sent if isinstance(sent, dict) else sent)


def test_hosts_and_paths_are_shown_in_both_forms(elb, listener):
    [shown] = elb.rule(listener, Conditions=[host("a.example.com")])["Conditions"]
    both = {"Values": ["a.example.com"], "RegexValues": []}
    assert shown == {"Field": "host-header", **both, "HostHeaderConfig": both}


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [{"Values": ["/x"]}],
        [{"Field": "colour", "Values": ["red"]}],
        [host()],
        [host("a_b.example.com")],
        [host("x" * 129)],
        [host("a"), host("b")],
        [path("/a b")],
        [path("/a"), path("/b")],
        [path("/1", "/2", "/3", "/4", "/5", "/6")],
        [path("/*?*?*?")],
        [{"Field": "path-pattern", "RegexValues": ["(?=x)"]}],
        [{"Field": "path-pattern", "RegexValues": ["["]}],
        [{"Field": "path-pattern", "RegexValues": ["a\nb"]}],
        [{"Field": "path-pattern", "RegexValues": ["(a{100}){100}"]}],
        [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/b"]}}],
        [{"Field": "path-pattern", "HostHeaderConfig": {"Values": ["a"]}}],
        [{"Field": "http-header", "Values": ["x"]}],
        [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "a b", "Values": ["x"]}}],
        [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "Host", "Values": ["x"]}}],
        [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X" * 41, "Values": ["x"]}}],
        [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X"}}],
        [{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}],
        [{"Field": "http-request-method", "HttpRequestMethodConfig": {}}],
        [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}}],
        [{"Field": "query-string", "QueryStringConfig": {}}],
        [{"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.1"]}}],
        [{"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.1/24"]}}],
        [{"Field": "source-ip", "SourceIpConfig": {"IpAddressType": "ipv4"}}],
    ],
)
def test_a_wrong_condition_is_refused_and_nothing_is_made(elb, installation, listener, conditions):
    before = list(installation.store.world.records())
    settings = {"Conditions": conditions, "Actions": [fixed_response()]}
    assert code(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings) == "ValidationError"
    assert list(installation.store.world.records()) == before


def test_the_error_for_an_unknown_field_names_the_fields(elb, listener):
    settings = {"Conditions": [{"Field": "cookie", "Values": ["a"]}], "Actions": [fixed_response()]}
    _, text = refusal(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings)
    assert text.startswith("Condition field 'cookie' must be one of '[host-header, path-pattern, ")


def test_a_redirect_is_shown_with_its_defaults(elb, listener):
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    [shown] = elb.rule(listener, Actions=[redirect])["Actions"]
    assert shown == {
        "Type": "redirect",
        "Order": 1,
        "RedirectConfig": {
            "Protocol": "HTTPS",
            "Port": "443",
            "Host": "#{host}",
            "Path": "/#{path}",
            "Query": "#{query}",
            "StatusCode": "HTTP_301",
        },
    }


def test_a_fixed_response_is_shown_as_it_was_sent(elb, listener):
    config = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "back soon"}
    [shown] = elb.rule(listener, Actions=[{"Type": "fixed-response", "FixedResponseConfig": config}])["Actions"]
    assert shown == {"Type": "fixed-response", "Order": 1, "FixedResponseConfig": config}


def test_weights_and_stickiness_of_groups(elb, listener, group):
    green = elb.target_group("green")["TargetGroupArn"]
    config = {
        "TargetGroups": [{"TargetGroupArn": group, "Weight": 100}, {"TargetGroupArn": green, "Weight": 0}],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    }
    [shown] = elb.rule(listener, Actions=[{"Type": "forward", "ForwardConfig": config}])["Actions"]
    assert shown == {"Type": "forward", "Order": 1, "ForwardConfig": config}
    described = elb.client.describe_target_groups(TargetGroupArns=[green])["TargetGroups"][0]
    assert described["LoadBalancerArns"], "a group with the weight 0 is associated"


def test_a_duration_is_shown_while_stickiness_is_off(elb, listener, group):
    off = {"Enabled": False, "DurationSeconds": 60}
    [shown] = elb.rule(listener, Actions=forward_by_weight((group, 1), **off))["Actions"]
    assert shown["ForwardConfig"]["TargetGroupStickinessConfig"] == off


def redirect(**settings):
    return [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", **settings}}]


def forward_by_weight(*pairs, **stickiness):
    groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in pairs]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}}]


@pytest.mark.parametrize(
    ("actions", "error"),
    [
        ([], "ValidationError"),
        ([{"Type": "forward"}], "ValidationError"),
        ([{"Type": "redirect"}], "ValidationError"),
        ([{"Type": "authenticate-oidc"}], "ValidationError"),
        ([{"Type": "jwt-validation"}, fixed_response()], "ValidationError"),
        ([fixed_response(), fixed_response()], "InvalidLoadBalancerAction"),
        ([fixed_response("302")], "ValidationError"),
        ([{**fixed_response(), "TargetGroupArn": "arn:x"}], "ValidationError"),
        (
            [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "a/b"}}],
            "ValidationError",
        ),
        (redirect(), "InvalidLoadBalancerAction"),
        (redirect(Query="a=b"), "InvalidLoadBalancerAction"),
        (redirect(Port="65536"), "ValidationError"),
        (redirect(Path="x"), "ValidationError"),
        (redirect(Path="/x", Query="?a=b"), "ValidationError"),
        (redirect(Host="a b"), "ValidationError"),
        (redirect(Protocol="FTP"), "ValidationError"),
    ],
)
def test_a_wrong_action_is_refused(elb, listener, actions, error):
    settings = {"Conditions": [path("/x")], "Actions": actions}
    assert code(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings) == error


@pytest.mark.parametrize(
    "weights",
    [
        [("one", 0)],
        [("one", 1000)],
        [("one", -1)],
        [("one", 1), ("one", 2)],
        [("one", 1), ("two", 1), ("three", 1), ("four", 1), ("five", 1), ("six", 1)],
    ],
)
def test_wrong_weights_are_refused(elb, listener, weights):
    groups = {name: elb.target_group(name)["TargetGroupArn"] for name, _ in weights}
    actions = forward_by_weight(*((groups[name], weight) for name, weight in weights))
    settings = {"Conditions": [path("/x")], "Actions": actions}
    assert code(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings) == "ValidationError"


@pytest.mark.parametrize("seconds", [None, 0, 604801])
def test_stickiness_of_groups_has_a_duration(elb, listener, group, seconds):
    stickiness = {"Enabled": True} | ({} if seconds is None else {"DurationSeconds": seconds})
    settings = {"Conditions": [path("/x")], "Actions": forward_by_weight((group, 1), **stickiness)}
    assert code(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings) == "ValidationError"


def test_priorities_are_unique_and_can_be_swapped(elb, listener):
    first, second = elb.rule(listener, 1)["RuleArn"], elb.rule(listener, 2)["RuleArn"]
    with pytest.raises(elb.client.exceptions.PriorityInUseException, match="Priority '1' is currently in use"):
        elb.rule(listener, 1)
    swap = [{"RuleArn": first, "Priority": 2}, {"RuleArn": second, "Priority": 1}]
    assert [rule["Priority"] for rule in elb.client.set_rule_priorities(RulePriorities=swap)["Rules"]] == ["2", "1"]
    rules = elb.client.describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["RuleArn"] for rule in rules[:2]] == [second, first]
    taken = [{"RuleArn": first, "Priority": 1}]
    assert code(elb.client.set_rule_priorities, RulePriorities=taken) == "PriorityInUse"
    twice = [{"RuleArn": first, "Priority": 7}, {"RuleArn": second, "Priority": 7}]
    assert code(elb.client.set_rule_priorities, RulePriorities=twice) == "PriorityInUse"
    absent = [{"RuleArn": first, "Priority": 9}, {"RuleArn": ABSENT_RULE, "Priority": 8}]
    assert code(elb.client.set_rule_priorities, RulePriorities=absent) == "RuleNotFound"
    assert elb.client.describe_rules(ListenerArn=listener)["Rules"] == rules


def test_the_default_rule_stays(elb, listener):
    [default] = elb.client.describe_rules(ListenerArn=listener)["Rules"]
    arn = default["RuleArn"]
    assert code(elb.client.delete_rule, RuleArn=arn) == "OperationNotPermitted"
    assert code(elb.client.modify_rule, RuleArn=arn, Actions=[fixed_response()]) == "OperationNotPermitted"
    priorities = [{"RuleArn": arn, "Priority": 3}]
    assert code(elb.client.set_rule_priorities, RulePriorities=priorities) == "OperationNotPermitted"


def test_a_rule_changes_in_the_parts_that_are_named(elb, listener, group):
    rule = elb.rule(listener, Transforms=[rewrite("^/old/(.*)$", "/new/$1")])
    arn = rule["RuleArn"]
    changed = elb.client.modify_rule(RuleArn=arn, Actions=[forward(group)])["Rules"][0]
    assert (changed["Conditions"], changed["Transforms"]) == (rule["Conditions"], rule["Transforms"])
    changed = elb.client.modify_rule(RuleArn=arn, Conditions=[path("/y")], ResetTransforms=True)["Rules"][0]
    assert (changed["Conditions"][0]["Values"], changed["Transforms"]) == (["/y"], [])
    assert changed["Actions"][0]["TargetGroupArn"] == group
    assert elb.client.describe_rules(RuleArns=[arn])["Rules"] == [changed]
    elb.client.delete_rule(RuleArn=arn)
    assert code(elb.client.delete_rule, RuleArn=arn) == "RuleNotFound"
    assert code(elb.client.describe_rules, RuleArns=[arn]) == "RuleNotFound"


def rewrite(regex, replacement):
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": replacement}]}}


def test_transforms_are_shown_as_they_were_sent(elb, listener):
    host_rewrite = {
        "Type": "host-header-rewrite",
        "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "^a\\.", "Replace": "b."}]},
    }
    transforms = [host_rewrite, rewrite("^/a", "/b")]
    assert elb.rule(listener, Transforms=transforms)["Transforms"] == transforms


@pytest.mark.parametrize(
    "transforms",
    [
        [{"Type": "url-rewrite"}],
        [rewrite("(", "/b")],
        [rewrite("^/a", "/\n")],
        [rewrite("^/a\n", "/b")],
        [rewrite("^/(a)", "/$2")],
        [rewrite("^/(a)", "/${0}")],
        [rewrite("^/(a)", "/$10")],
        [rewrite("(a)" * 8, "/$1")],
        [rewrite("^/(?<name>a)", "/$1")],
        [rewrite("^/a", "/b"), rewrite("^/c", "/d")],
        [{**rewrite("^/a", "/b"), "Type": "host-header-rewrite"}],
    ],
)
def test_a_wrong_transform_is_refused(elb, listener, transforms):
    settings = {"Conditions": [path("/x")], "Actions": [fixed_response()], "Transforms": transforms}
    assert code(elb.client.create_rule, ListenerArn=listener, Priority=1, **settings) == "ValidationError"


def test_rules_come_in_pages_by_priority(elb, listener):
    for priority in (30, 1, 200):
        elb.rule(listener, priority)
    pages = elb.client.get_paginator("describe_rules").paginate(ListenerArn=listener, PaginationConfig={"PageSize": 1})
    assert [rule["Priority"] for page in pages for rule in page["Rules"]] == ["1", "30", "200", "default"]
    assert code(elb.client.describe_rules, ListenerArn=listener, Marker="x") == "ValidationError"
