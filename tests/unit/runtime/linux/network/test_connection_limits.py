"""The rules that limit the tracked connections of an address."""

from __future__ import annotations

import pytest

from moyai.runtime.linux.network.connection_limits import SHARDS, instance_rules, router_rules

CAPACITY = 262_144
"""What the kernel gives a machine with more than 4 GiB."""


def rules(text: str, chain: str) -> list[str]:
    """The rules of one chain."""
    added = (line.split(" ", 5) for line in text.splitlines() if line.startswith("add rule"))
    return [words[5] for words in added if words[4] == chain]


@pytest.mark.parametrize(("family", "kind"), [("ip", "ipv4_addr"), ("ip6", "ipv6_addr")])
def test_a_router_counts_the_new_connections_of_each_address_but_those_in_the_name_of_a_client(family, kind):
    text = router_rules(family, CAPACITY)
    assert rules(text, "passing") == [
        'iifname "n*" ct mark 1 accept',
        "ct state != new accept",
        "ct status confirmed accept",
        f"update @opening {{ {family} saddr limit rate over 32768/second burst 32768 packets }} drop",
        f"meta mark set jhash {family} daddr . th sport . th dport mod {SHARDS}",
        f"add @open {{ {family} saddr . meta mark ct count over 128 }} drop",
    ]
    assert f"set open {{ type {kind} . mark;" in text


def test_forged_senders_are_dropped_before_tracking():
    for text in (router_rules("ip", CAPACITY), instance_rules(CAPACITY)):
        assert rules(text, "arriving")[0] == 'iifname "v*" fib saddr . iif oif missing drop'
        assert "chain arriving { type filter hook prerouting priority raw; policy accept; }" in text


def test_a_router_tracks_its_own_connections_only_on_the_egress_link():
    text = router_rules("ip", CAPACITY)
    assert rules(text, "arriving")[1:] == ['iifname != "outside" fib daddr type local notrack']
    assert rules(text, "leaving") == ['oifname != "outside" notrack']


def test_two_addresses_have_less_than_half_of_the_table():
    for capacity in (4_096, 65_536, CAPACITY):
        *_, rate, _, share = rules(router_rules("ip", capacity), "passing")
        opening, opened = int(rate.split("over ")[1].split("/")[0]), int(share.split("over ")[1].split()[0]) * SHARDS
        assert 2 * (opening + opened) < capacity / 2


def test_a_task_behind_an_instance_has_a_quarter_of_what_the_instance_has():
    text = instance_rules(CAPACITY)
    for chain in ("passing", "ending"):
        assert rules(text, chain)[0] == 'iifname != "v*" accept'
        assert rules(text, chain)[-1] == "add @open { ip saddr . meta mark ct count over 32 } drop"
    assert rules(text, "beginning")[-1] == "add @open { ip saddr . meta mark ct count over 128 } drop"
    assert rules(text, "leaving") == ["fib saddr type != local drop"]


def test_reapplied_rules_keep_their_counters():
    lines = router_rules("ip", CAPACITY).splitlines()
    assert not [line for line in lines if line.startswith(("delete", "flush set", "flush table"))]
    flushed = {line.split()[-1] for line in lines if line.startswith("flush chain")}
    assert flushed == {"arriving", "leaving", "passing"}
