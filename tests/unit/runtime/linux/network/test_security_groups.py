"""Security groups as nftables rules, and scripts that contain only the changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import GroupRules, Interface, TrafficPermission, VpcSpec
from moyai.kernel.ids import SecurityGroupId, TaskId, VpcId
from moyai.runtime.linux.network.security_groups import (
    DENY_ALL,
    change_script,
    family_rules,
    replacement_script,
    router_rules,
)

A, B, C = (SecurityGroupId(f"sg-{letter}") for letter in "abc")
EVERYWHERE = ("0.0.0.0/0",)


def vpc(**groups_of: tuple[SecurityGroupId, ...]) -> VpcSpec:
    """A VPC with a task for each number, ``t1=(A,)`` at 10.0.0.1."""
    interfaces = tuple(Interface(TaskId(t), f"10.0.0.{t[1:]}", groups) for t, groups in groups_of.items())
    return VpcSpec(VpcId("vpc-0"), "10.0.0.0/16", interfaces=interfaces)


def ingress_rules(permission: TrafficPermission) -> tuple[str, ...]:
    """The rules of an ingress permission."""
    return family_rules(vpc(t1=(A,)), {A: GroupRules(A, (permission,))}).chains["entering-sg-a"]


@pytest.mark.parametrize(
    ("permission", "rules"),
    [
        (TrafficPermission("-1", ranges=EVERYWHERE), ["accept"]),
        (TrafficPermission("tcp", 80, 80, EVERYWHERE), ["tcp dport 80 accept"]),
        (TrafficPermission("tcp", 80, 90, ("10.0.0.0/8",)), ["ip saddr { 10.0.0.0/8 } tcp dport 80-90 accept"]),
        (TrafficPermission("udp", 0, 65535, EVERYWHERE), ["ip protocol udp accept"]),
        (TrafficPermission("tcp", ranges=EVERYWHERE), ["ip protocol tcp accept"]),
        (TrafficPermission("icmp", 8, None, EVERYWHERE), ["icmp type 8 accept"]),
        (TrafficPermission("icmp", 3, 4, EVERYWHERE), ["icmp type 3 icmp code 4 accept"]),
        (TrafficPermission("icmp", ranges=EVERYWHERE), ["ip protocol icmp accept"]),
        (TrafficPermission("-1", ranges=("10.0.0.0/8", "10.1.0.0/16")), ["ip saddr { 10.0.0.0/8 } accept"]),
        (TrafficPermission("tcp", 1, 1, groups=(B,)), ["ip saddr @members-sg-b tcp dport 1 accept"]),
        (
            TrafficPermission("tcp", 1, 1, ("10.0.0.9/32",), (A,)),
            ["ip saddr { 10.0.0.9/32 } tcp dport 1 accept", "ip saddr @members-sg-a tcp dport 1 accept"],
        ),
        (TrafficPermission("tcp", 1, 1), []),
    ],
)
def test_rules_of_a_permission(permission, rules):
    assert list(ingress_rules(permission)) == rules


def test_egress_rules_match_the_destination():
    group = GroupRules(A, egress=(TrafficPermission("tcp", 443, 443, ("10.0.0.0/8",)),))
    chains = family_rules(vpc(t1=(A,)), {A: group}).chains
    assert chains["leaving-sg-a"] == ("ip daddr { 10.0.0.0/8 } tcp dport 443 accept",)
    assert chains["entering-sg-a"] == ()


def test_a_task_has_the_permissions_of_all_its_groups():
    rules = family_rules(vpc(t1=(A,), t2=(B, A), t3=()), {A: GroupRules(A), B: GroupRules(B)})
    assert rules.maps["entering"]["10.0.0.1"] == "entering-sg-a"
    assert rules.chains[rules.maps["entering"]["10.0.0.2"]] == ("jump entering-sg-a", "jump entering-sg-b")
    assert rules.chains[rules.maps["entering"]["10.0.0.3"]] == ()


def test_an_unknown_group_allows_nothing():
    rules = family_rules(vpc(t1=(C,)), {})
    assert rules.chains == {"leaving-sg-c": (), "entering-sg-c": (), "border": ()}


def test_another_task_adds_elements_and_no_rule():
    def group(*members: str) -> dict[SecurityGroupId, GroupRules]:
        return {
            A: GroupRules(
                A, (TrafficPermission("-1", groups=(A,)),), (TrafficPermission("-1", ranges=EVERYWHERE),), members
            )
        }

    before = family_rules(vpc(t1=(A,)), group("10.0.0.1"))
    after = family_rules(vpc(t1=(A,), t2=(A,)), group("10.0.0.1", "10.0.0.2"))
    assert change_script(before, after).splitlines() == [
        "add element ip moyai members-sg-a { 10.0.0.2 }",
        "add element ip moyai entering { 10.0.0.2 : goto entering-sg-a }",
        "add element ip moyai leaving { 10.0.0.2 : goto leaving-sg-a }",
    ]
    assert change_script(after, after) == ""


permissions = st.builds(
    TrafficPermission,
    st.sampled_from(["tcp", "udp"]),
    st.just(1),
    st.integers(1, 3),
    st.lists(st.sampled_from(["10.0.0.0/8", "10.0.0.0/16", "0.0.0.0/0", "192.168.0.0/16"]), max_size=3).map(tuple),
    st.lists(st.sampled_from([A, B, C]), max_size=2, unique=True).map(tuple),
)
listed = st.lists(permissions, max_size=2).map(tuple)
addresses = st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]), unique=True).map(tuple)
rulesets = st.builds(
    lambda tasks, groups: family_rules(vpc(**tasks), {g.id: g for g in groups}),
    st.dictionaries(
        st.sampled_from(["t1", "t2", "t3"]), st.lists(st.sampled_from([A, B, C]), max_size=3, unique=True).map(tuple)
    ),
    st.tuples(*(st.builds(GroupRules, st.just(g), listed, listed, addresses) for g in (A, B, C))),
)


@given(st.lists(rulesets, min_size=1, max_size=4))
def test_successive_changes_result_in_the_last_rule_set(rule_sets):
    table = Table()
    before = DENY_ALL
    for after in rule_sets:
        table.apply(change_script(before, after))
        before = after
    assert table.sets == {name: set(elements) for name, elements in before.sets.items()}
    assert table.maps == {name: dict(elements) for name, elements in before.maps.items()}
    assert table.chains == {name: list(rules) for name, rules in before.chains.items()}


@given(rulesets)
def test_the_replacement_results_in_the_same_rule_set(rules):
    table = Table()
    table.apply(
        "".join(f"{line}\n" for line in replacement_script(rules).splitlines() if line.startswith("add ")), rules.sets
    )
    assert table.chains == {name: list(listed) for name, listed in rules.chains.items()}
    assert table.sets == {name: set(elements) for name, elements in rules.sets.items()}


class Table:
    """A simulated nft table. Like nft it refuses references to missing objects, and objects that exist already."""

    def __init__(self) -> None:
        self.sets: dict[str, set[str]] = {"may-go-out": set()}
        self.maps: dict[str, dict[str, str]] = {"leaving": {}, "entering": {}}
        self.chains: dict[str, list[str]] = {"border": []}

    def apply(self, text: str, sets: dict[str, frozenset[str]] | None = None) -> None:
        """Run a script."""
        self.sets.update({name: set() for name in sets or {}})
        for line in text.splitlines():
            verb, kind, _, _, name, *arguments = line.split(" ", 5)
            getattr(self, f"_{verb}_{kind}")(name, *arguments)

    def _add_set(self, name: str, _: str) -> None:
        assert name not in self.sets
        self.sets[name] = set()

    def _delete_set(self, name: str) -> None:
        assert not any(f"@{name} " in rule for rules in self.chains.values() for rule in rules)
        del self.sets[name]

    def _add_chain(self, name: str) -> None:
        assert name not in self.chains
        self.chains[name] = []

    def _flush_chain(self, name: str) -> None:
        self.chains[name].clear()

    def _delete_chain(self, name: str) -> None:
        assert not self.chains[name]
        assert name not in {chain for entries in self.maps.values() for chain in entries.values()}
        assert not any(f"jump {name}" == rule for rules in self.chains.values() for rule in rules)
        del self.chains[name]

    def _add_rule(self, name: str, rule: str) -> None:
        target = rule.removeprefix("jump ")
        assert target == rule or target in self.chains
        assert all(word[1:] in self.sets for word in rule.split() if word.startswith("@"))
        self.chains[name].append(rule)

    def _add_element(self, name: str, listed: str) -> None:
        for element in listed.strip("{ }").split(", "):
            key, _, chain = element.partition(" : goto ")
            if name in self.sets:
                assert key not in self.sets[name]
                self.sets[name].add(key)
            else:
                assert chain in self.chains
                assert key not in self.maps[name]
                self.maps[name][key] = chain

    def _delete_element(self, name: str, listed: str) -> None:
        for key in listed.strip("{ }").split(", "):
            if name in self.sets:
                self.sets[name].remove(key)
            else:
                del self.maps[name][key]


# ------------------------------------------------------------------------------------------------------------- IPv6


def dual_stack(**groups_of: tuple[SecurityGroupId, ...]) -> VpcSpec:
    """The VPC of ``vpc()`` with an additional address fd00::1 for ``t1``."""
    rules_of_router = vpc(**groups_of)
    interfaces = tuple(replace(i, ipv6_address=f"fd00::{i.task[1:]}") for i in rules_of_router.interfaces)
    return replace(rules_of_router, interfaces=interfaces, ipv6=True)


@pytest.mark.parametrize(
    ("permission", "rules"),
    [
        (TrafficPermission("-1", ranges=("::/0",)), ["accept"]),
        (TrafficPermission("-1", ranges=EVERYWHERE), []),
        (
            TrafficPermission("tcp", 80, 90, ("fd00::/64", "10.0.0.0/8")),
            ["ip6 saddr { fd00::/64 } tcp dport 80-90 accept"],
        ),
        (TrafficPermission("udp", 0, 65535, ("::/0",)), ["meta l4proto udp accept"]),
        (TrafficPermission("icmpv6", 128, None, ("::/0",)), ["icmpv6 type 128 accept"]),
        (TrafficPermission("icmpv6", 1, 4, ("::/0",)), ["icmpv6 type 1 icmpv6 code 4 accept"]),
        (TrafficPermission("icmp", 8, None, ("::/0",), (A,)), []),
        (TrafficPermission("tcp", 1, 1, groups=(B,)), ["ip6 saddr @members-sg-b tcp dport 1 accept"]),
    ],
)
def test_ipv6_rules_of_a_permission(permission, rules):
    rules_of_router = router_rules(dual_stack(t1=(A,)), {A: GroupRules(A, (permission,))}).ipv6
    assert rules_of_router is not None
    assert list(rules_of_router.chains["entering-sg-a"]) == rules


def test_each_family_has_its_own_addresses():
    group = GroupRules(A, (TrafficPermission("-1", groups=(A,)),), members=("10.0.0.1", "fd00::1"))
    rules_of_router = router_rules(dual_stack(t1=(A,)), {A: group})
    assert rules_of_router.ipv6 is not None
    assert rules_of_router.ipv4.sets == {"may-go-out": frozenset(), "members-sg-a": frozenset({"10.0.0.1"})}
    assert rules_of_router.ipv6.sets == {"members-sg-a": frozenset({"fd00::1"})}
    assert set(rules_of_router.ipv6.maps["leaving"]) == {"fd00::1"}


def test_a_vpc_without_ipv6_has_no_ipv6_rules():
    assert router_rules(vpc(t1=(A,)), {A: GroupRules(A)}).ipv6 is None


def test_ipv6_changes_are_made_in_the_ipv6_table():
    group = {A: GroupRules(A, (TrafficPermission("-1", ranges=("::/0",)),))}
    first, second = (
        family_rules(dual_stack(**tasks), group, "ip6") for tasks in ({"t1": (A,)}, {"t1": (A,), "t2": (A,)})
    )
    text = change_script(first, second)
    assert "add element ip6 moyai leaving { fd00::2 : goto leaving-sg-a }\n" in text
    assert all(line.split()[2] == "ip6" for line in text.splitlines())
    assert "type ipv6_addr" in replacement_script(first)


def test_a_zone_id_does_not_reach_the_rules():
    permission = TrafficPermission("-1", ranges=("fe80::%x accept\nflush ruleset\n#/64",))
    spec = replace(vpc(t1=(A,)), interfaces=(Interface(TaskId("t1"), "10.0.0.1", (A,), ipv6_address="fd00::1"),))
    rules = family_rules(spec, {A: GroupRules(A, (permission,))}, "ip6")
    assert rules.chains["entering-sg-a"] == ("ip6 saddr { fe80::/64 } accept",)
