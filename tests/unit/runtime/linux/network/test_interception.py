"""The rules that redirect traffic to a proxy; nftables accepts them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from moyai.domain.sandbox.network import Intercept, InterceptAll
from moyai.runtime.linux.network import interception

WHOLE = InterceptAll(
    egress_port=15001,
    ingress_port=15000,
    app_ports=(9090, 8080),
    uid=1337,
    gid=1338,
    ignored_ports=(22,),
    ignored_ranges=("169.254.170.2/32", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"),
)


@pytest.mark.root
@pytest.mark.parametrize(
    "text",
    [
        *(
            interception.service_connect_rules(Intercept("127.255.0.0/16", 15001, 15000, p))
            for p in ((), (80,), (8080, 80, 80))
        ),
        interception.service_connect_rules(Intercept("127.255.0.0/16", 15001, 15000, (80,)), ipv6=True),
        interception.service_connect_rules(Intercept("127.255.0.0/16", 15001, 15000, (80,), (9000,)), is_shared=True),
        interception.app_mesh_rules(WHOLE, 0, ipv6=True),
        interception.app_mesh_rules(InterceptAll(15001, uid=1337), 1879048192, ipv6=True),
    ],
)
def test_nft_accepts_the_rules(text):
    answer = subprocess.run(
        [shutil.which("nft") or "nft", "--check", "-f", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""


def test_rules_redirect_each_inbound_port_once():
    text = interception.service_connect_rules(Intercept("127.255.0.0/16", 15001, 15000, (8080, 80, 80)))
    assert 'iifname "eth0" tcp dport { 80, 8080 } redirect to :15000' in text
    assert "ip daddr 127.255.0.0/16 meta l4proto tcp redirect to :15001" in text


def test_a_task_has_so_many_connections_at_a_proxy_that_it_shares():
    intercept = Intercept("127.255.0.0/16", 15001, 15000, (80,), opened_ports=(9001, 9000))
    text = interception.service_connect_rules(intercept, is_shared=True)
    for ports in ("{ 15001 }", "{ 9000, 9001, 15000 }"):
        assert f"tcp dport {ports} ct state new ct count over 2000 reject with tcp reset" in text


def test_all_traffic_is_redirected_except_ignored_traffic():
    assert (
        interception.app_mesh_rules(WHOLE, 1879048192)
        == """\
table ip moyai
delete table ip moyai
table ip moyai {
  chain inbound {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" tcp dport { 8080, 9090 } redirect to :15000
  }
  chain outbound {
    type nat hook output priority -100; policy accept;
    oifname "lo" return
    meta skuid { 1337, 1879049529 } return
    meta skgid { 1338, 1879049530 } return
    tcp dport { 22 } return
    ip daddr { 10.0.0.0/8, 169.254.170.2/32 } return
    meta l4proto tcp redirect to :15001
  }
  chain closed {
    type filter hook input priority filter; policy accept;
    iifname "eth0" tcp dport 15001 reject with tcp reset
  }
}
"""
    )


def test_an_ignored_user_beyond_the_user_namespace_is_only_the_machines():
    text = interception.app_mesh_rules(InterceptAll(15001, uid=2**32 - 2), 2_147_418_112)
    assert "meta skuid { 4294967294 } return" in text


def test_each_family_has_its_own_ranges():
    second = interception.app_mesh_rules(WHOLE, 0, ipv6=True).partition("table ip6 moyai\n")[2]
    assert "ip6 daddr { 2001:db8::/32 } return" in second
    assert "169.254" not in second
    assert "meta skuid { 1337 } return" in second


def test_without_application_ports_no_inbound_traffic_is_redirected():
    text = interception.app_mesh_rules(InterceptAll(15001, gid=1338), 0)
    assert "eth0" not in text.partition("chain closed")[0]
    assert "skuid" not in text
