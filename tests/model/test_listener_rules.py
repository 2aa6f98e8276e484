"""Drawn rules of listeners: whatever the API accepts, the front proxy's Envoy accepts as well."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moyai.kernel.ids import VpcId
from moyai.mesh.load_balancing.compile import compile_front
from tests.contract.api.elb import Elb, fixed_response, forward, path
from tests.contract.api.installation import Installation
from tests.golden.xds.test_xds import refusal

TEXT = st.text(st.sampled_from("ab09AZ-_.*?/\\$(){}[]|^+=&;'\" %#~é"), min_size=1, max_size=12) | st.just("a" * 128)
REGEX = TEXT | st.sampled_from(["^/(a|b)+$", "(?i)x", r"\bx\b", "[^/]*", "(a)(b)(c)", ".{30}", r"\pL+", "$", "^"])
REPLACEMENT = TEXT | st.sampled_from(["/$1", "${2}", "\\1", "$$", "#{path}"])
VALUES = st.lists(TEXT, min_size=1, max_size=2)
PATTERNS = st.fixed_dictionaries({}, optional={"Values": VALUES, "RegexValues": st.lists(REGEX, max_size=2)})
CONDITIONS = st.one_of(
    st.builds(lambda config: {"Field": "host-header", "HostHeaderConfig": config}, PATTERNS),
    st.builds(lambda config: {"Field": "path-pattern", "PathPatternConfig": config}, PATTERNS),
    st.builds(
        lambda config, name: {"Field": "http-header", "HttpHeaderConfig": {**config, "HttpHeaderName": name}},
        PATTERNS,
        TEXT,
    ),
    st.builds(
        lambda key, value: {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": key, "Value": value}]}},
        TEXT,
        TEXT,
    ),
    st.builds(
        lambda text: {"Field": "source-ip", "SourceIpConfig": {"Values": [text]}},
        st.sampled_from(["10.0.0.0/8", "::/0", "192.0.2.1/32", "0.0.0.0/0"]),
    ),
)
REDIRECTS = st.fixed_dictionaries(
    {"StatusCode": st.sampled_from(["HTTP_301", "HTTP_302"]), "Path": TEXT.map(lambda text: f"/{text}")},
    optional={
        "Host": TEXT | st.just("#{host}.example.com"),
        "Query": TEXT | st.just("a=#{query}"),
        "Port": st.sampled_from(["1", "65535", "#{port}"]),
        "Protocol": st.sampled_from(["HTTP", "HTTPS", "#{protocol}"]),
    },
)
ACTIONS = st.one_of(
    st.builds(lambda config: {"Type": "redirect", "RedirectConfig": config}, REDIRECTS),
    st.builds(
        lambda status, body: {
            "Type": "fixed-response",
            "FixedResponseConfig": {"StatusCode": status, "MessageBody": body, "ContentType": "text/html"},
        },
        st.sampled_from(["200", "204", "299", "400", "503", "599"]),
        TEXT | st.just("é" * 1024),
    ),
    st.just({"Type": "forward"}),
)
TRANSFORMS = st.builds(
    lambda kind, regex, text: {
        "Type": f"{'url' if kind == 'Url' else 'host-header'}-rewrite",
        f"{kind}RewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": text}]},
    },
    st.sampled_from(["Url", "HostHeader"]),
    REGEX,
    REPLACEMENT,
)
RULES = st.tuples(CONDITIONS, ACTIONS, st.lists(TRANSFORMS, max_size=1))


class Listener:
    """A listener that gets the drawn rules."""

    def __init__(self) -> None:
        self.installation = Installation()
        self.elb = Elb(self.installation)
        balancer = self.elb.load_balancer()["LoadBalancerArn"]
        self.group = self.elb.target_group()["TargetGroupArn"]
        self.arn = self.elb.listener(balancer, "", DefaultActions=[fixed_response()])["ListenerArn"]

    def add(self, priority: int, condition: Any, action: Any, transforms: Any) -> None:
        """Add a rule; the API may refuse it."""
        action = forward(self.group) if action["Type"] == "forward" else action
        try:
            self.elb.rule(self.arn, priority, Conditions=[condition], Actions=[action], Transforms=transforms)
        except ClientError as error:
            assert error.response["Error"]["Code"] in {"ValidationError", "InvalidLoadBalancerAction"}  # noqa: PT017

    def refusal(self) -> str:
        """Envoy's error about the rules; empty when it accepts them."""
        world = self.installation.store.world
        with TemporaryDirectory() as folder:
            return refusal(compile_front(world, VpcId(self.elb.vpc), f"{folder}/health"), Path(folder))


@pytest.mark.long
@settings(max_examples=4, phases=(Phase.reuse, Phase.generate))  # Envoy names what it refuses; shrinking takes minutes
@given(rules=st.lists(RULES, min_size=30, max_size=60))
def test_envoy_accepts_every_accepted_rule(rules):
    listener = Listener()
    for priority, (condition, action, transforms) in enumerate(rules, start=1):
        listener.add(priority, condition, action, transforms)
    assert listener.refusal() == ""


def test_envoy_accepts_the_largest_rules():
    listener = Listener()
    listener.elb.rule(listener.arn, 1, Conditions=[path("a" * 125 + "*?*")], Actions=[forward(listener.group)])
    large = [{"Field": "path-pattern", "RegexValues": ["[a-z]{300}"] * 5}]
    listener.elb.rule(listener.arn, 2, Conditions=large, Actions=[forward(listener.group)])
    assert listener.refusal() == ""
