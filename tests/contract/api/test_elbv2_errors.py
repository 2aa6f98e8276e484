"""Every modelled error of Elastic Load Balancing that is possible here, and input that is refused by name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.elb.quotas import (
    CERTIFICATES,
    GROUPS_PER_LOAD_BALANCER,
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    TARGETS,
)
from moyai.domain.elb.rule import ForwardAction, WeightedGroup
from moyai.domain.elb.target_group import target_key
from moyai.domain.world import Put
from moyai.kernel.ids import LoadBalancerArn, TargetGroupArn
from tests.contract.api.asking import OTHER_ACCOUNT, code, refusal
from tests.contract.api.elb import (
    ABSENT_BALANCER,
    ABSENT_GROUP,
    ABSENT_LISTENER,
    ABSENT_RULE,
    fixed_response,
    forward,
    path,
)

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
TAGS = [{"Key": "team", "Value": "shop"}]


def fill(installation, table, quota, **of):
    """Copies of the table's first record, until there are as many as the quota."""
    records = list(getattr(installation.store.world, table))
    copies = [
        replace(records[0], arn=f"{records[0].arn[:-16]}{n:016x}", **{name: value(n) for name, value in of.items()})
        for n in range(quota - len(records))
    ]
    installation.store.apply([Put(copy) for copy in copies])


ABSENT = [
    ("delete_listener", {"ListenerArn": ABSENT_LISTENER}, "ListenerNotFound"),
    ("describe_capacity_reservation", {"LoadBalancerArn": ABSENT_BALANCER}, "LoadBalancerNotFound"),
    ("describe_listeners", {"ListenerArns": [ABSENT_LISTENER]}, "ListenerNotFound"),
    ("describe_listeners", {"LoadBalancerArn": ABSENT_BALANCER}, "LoadBalancerNotFound"),
    ("describe_listener_certificates", {"ListenerArn": ABSENT_LISTENER}, "ListenerNotFound"),
    ("describe_load_balancers", {"LoadBalancerArns": [ABSENT_BALANCER]}, "LoadBalancerNotFound"),
    ("describe_rules", {"ListenerArn": ABSENT_LISTENER}, "ListenerNotFound"),
    ("describe_tags", {"ResourceArns": [ABSENT_BALANCER]}, "LoadBalancerNotFound"),
    ("describe_tags", {"ResourceArns": [ABSENT_GROUP]}, "TargetGroupNotFound"),
    ("describe_tags", {"ResourceArns": [ABSENT_LISTENER]}, "ListenerNotFound"),
    ("describe_tags", {"ResourceArns": [ABSENT_RULE]}, "RuleNotFound"),
    ("add_tags", {"ResourceArns": [ABSENT_GROUP], "Tags": TAGS}, "TargetGroupNotFound"),
    ("remove_tags", {"ResourceArns": [ABSENT_GROUP], "TagKeys": ["team"]}, "TargetGroupNotFound"),
    ("describe_target_groups", {"LoadBalancerArn": ABSENT_BALANCER}, "LoadBalancerNotFound"),
    ("describe_target_groups", {"TargetGroupArns": [ABSENT_GROUP]}, "TargetGroupNotFound"),
    ("describe_target_groups", {"Names": ["absent"]}, "TargetGroupNotFound"),
    ("describe_target_health", {"TargetGroupArn": ABSENT_GROUP}, "TargetGroupNotFound"),
    ("register_targets", {"TargetGroupArn": ABSENT_GROUP, "Targets": [{"Id": "10.0.0.1"}]}, "TargetGroupNotFound"),
    ("deregister_targets", {"TargetGroupArn": ABSENT_GROUP, "Targets": [{"Id": "10.0.0.1"}]}, "TargetGroupNotFound"),
    ("modify_target_group", {"TargetGroupArn": ABSENT_GROUP}, "TargetGroupNotFound"),
    ("modify_listener", {"ListenerArn": ABSENT_LISTENER}, "ListenerNotFound"),
    ("modify_rule", {"RuleArn": ABSENT_RULE}, "RuleNotFound"),
    ("set_security_groups", {"LoadBalancerArn": ABSENT_BALANCER, "SecurityGroups": ["sg-1"]}, "LoadBalancerNotFound"),
    ("set_subnets", {"LoadBalancerArn": ABSENT_BALANCER, "Subnets": ["subnet-1"]}, "LoadBalancerNotFound"),
    ("set_ip_address_type", {"LoadBalancerArn": ABSENT_BALANCER, "IpAddressType": "ipv4"}, "LoadBalancerNotFound"),
    ("add_listener_certificates", {"ListenerArn": ABSENT_LISTENER, "Certificates": []}, "ListenerNotFound"),
    ("remove_listener_certificates", {"ListenerArn": ABSENT_LISTENER, "Certificates": []}, "ListenerNotFound"),
    (
        "create_listener",
        {"LoadBalancerArn": ABSENT_BALANCER, "DefaultActions": [fixed_response()]},
        "LoadBalancerNotFound",
    ),
    (
        "create_rule",
        {"ListenerArn": ABSENT_LISTENER, "Priority": 1, "Conditions": [path("/x")], "Actions": [fixed_response()]},
        "ListenerNotFound",
    ),
    ("describe_ssl_policies", {"Names": ["ELBSecurityPolicy-2000-01"]}, "SSLPolicyNotFound"),
]


@pytest.mark.parametrize(("call", "params", "error"), ABSENT, ids=[f"{call}-{error}" for call, _, error in ABSENT])
def test_absent_resources_are_not_found(elb, call, params, error):
    assert code(getattr(elb.client, call), **params) == error


@pytest.mark.parametrize("arn", ["", "web", "arn:aws:ecs:us-east-1:123456789012:cluster/x", ABSENT_GROUP, "x" * 5000])
def test_text_that_is_no_arn_of_its_kind_is_refused(elb, arn):
    for call, member in [("delete_load_balancer", "LoadBalancerArn"), ("delete_rule", "RuleArn")]:
        error, text = refusal(getattr(elb.client, call), **{member: arn})
        assert error == "ValidationError"
        assert len(text) < 600


def test_resources_of_another_account_are_unknown(elb, installation, balancer):
    other = installation.client("elbv2", key=OTHER_ACCOUNT)
    assert other.describe_load_balancers()["LoadBalancers"] == []
    assert code(other.describe_listeners, LoadBalancerArn=balancer) == "LoadBalancerNotFound"
    other.delete_load_balancer(LoadBalancerArn=balancer)
    assert len(elb.client.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize("name", ["", "a_b", "-a", "a-", "x" * 33, "internal-a", "a b", "ä"])
def test_wrong_names_are_refused(elb, name):
    assert code(elb.client.create_load_balancer, Name=name, Subnets=elb.subnets[:2]) == "ValidationError"
    if name != "internal-a":
        settings = {"Protocol": "HTTP", "Port": 80, "VpcId": elb.vpc}
        assert code(elb.client.create_target_group, Name=name, **settings) == "ValidationError"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"Subnets": []}, "ValidationError"),
        ({"Subnets": ["subnet-0"]}, "SubnetNotFound"),
        ({"Type": "gateway"}, "ValidationError"),
        ({"IpAddressType": "dualstack"}, "ValidationError"),
        ({"EnablePrefixForIpv6SourceNat": "on"}, "ValidationError"),
        ({"CustomerOwnedIpv4Pool": "ipv4pool-coip-1"}, "ValidationError"),
        ({"SecurityGroups": ["sg-0"]}, "InvalidSecurityGroup"),
        ({"Tags": [*TAGS, *TAGS]}, "DuplicateTagKeys"),
        ({"Tags": [{"Key": f"k{n}"} for n in range(51)]}, "TooManyTags"),
        ({"Tags": [{"Key": "aws:x"}]}, "ValidationError"),
    ],
)
def test_wrong_load_balancers_are_refused_and_nothing_is_made(elb, installation, settings, error):
    before = list(installation.store.world.records())
    params = {"Name": "web", "Subnets": elb.subnets[:2], **settings}
    assert code(elb.client.create_load_balancer, **params) == error
    assert list(installation.store.world.records()) == before


def test_subnets_are_of_different_zones(elb):
    cidr = "172.31.240.0/24"
    twin = elb.ec2.create_subnet(VpcId=elb.vpc, CidrBlock=cidr, AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    same = {"Name": "web", "Subnets": [elb.subnets[0], twin]}
    assert code(elb.client.create_load_balancer, **same) == "InvalidConfigurationRequest"
    assert code(elb.client.create_load_balancer, Name="web", Subnets=[twin]) == "ValidationError"
    mappings = [{"SubnetId": subnet} for subnet in elb.subnets[:2]]
    both = {"Name": "web", "Subnets": elb.subnets[:2], "SubnetMappings": mappings}
    assert code(elb.client.create_load_balancer, **both) == "ValidationError"
    chosen = [{"SubnetId": elb.subnets[0], "PrivateIPv4Address": "172.31.0.9"}, mappings[1]]
    error, text = refusal(elb.client.create_load_balancer, Name="web", SubnetMappings=chosen)
    assert error == "ValidationError"
    assert "SubnetMappings[0].PrivateIPv4Address" in text


@pytest.mark.parametrize(
    "settings",
    [
        {"Protocol": "GENEVE"},
        {"Protocol": "QUIC"},
        {"TargetType": "lambda"},
        {"TargetType": "alb"},
        {"ProtocolVersion": "HTTP3"},
        {"Protocol": "TCP", "ProtocolVersion": "HTTP1"},
        {"VpcId": "vpc-0"},
        {"IpAddressType": "ipv6"},
        {"IpAddressType": "ipv5"},
        {"TargetControlPort": 3000},
        {"HealthCheckEnabled": False},
        {"HealthCheckProtocol": "TCP"},
        {"HealthCheckProtocol": "UDP"},
        {"HealthCheckPort": "0"},
        {"HealthCheckPort": "http"},
        {"HealthCheckPath": "health"},
        {"HealthCheckPath": "/a b"},
        {"HealthCheckIntervalSeconds": 5},
        {"HealthCheckIntervalSeconds": 4},
        {"HealthCheckTimeoutSeconds": 30},
        {"HealthyThresholdCount": 11},
        {"Matcher": {"HttpCode": "200-500"}},
        {"Matcher": {"HttpCode": "299-200"}},
        {"Matcher": {"HttpCode": "200,"}},
        {"Matcher": {"HttpCode": ",".join(["200"] * 100)}},
        {"Matcher": {"GrpcCode": "0"}},
        {"Matcher": {"GrpcCode": "100"}, "ProtocolVersion": "GRPC"},
        {"Protocol": "TCP", "Matcher": {"HttpCode": "200"}},
        {"Protocol": "TCP", "HealthCheckPath": "/"},
        {"Tags": [*TAGS, {"Key": "aws:x"}]},
    ],
)
def test_wrong_target_groups_are_refused_and_nothing_is_made(elb, installation, settings):
    before = list(installation.store.world.records())
    params = {"Name": "tg", "Protocol": "HTTP", "Port": 80, "VpcId": elb.vpc, **settings}
    assert code(elb.client.create_target_group, **params) == "ValidationError"
    assert list(installation.store.world.records()) == before


@pytest.mark.parametrize("absent", ["Protocol", "Port", "VpcId"])
def test_a_target_group_has_a_protocol_a_port_and_a_vpc(elb, absent):
    params = {"Name": "tg", "Protocol": "HTTP", "Port": 80, "VpcId": elb.vpc}
    del params[absent]
    assert code(elb.client.create_target_group, **params) == "ValidationError"


@pytest.mark.parametrize(
    ("protocol", "timeout", "message"),
    [
        ("HTTP", 30, "Health check timeout '30' must be smaller than the interval '30'"),
        ("TCP", 31, "Health check timeout '31' must not be greater than the interval '30'"),
        ("TCP", 30, None),
    ],
)
def test_a_health_checks_timeout_is_bounded_by_its_interval(elb, protocol, timeout, message):
    settings = {"Protocol": protocol, "HealthCheckTimeoutSeconds": timeout}
    if message is None:
        assert elb.target_group("tg", **settings)["HealthCheckTimeoutSeconds"] == timeout
        return
    with pytest.raises(elb.client.exceptions.ClientError) as refused:
        elb.target_group("tg", **settings)
    assert refused.value.response["Error"]["Message"] == message


def test_health_checks_by_protocol(elb):
    tcp = elb.target_group("tcp", Protocol="TCP")
    assert (tcp["HealthCheckProtocol"], tcp["HealthCheckTimeoutSeconds"]) == ("TCP", 10)
    assert "Matcher" not in tcp
    assert "HealthCheckPath" not in tcp
    grpc = elb.target_group("grpc", ProtocolVersion="GRPC")
    assert (grpc["Matcher"], grpc["HealthCheckPath"]) == ({"GrpcCode": "12"}, "/AWS.ALB/healthcheck")
    alb = elb.target_group("alb", Protocol="TCP", TargetType="alb")
    assert (alb["HealthCheckProtocol"], alb["Matcher"]) == ("HTTP", {"HttpCode": "200-399"})
    changed = elb.client.modify_target_group(TargetGroupArn=tcp["TargetGroupArn"], HealthCheckProtocol="HTTP")
    assert changed["TargetGroups"][0]["Matcher"] == {"HttpCode": "200-399"}
    settings = {"HealthCheckPort": "8080", "HealthCheckPath": "/up", "Matcher": {"HttpCode": "200,204"}}
    shown = elb.client.modify_target_group(TargetGroupArn=tcp["TargetGroupArn"], **settings)["TargetGroups"][0]
    assert {key: shown[key] for key in settings} == settings
    back = elb.client.modify_target_group(TargetGroupArn=tcp["TargetGroupArn"], HealthCheckProtocol="TCP")
    assert "Matcher" not in back["TargetGroups"][0]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"Protocol": "TCP"}, "ValidationError"),
        ({"Protocol": "GENEVE"}, "ValidationError"),
        ({"Protocol": "HTTPS"}, "ValidationError"),
        ({"Protocol": "HTTPS", "Certificates": [{"CertificateArn": CERTIFICATE}]}, "CertificateNotFound"),
        ({"Protocol": "HTTPS", "Certificates": [{"CertificateArn": CERTIFICATE}] * 2}, "TooManyCertificates"),
        ({"Certificates": [{"CertificateArn": CERTIFICATE}]}, "ValidationError"),
        ({"SslPolicy": "ELBSecurityPolicy-2016-08"}, "ValidationError"),
        ({"AlpnPolicy": ["HTTP2Only"]}, "ValidationError"),
        ({"DefaultActions": [forward(ABSENT_GROUP)]}, "TargetGroupNotFound"),
        ({"DefaultActions": [forward("arn:x")]}, "ValidationError"),
        ({"MutualAuthentication": {"Mode": "verify"}}, "InvalidConfigurationRequest"),
        ({"Tags": [*TAGS, *TAGS]}, "ValidationError"),
    ],
)
def test_wrong_listeners_are_refused_and_nothing_is_made(elb, installation, balancer, settings, error):
    before = list(installation.store.world.records())
    params = {"Protocol": "HTTP", "Port": 80, "DefaultActions": [fixed_response()], **settings}
    assert code(elb.client.create_listener, LoadBalancerArn=balancer, **params) == error
    assert list(installation.store.world.records()) == before


def test_a_listener_has_a_protocol_and_a_port(elb, balancer):
    actions = {"LoadBalancerArn": balancer, "DefaultActions": [fixed_response()]}
    assert code(elb.client.create_listener, **actions, Port=80) == "ValidationError"
    assert code(elb.client.create_listener, **actions, Protocol="HTTP") == "ValidationError"
    assert code(elb.client.describe_listeners) == "ValidationError"
    assert code(elb.client.describe_rules) == "ValidationError"


def test_policies_of_tls_listeners_are_known_ones(elb):
    balancer = elb.load_balancer("flows", Type="network")["LoadBalancerArn"]
    group = elb.target_group("tls", Protocol="TLS")["TargetGroupArn"]
    params = {
        "LoadBalancerArn": balancer,
        "Protocol": "TLS",
        "Port": 443,
        "DefaultActions": [forward(group)],
        "Certificates": [{"CertificateArn": elb.certificate()}],
    }
    assert code(elb.client.create_listener, **params, SslPolicy="x") == "SSLPolicyNotFound"
    assert code(elb.client.create_listener, **params, AlpnPolicy=["x"]) == "ALPNPolicyNotFound"
    assert code(elb.client.create_listener, **params, AlpnPolicy=["None", "HTTP2Only"]) == "ValidationError"
    created = elb.client.create_listener(**params, AlpnPolicy=["HTTP2Preferred"])["Listeners"][0]
    assert created["AlpnPolicy"] == ["HTTP2Preferred"]
    rule = {"ListenerArn": created["ListenerArn"], "Priority": 1, "Conditions": [path("/x")]}
    assert code(elb.client.create_rule, **rule, Actions=[forward(group)]) == "UnsupportedProtocol"
    modify = {"ListenerArn": created["ListenerArn"], "DefaultActions": [fixed_response()]}
    assert code(elb.client.modify_listener, **modify) == "InvalidLoadBalancerAction"
    sticky = {
        "TargetGroups": [{"TargetGroupArn": group}],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    }
    modify["DefaultActions"] = [{"Type": "forward", "ForwardConfig": sticky}]
    assert code(elb.client.modify_listener, **modify) == "InvalidLoadBalancerAction"


def test_a_port_has_one_listener(elb, balancer, listener):
    params = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": [fixed_response()]}
    assert code(elb.client.create_listener, **params) == "DuplicateListener"
    other = elb.listener(balancer, "", 81, DefaultActions=[fixed_response()])["ListenerArn"]
    assert code(elb.client.modify_listener, ListenerArn=other, Port=80) == "DuplicateListener"
    assert elb.client.modify_listener(ListenerArn=other, Port=82)["Listeners"][0]["Port"] == 82
    assert elb.client.modify_listener(ListenerArn=other, Port=82)["Listeners"][0]["Port"] == 82


def test_protocols_of_listener_and_target_group_fit(elb, balancer, listener):
    tcp = elb.target_group("tcp", Protocol="TCP")["TargetGroupArn"]
    grpc = elb.target_group("grpc", ProtocolVersion="GRPC")["TargetGroupArn"]
    http2 = elb.target_group("http2", ProtocolVersion="HTTP2")["TargetGroupArn"]
    for group in (tcp, grpc, http2):
        params = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": [forward(group)]}
        assert code(elb.client.create_listener, **params) == "IncompatibleProtocols"
        rule = {"ListenerArn": listener, "Priority": 1, "Conditions": [path("/x")], "Actions": [forward(group)]}
        assert code(elb.client.create_rule, **rule) == "IncompatibleProtocols"
    secure = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": elb.certificate()}]}
    https = elb.listener(balancer, grpc, 443, **secure)["ListenerArn"]
    assert code(elb.client.modify_listener, ListenerArn=https, Protocol="HTTP") == "IncompatibleProtocols"
    down = [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTP", "Port": "80", "StatusCode": "HTTP_301"}}]
    assert code(elb.client.modify_listener, ListenerArn=https, DefaultActions=down) == "InvalidLoadBalancerAction"


def test_a_target_group_has_one_load_balancer(elb, group, listener):
    other = elb.load_balancer("other")["LoadBalancerArn"]
    params = {"LoadBalancerArn": other, "Protocol": "HTTP", "Port": 80, "DefaultActions": [forward(group)]}
    assert refusal(elb.client.create_listener, **params) == (
        "TargetGroupAssociationLimit",
        f"The following target groups cannot be associated with more than one load balancer: {group}",
    )


def test_a_resource_in_use_stays_and_the_error_says_by_what(elb, balancer, group, listener):
    assert refusal(elb.client.delete_target_group, TargetGroupArn=group) == (
        "ResourceInUse",
        f"Target group '{group}' is currently in use by a listener or a rule",
    )
    front = elb.target_group("front", Protocol="TCP", TargetType="alb")["TargetGroupArn"]
    elb.client.register_targets(TargetGroupArn=front, Targets=[{"Id": balancer}])
    assert refusal(elb.client.delete_listener, ListenerArn=listener) == (
        "ResourceInUse",
        f"Listener port '80' is in use by registered target '{balancer}' and cannot be removed.",
    )
    assert code(elb.client.modify_listener, ListenerArn=listener, Port=81) == "InvalidConfigurationRequest"
    error, text = refusal(elb.client.delete_load_balancer, LoadBalancerArn=balancer)
    assert error == "ResourceInUse"
    assert front in text
    elb.client.deregister_targets(TargetGroupArn=front, Targets=[{"Id": balancer}])
    elb.client.delete_listener(ListenerArn=listener)
    elb.client.delete_target_group(TargetGroupArn=group)


def test_quotas_of_load_balancers_and_target_groups(elb, installation, balancer, group):
    fill(installation, "load_balancers", LOAD_BALANCERS, name=lambda n: f"copy-{n}")
    assert code(elb.client.create_load_balancer, Name="more", Subnets=elb.subnets[:2]) == "TooManyLoadBalancers"
    assert elb.load_balancer("flows", Type="network")["Type"] == "network"
    fill(installation, "target_groups", TARGET_GROUPS, name=lambda n: f"copy-{n}")
    settings = {"Protocol": "HTTP", "Port": 80, "VpcId": elb.vpc}
    assert code(elb.client.create_target_group, Name="more", **settings) == "TooManyTargetGroups"


def test_quotas_of_listeners_and_rules(elb, installation, balancer, listener):
    elb.rule(listener, 1)
    [default, _] = installation.store.world.rules
    fill(installation, "rules", RULES, priority=lambda n: n + 2)
    rule = {"ListenerArn": listener, "Priority": 1000, "Conditions": [path("/x")], "Actions": [fixed_response()]}
    installation.store.apply([Put(default)])
    assert elb.client.create_rule(**rule)
    assert code(elb.client.create_rule, **{**rule, "Priority": 1001}) == "TooManyRules"
    fill(installation, "listeners", LISTENERS, port=lambda n: n + 1000)
    params = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": [fixed_response()]}
    assert code(elb.client.create_listener, **params) == "TooManyListeners"


def test_quotas_of_targets(elb, installation, group):
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": elb.address()}])
    [first] = installation.store.world.targets
    copies = [replace(first, port=1000 + n) for n in range(TARGETS - 1)]
    installation.store.apply([Put(copy) for copy in copies])
    assert target_key(TargetGroupArn(group), first.id, 1000) in installation.store.world.targets
    refused = code(elb.client.register_targets, TargetGroupArn=group, Targets=[{"Id": elb.address(), "Port": 9000}])
    assert refused == "TooManyTargets"
    elb.client.register_targets(TargetGroupArn=group, Targets=[{"Id": elb.address(), "Port": 1000}])


def test_quotas_of_certificates_and_of_groups(elb, installation, balancer, listener):
    certificate = [{"CertificateArn": elb.certificate()}]
    https = elb.listener(
        balancer, "", 443, Protocol="HTTPS", Certificates=certificate, DefaultActions=[fixed_response()]
    )["ListenerArn"]
    record = installation.store.world.listeners[https]
    more = tuple(f"{CERTIFICATE}-{n}" for n in range(CERTIFICATES))
    installation.store.apply([Put(replace(record, certificates=(*record.certificates, *more)))])
    other = [{"CertificateArn": elb.certificate("more.example.com")}]
    refused = code(elb.client.add_listener_certificates, ListenerArn=https, Certificates=other)
    assert refused == "TooManyCertificates"
    plain = code(elb.client.add_listener_certificates, ListenerArn=listener, Certificates=other)
    assert plain == "ValidationError"
    [rule, _] = installation.store.world.rules
    used = tuple(WeightedGroup(TargetGroupArn(f"{ABSENT_GROUP}{n}")) for n in range(GROUPS_PER_LOAD_BALANCER))
    installation.store.apply([Put(replace(rule, action=ForwardAction(used)))])
    group = elb.target_group("one-more")["TargetGroupArn"]
    params = {"ListenerArn": listener, "Priority": 1, "Conditions": [path("/x")], "Actions": [forward(group)]}
    assert code(elb.client.create_rule, **params) == "TooManyUniqueTargetGroupsPerLoadBalancer"
    assert LoadBalancerArn(balancer) in installation.store.world.load_balancers


def test_tags_of_every_kind_of_resource(elb, balancer, group, listener):
    rule = elb.rule(listener)["RuleArn"]
    arns = [balancer, group, listener, rule]
    elb.client.add_tags(ResourceArns=arns, Tags=TAGS)
    described = elb.client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert described == [{"ResourceArn": arn, "Tags": TAGS} for arn in arns]
    elb.client.remove_tags(ResourceArns=arns, TagKeys=["team", "absent"])
    assert all(
        not description["Tags"] for description in elb.client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    )
    assert code(elb.client.add_tags, ResourceArns=arns, Tags=[*TAGS, *TAGS]) == "DuplicateTagKeys"
    many = [{"Key": f"k{n}"} for n in range(51)]
    assert code(elb.client.add_tags, ResourceArns=arns, Tags=many) == "TooManyTags"
    assert code(elb.client.add_tags, ResourceArns=[group, ABSENT_RULE], Tags=TAGS) == "RuleNotFound"
    assert elb.client.describe_tags(ResourceArns=[group])["TagDescriptions"][0]["Tags"] == []
    assert code(elb.client.describe_tags, ResourceArns=["x"]) == "ValidationError"
    assert code(elb.client.describe_tags, ResourceArns=[f"{group}{n}" for n in range(21)]) == "ValidationError"


def test_security_policies_and_limits_are_listed_in_pages(elb):
    pages = elb.client.get_paginator("describe_ssl_policies").paginate(PaginationConfig={"PageSize": 5})
    policies = {policy["Name"]: policy for page in pages for policy in page["SslPolicies"]}
    default = policies["ELBSecurityPolicy-2016-08"]
    assert default["SslProtocols"] == ["TLSv1", "TLSv1.1", "TLSv1.2"]
    assert len(default["Ciphers"]) == 18
    assert default["Ciphers"][0] == {"Name": "ECDHE-ECDSA-AES128-GCM-SHA256", "Priority": 1}
    assert policies["ELBSecurityPolicy-TLS13-1-3-2021-06"]["SslProtocols"] == ["TLSv1.3"]
    gateway = elb.client.describe_ssl_policies(LoadBalancerType="gateway")
    assert gateway["SslPolicies"] == []
    limits = elb.client.get_paginator("describe_account_limits").paginate(PaginationConfig={"PageSize": 4})
    values = {limit["Name"]: limit["Max"] for page in limits for limit in page["Limits"]}
    assert values["rules-per-application-load-balancer"] == "100"
    assert values["target-groups"] == "3000"


def test_lists_come_in_pages_and_a_marker_is_of_one_list(elb):
    for name in ("a", "b", "c"):
        elb.load_balancer(name)
        elb.target_group(name)
    first = elb.client.describe_load_balancers(PageSize=2)
    assert [balancer["LoadBalancerName"] for balancer in first["LoadBalancers"]] == ["a", "b"]
    rest = elb.client.describe_load_balancers(PageSize=2, Marker=first["NextMarker"])
    assert [balancer["LoadBalancerName"] for balancer in rest["LoadBalancers"]] == ["c"]
    assert "NextMarker" not in rest
    assert code(elb.client.describe_target_groups, Marker=first["NextMarker"]) == "ValidationError"
    assert [
        balancer["TargetGroupName"] for balancer in elb.client.describe_target_groups(Names=["c", "a"])["TargetGroups"]
    ]
    both = {"Names": ["a"], "LoadBalancerArns": [first["LoadBalancers"][0]["LoadBalancerArn"]]}
    assert code(elb.client.describe_load_balancers, **both) == "ValidationError"
    arn = elb.client.describe_target_groups(Names=["a"])["TargetGroups"][0]["TargetGroupArn"]
    assert code(elb.client.describe_target_groups, Names=["a"], TargetGroupArns=[arn]) == "ValidationError"


def test_settings_that_moyai_has_anyway_are_accepted(elb, balancer):
    client = elb.client
    assert client.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    refused = code(client.set_ip_address_type, LoadBalancerArn=balancer, IpAddressType="dualstack")
    assert refused == "ValidationError"
    groups = client.describe_load_balancers()["LoadBalancers"][0]["SecurityGroups"]
    link = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    client.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=groups, **{link: "off"})
    settings = {"LoadBalancerArn": balancer, "SecurityGroups": groups, link: "on"}
    assert code(client.set_security_groups, **settings) == "InvalidConfigurationRequest"
    assert code(client.set_security_groups, LoadBalancerArn=balancer, SecurityGroups=[]) == "ValidationError"
    answer = client.describe_capacity_reservation(LoadBalancerArn=balancer)
    assert "MinimumLoadBalancerCapacity" not in answer
    absent = code(client.describe_trust_stores)
    assert absent in {"UnsupportedOperation", "UnsupportedOperationException"}
