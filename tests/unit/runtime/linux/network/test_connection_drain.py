"""The connections of a stopping task, and the rules that reject new ones."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from moyai.ports.runtime import RuntimeFault
from moyai.runtime.linux.network import connection_drain, namespaces
from moyai.runtime.linux.network.connection_drain import (
    InboundConnections,
    count_connections,
    inbound_connections,
    rejecting_rules,
)

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
PROXY = 20000


def row(address: str, state: str, unread: int, uid: int = PROXY) -> str:
    return (
        f"   0: {address} 0102030A:C001 {state} 00000000:{unread:08X} 00:00000000 00000000 {uid:5d}        0 12345 1\n"
    )


LISTENS = row("00000000:3A98", "0A", 0)


def test_each_unaccepted_connection_counts():
    assert count_connections(HEAD + row("00000000:3A98", "0A", 3), PROXY) == InboundConnections(unread=3)


def test_an_accepted_connection_with_unread_bytes_counts_once():
    accepted = row("0A01A8C0:3A98", "01", 4096) + row("0A01A8C0:3A98", "01", 0)
    assert count_connections(HEAD + LISTENS + accepted, PROXY) == InboundConnections(unread=1, open=2)


def test_a_connection_that_its_client_has_closed_is_not_open():
    assert count_connections(HEAD + LISTENS + row("0A01A8C0:3A98", "08", 1), PROXY) == InboundConnections(unread=1)


def test_listeners_on_loopback_and_of_other_users_do_not_count():
    outgoing = row("0A01A8C0:C350", "01", 100)
    egress = row("0100007F:3A99", "0A", 2) + row("0100007F:3A99", "01", 100)
    application = row("00000000:1F90", "0A", 2, uid=0)
    assert count_connections(HEAD + LISTENS + outgoing + egress + application, PROXY) == InboundConnections()


def test_a_dual_stack_listener_counts_and_an_inner_port_does_not():
    everywhere = "0" * 32
    both = HEAD + row(f"{everywhere}:3A98", "0A", 2) + row(f"{everywhere}:3A99", "0A", 5)
    assert count_connections(both, PROXY, (0x3A99,)) == InboundConnections(unread=2)


def test_new_connections_are_rejected_by_their_original_port():
    rules = rejecting_rules((9000, 80, 80))
    assert "ct original proto-dst { 80, 9000 }" in rules
    assert rules.startswith("table inet moyai_leaving\ndelete table inet moyai_leaving\n"), "said twice, it holds once"


def test_a_task_with_too_many_sockets_is_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(namespaces, "inside", lambda _: nullcontext())
    assert inbound_connections(tmp_path, PROXY, ()) == InboundConnections()
    monkeypatch.setattr(connection_drain, "_MAX_TABLE_BYTES", 10, raising=False)
    with pytest.raises(RuntimeFault, match="too many sockets"):
        inbound_connections(tmp_path, PROXY, ())
