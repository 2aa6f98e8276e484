"""Listeners and their rules.

Promise: every listener has one default rule, which holds its default action and matches what no other rule matches;
for the others, the lowest priority decides first.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html, API_Rule.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ListenerArn, ListenerRuleArn, LoadBalancerArn, ManagedCertificateArn, TargetGroupArn


class ListenerProtocol(StrEnum):
    """HTTP and HTTPS for application load balancers, the others for network load balancers."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    TLS = "TLS"
    UDP = "UDP"
    TCP_UDP = "TCP_UDP"

    @property
    def is_encrypted(self) -> bool:
        """Whether a listener with it needs a certificate."""
        return self in {ListenerProtocol.HTTPS, ListenerProtocol.TLS}


class Listener(ArnRecord, frozen=True, tag="listener"):
    """A port of a load balancer. Its default action is in its default rule."""

    arn: ListenerArn
    load_balancer: LoadBalancerArn
    port: int
    protocol: ListenerProtocol
    created_at: Instant
    ssl_policy: str | None = None
    """None without TLS."""
    certificates: tuple[ManagedCertificateArn, ...] = ()
    """The default certificate first."""
    alpn_policy: str | None = None
    attributes: Mapping[str, str] = {}
    """The values that were set, by AWS's keys; the others have their defaults (``attributes.py``)."""
    tags: Mapping[str, str] = {}


class PresentedTls(NamedTuple):
    """The TLS settings of a listener; all empty without TLS."""

    policy: str | None = None
    certificates: tuple[ManagedCertificateArn, ...] = ()
    """The default certificate first."""
    alpn_policy: str | None = None


class HostCondition(msgspec.Struct, frozen=True, tag="host-header"):
    """The host, without its port and in either case, fits one of ``values`` (``*`` any text, ``?`` one character) or
    of ``patterns`` (regular expressions).
    """

    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class PathCondition(msgspec.Struct, frozen=True, tag="path-pattern"):
    """The path, without its query, fits one of ``values`` or of ``patterns``, as for a host; the case counts."""

    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class HeaderCondition(msgspec.Struct, frozen=True, tag="http-header"):
    """A value of the header fits one of ``values`` or of ``patterns``, as for a host."""

    name: str
    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class MethodCondition(msgspec.Struct, frozen=True, tag="http-request-method"):
    """The method is one of ``values``; the case counts."""

    values: tuple[str, ...]


class QueryValue(msgspec.Struct, frozen=True):
    r"""A parameter of a query with its value; None = any key. Both are compared as a host, with ``\`` before a
    character that stands for itself.
    """

    value: str
    key: str | None = None


class QueryCondition(msgspec.Struct, frozen=True, tag="query-string"):
    """The query has one of these parameters."""

    values: tuple[QueryValue, ...]


class SourceCondition(msgspec.Struct, frozen=True, tag="source-ip"):
    """The peer's address is in one of these ranges."""

    values: tuple[str, ...]


Condition = HostCondition | PathCondition | HeaderCondition | MethodCondition | QueryCondition | SourceCondition


class WeightedGroup(msgspec.Struct, frozen=True):
    """A target group, with its share of the sum of all weights."""

    group: TargetGroupArn
    weight: int = 1


class ForwardAction(msgspec.Struct, frozen=True, tag="forward"):
    """Requests go to one of ``groups``. ``stickiness``: for how many seconds a client stays with its group; None = each
    request is drawn anew.
    """

    groups: tuple[WeightedGroup, ...]
    stickiness: int | None = None
    unused_stickiness: int | None = None
    """The seconds that were set while stickiness is off; they are shown, as on AWS."""


class RedirectAction(msgspec.Struct, frozen=True, tag="redirect"):
    """The answer is a redirect. The texts may have ``#{protocol}``, ``#{host}``, ``#{port}``, ``#{path}`` (without its
    first slash) and ``#{query}`` of the request in them.
    """

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


class FixedResponseAction(msgspec.Struct, frozen=True, tag="fixed-response"):
    """The answer is this status with this body."""

    status: int
    content_type: str | None = None
    body: str = ""


Action = ForwardAction | RedirectAction | FixedResponseAction


class RegexRewrite(msgspec.Struct, frozen=True):
    """A regular expression, and what replaces its first match in the host, or in the path with its query. ``groups``:
    how many groups RE2 counts in the expression.
    """

    pattern: str
    replacement: str
    groups: int


class Rule(ArnRecord, frozen=True, tag="listener_rule"):
    """A rule of a listener; all of its conditions have to hold."""

    arn: ListenerRuleArn
    listener: ListenerArn
    action: Action
    priority: int | None = None
    """1 to 50000, the lowest first; None = the default rule, which is the last."""
    conditions: tuple[Condition, ...] = ()
    host_rewrite: RegexRewrite | None = None
    url_rewrite: RegexRewrite | None = None
    order: int = 1
    """The action's ``Order``, which has no effect as there is one action."""
    tags: Mapping[str, str] = {}

    @property
    def groups(self) -> tuple[TargetGroupArn, ...]:
        """The target groups that the rule uses, whatever their weights are."""
        return tuple(g.group for g in self.action.groups) if isinstance(self.action, ForwardAction) else ()
