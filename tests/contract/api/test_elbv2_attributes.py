"""boto3 reads and sets attributes of load balancers, listeners and target groups."""

from __future__ import annotations

import pytest

from tests.contract.api.asking import code
from tests.contract.api.elb import ABSENT_BALANCER, ABSENT_GROUP, ABSENT_LISTENER, forward

KEEP = "preserve_client_ip.enabled"


def pairs(**values):
    return [{"Key": key, "Value": value} for key, value in values.items()]


def attribute(key, value):
    return [{"Key": key, "Value": value}]


def as_map(answer):
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def test_every_attribute_of_an_application_load_balancer_is_described(elb, balancer):
    described = as_map(elb.client.describe_load_balancer_attributes(LoadBalancerArn=balancer))
    assert described == {
        "deletion_protection.enabled": "false",
        "load_balancing.cross_zone.enabled": "true",
        "access_logs.s3.enabled": "false",
        "access_logs.s3.bucket": "",
        "access_logs.s3.prefix": "",
        "ipv6.deny_all_igw_traffic": "false",
        "zonal_shift.config.enabled": "false",
        "idle_timeout.timeout_seconds": "60",
        "client_keep_alive.seconds": "3600",
        "connection_logs.s3.enabled": "false",
        "connection_logs.s3.bucket": "",
        "connection_logs.s3.prefix": "",
        "health_check_logs.s3.enabled": "false",
        "health_check_logs.s3.bucket": "",
        "health_check_logs.s3.prefix": "",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.preserve_host_header.enabled": "false",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
        "routing.http.x_amzn_tls_kx.enabled": "false",
        "routing.http.xff_client_port.enabled": "false",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
    }


def test_attributes_are_set_together_or_not_at_all(elb, balancer):
    wanted = pairs(**{"idle_timeout.timeout_seconds": "7", "routing.http2.enabled": "false"})
    answer = as_map(elb.client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=wanted))
    assert (answer["idle_timeout.timeout_seconds"], answer["routing.http2.enabled"]) == ("7", "false")
    assert as_map(elb.client.describe_load_balancer_attributes(LoadBalancerArn=balancer)) == answer
    bad = pairs(**{"idle_timeout.timeout_seconds": "9", "client_keep_alive.seconds": "1"})
    refused = code(elb.client.modify_load_balancer_attributes, LoadBalancerArn=balancer, Attributes=bad)
    assert refused == "ValidationError"
    assert as_map(elb.client.describe_load_balancer_attributes(LoadBalancerArn=balancer)) == answer


def test_all_defaults_of_each_resource_may_be_set(elb, balancer, group, listener):
    # Terraform sends every attribute that it knows when it creates a resource.
    client = elb.client
    kinds = [
        (
            client.describe_load_balancer_attributes,
            client.modify_load_balancer_attributes,
            {"LoadBalancerArn": balancer},
        ),
        (client.describe_target_group_attributes, client.modify_target_group_attributes, {"TargetGroupArn": group}),
        (client.describe_listener_attributes, client.modify_listener_attributes, {"ListenerArn": listener}),
    ]
    for describe, modify, arn in kinds:
        before = describe(**arn)["Attributes"]
        for start in range(0, len(before), 20):
            modify(**arn, Attributes=before[start : start + 20])
        assert describe(**arn)["Attributes"] == before


def test_logs_have_a_place_and_are_switched_on_and_off(elb, balancer):
    logs = {"enabled": "true", "bucket": "my-logs", "prefix": "shop/web"}
    attributes = [{"Key": f"access_logs.s3.{name}", "Value": value} for name, value in logs.items()]
    elb.client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=attributes)
    described = as_map(elb.client.describe_load_balancer_attributes(LoadBalancerArn=balancer))
    assert {name: described[f"access_logs.s3.{name}"] for name in logs} == logs
    answer = elb.client.modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=attribute("access_logs.s3.enabled", "false")
    )
    assert as_map(answer)["access_logs.s3.enabled"] == "false"
    assert as_map(elb.client.describe_load_balancer_attributes(LoadBalancerArn=balancer))["access_logs.s3.bucket"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bucket", "My_Logs"),
        ("bucket", ".."),
        ("bucket", "a..b"),
        ("bucket", "a/b/c"),
        ("prefix", "/a"),
        ("prefix", "a/../b"),
        ("prefix", "a//b"),
        ("prefix", "%s"),
        ("prefix", "a/AWSLogs"),
        ("prefix", "a\n"),
        ("prefix", "a" * 513),
    ],
)
def test_the_place_of_logs_is_one_below_a_bucket(elb, balancer, key, value):
    with pytest.raises(elb.client.exceptions.ClientError, match="ValidationError"):
        elb.client.modify_load_balancer_attributes(
            LoadBalancerArn=balancer, Attributes=attribute(f"access_logs.s3.{key}", value)
        )


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("health_check_logs.s3.enabled", "true", "writes no such logs"),
        ("access_logs.s3.enabled", "true", "'access_logs.s3.enabled' needs 'access_logs.s3.bucket'"),
        ("connection_logs.s3.enabled", "true", "needs 'connection_logs.s3.bucket'"),
        ("load_balancing.cross_zone.enabled", "false", "always balances across zones"),
        ("waf.fail_open.enabled", "true", "no web application firewall"),
        ("routing.http.desync_mitigation_mode", "monitor", "Envoy refuses"),
        ("zonal_shift.config.enabled", "true", "fails over"),
    ],
)
def test_a_value_without_an_effect_is_refused_with_the_reason(elb, balancer, key, value, reason):
    with pytest.raises(elb.client.exceptions.InvalidConfigurationRequestException, match=reason):
        elb.client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=attribute(key, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tcp.idle_timeout.seconds", "60"),
        ("idle_timeout.timeout_seconds", "4001"),
        ("routing.http.xff_header_processing.mode", "drop"),
        ("deletion_protection.enabled", "yes"),
    ],
)
def test_an_unknown_key_or_an_impossible_value_is_refused(elb, balancer, key, value):
    with pytest.raises(elb.client.exceptions.ClientError, match=key) as caught:
        elb.client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=attribute(key, value))
    assert caught.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    "together",
    [
        {"slow_start.duration_seconds": "30", "load_balancing.algorithm.type": "least_outstanding_requests"},
        {"load_balancing.algorithm.anomaly_mitigation": "on"},
        {"stickiness.app_cookie.cookie_name": "AWSALBX"},
        {"stickiness.enabled": "true", "stickiness.type": "app_cookie"},
    ],
)
def test_attributes_that_exclude_each_other_are_refused(elb, group, together):
    refused = code(elb.client.modify_target_group_attributes, TargetGroupArn=group, Attributes=pairs(**together))
    assert refused == "InvalidConfigurationRequest"


@pytest.mark.parametrize("name", ["a b", "a;b", "a=b", "x" * 257, "\u00e4"])
def test_a_cookie_has_a_possible_name(elb, group, name):
    cookie = attribute("stickiness.app_cookie.cookie_name", name)
    assert code(elb.client.modify_target_group_attributes, TargetGroupArn=group, Attributes=cookie) == "ValidationError"


def test_deletion_protection_protects(elb, balancer):
    elb.client.modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=attribute("deletion_protection.enabled", "true")
    )
    with pytest.raises(elb.client.exceptions.OperationNotPermittedException) as caught:
        elb.client.delete_load_balancer(LoadBalancerArn=balancer)
    message = f"Load balancer '{balancer}' cannot be deleted because deletion protection is enabled"
    assert caught.value.response["Error"]["Message"] == message


def test_listeners_of_network_load_balancers_have_one_attribute(elb):
    balancer = elb.load_balancer("flows", Type="network")["LoadBalancerArn"]
    group = elb.target_group("tcp", Protocol="TCP")["TargetGroupArn"]
    listener = elb.listener(balancer, group, Protocol="TCP", DefaultActions=[forward(group)])["ListenerArn"]
    assert as_map(elb.client.describe_listener_attributes(ListenerArn=listener)) == {"tcp.idle_timeout.seconds": "350"}
    answer = elb.client.modify_listener_attributes(
        ListenerArn=listener, Attributes=attribute("tcp.idle_timeout.seconds", "60")
    )
    assert as_map(answer) == {"tcp.idle_timeout.seconds": "60"}
    groups = as_map(elb.client.describe_target_group_attributes(TargetGroupArn=group))
    assert (groups["stickiness.type"], groups[KEEP]) == ("source_ip", "false")
    modify = elb.client.modify_target_group_attributes
    modify(TargetGroupArn=group, Attributes=attribute(KEEP, "true"))
    assert as_map(elb.client.describe_target_group_attributes(TargetGroupArn=group))[KEEP] == "true"


def test_target_groups_for_datagrams_always_keep_the_clients_address(elb):
    group = elb.target_group("datagrams", Protocol="UDP", Port=53)["TargetGroupArn"]
    assert as_map(elb.client.describe_target_group_attributes(TargetGroupArn=group))[KEEP] == "true"
    refused = code(elb.client.modify_target_group_attributes, TargetGroupArn=group, Attributes=attribute(KEEP, "false"))
    assert refused == "InvalidConfigurationRequest"


def test_the_targets_of_ipv6_do_not_see_clients(elb):
    elb.ec2.associate_vpc_cidr_block(VpcId=elb.vpc, AmazonProvidedIpv6CidrBlock=True)
    group = elb.target_group("six", Protocol="TCP", IpAddressType="ipv6")["TargetGroupArn"]
    modify = elb.client.modify_target_group_attributes
    assert code(modify, TargetGroupArn=group, Attributes=attribute(KEEP, "true")) == "InvalidConfigurationRequest"
    assert as_map(modify(TargetGroupArn=group, Attributes=attribute(KEEP, "false")))[KEEP] == "false"


def test_attributes_of_what_is_absent(elb):
    client, some = elb.client, attribute("stickiness.enabled", "true")
    absent = "LoadBalancerNotFound"
    assert code(client.describe_load_balancer_attributes, LoadBalancerArn=ABSENT_BALANCER) == absent
    assert code(client.modify_load_balancer_attributes, LoadBalancerArn=ABSENT_BALANCER, Attributes=some) == absent
    assert code(client.describe_target_group_attributes, TargetGroupArn=ABSENT_GROUP) == "TargetGroupNotFound"
    refused = code(client.modify_target_group_attributes, TargetGroupArn=ABSENT_GROUP, Attributes=some)
    assert refused == "TargetGroupNotFound"
    assert code(client.describe_listener_attributes, ListenerArn=ABSENT_LISTENER) == "ListenerNotFound"
    assert code(client.modify_listener_attributes, ListenerArn=ABSENT_LISTENER, Attributes=some) == "ListenerNotFound"
