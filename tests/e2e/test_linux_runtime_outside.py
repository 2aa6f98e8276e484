"""Egress of tasks, on a machine that forwards nothing and does not change (outside_host.py)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def egress_results():
    state = tempfile.mkdtemp(prefix="moyai-test-", dir="/var/tmp")
    try:
        ran = subprocess.run(
            ["unshare", "--net", sys.executable, "-m", "tests.e2e.outside_host"],
            input=state,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout)
    finally:
        shutil.rmtree(state)


def test_a_task_with_egress_reaches_what_the_host_reaches_from_the_hosts_address(egress_results):
    assert egress_results["free"] == "far, for 198.51.100.1"
    assert egress_results["free, datagrams"] == "datagram"


def test_a_public_udp_port_answers_to_the_machine_and_not_to_tasks(egress_results):
    results = egress_results["public datagrams"]
    assert results["by a task"] == "TimeoutError"
    assert results["seen"] == ["from the host"]


def test_a_public_udp_port_that_was_in_use_is_reported_and_opened_by_the_next_publication(egress_results):
    (unopened,) = egress_results["public datagrams"]["unopened"]
    assert unopened.endswith("/udp by 20000")


def test_gateways_of_udp_ports_outlive_that_of_tcp_ports_and_end_with_their_last_port(egress_results):
    assert egress_results["public datagrams"]["goes on"]
    assert egress_results["public datagrams"]["left"] == []


def test_egress_without_a_public_address_or_a_route_is_refused_at_once(egress_results):
    assert egress_results["bound"] == "OSError"
    assert egress_results["stranded"] == "OSError"


def test_the_hosts_loopback_is_out_of_reach(egress_results):
    answers = {name: answer for name, answer in egress_results.items() if name.startswith("loopback by")}
    assert len(answers) == 5
    assert "loopback" not in answers.values(), answers


def test_a_killed_egress_process_is_restarted_and_a_new_control_plane_adopts_it(egress_results):
    assert egress_results["without pasta"] == "TimeoutError"
    assert egress_results["mended"] == "far, for 198.51.100.1"
    assert egress_results["found again"]
    assert egress_results["after a restart"] == "far, for 198.51.100.1"


def test_removed_egress_ends_connections(egress_results):
    assert egress_results["closed"] == "OSError"


def test_the_hosts_firewall_routes_links_and_settings_stay_as_they_were(egress_results):
    assert "policy drop" in egress_results["before"]["nft list ruleset"]
    assert egress_results["during"] == egress_results["before"]
    assert egress_results["after"] == egress_results["before"]
