from __future__ import annotations

from moyai.runtime.linux.network.connection_drain import count_unread, rejecting_rules

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
PROXY = 20000


def row(address: str, state: str, unread: int, uid: int = PROXY) -> str:
    return (
        f"   0: {address} 0102030A:C001 {state} 00000000:{unread:08X} 00:00000000 00000000 {uid:5d}        0 12345 1\n"
    )


LISTENS = row("00000000:3A98", "0A", 0)


def test_connections_that_wait_at_the_door_count_each():
    assert count_unread(HEAD + row("00000000:3A98", "0A", 3), PROXY) == 3


def test_an_open_connection_with_something_unread_counts_once():
    assert count_unread(HEAD + LISTENS + row("0A01A8C0:3A98", "01", 4096) + row("0A01A8C0:3A98", "01", 0), PROXY) == 1


def test_what_is_for_the_task_itself_or_another_user_does_not_count():
    outgoing = row("0A01A8C0:C350", "01", 100)
    egress = row("0100007F:3A99", "0A", 2) + row("0100007F:3A99", "01", 100)
    application = row("00000000:1F90", "0A", 2, uid=0)
    assert count_unread(HEAD + LISTENS + outgoing + egress + application, PROXY) == 0


def test_a_listener_for_both_families_counts_and_a_port_for_the_task_itself_does_not():
    everywhere = "0" * 32
    both = HEAD + row(f"{everywhere}:3A98", "0A", 2) + row(f"{everywhere}:3A99", "0A", 5)
    assert count_unread(both, PROXY, (0x3A99,)) == 2


def test_the_door_is_closed_by_the_port_that_was_called():
    rules = rejecting_rules((9000, 80, 80))
    assert "ct original proto-dst { 80, 9000 }" in rules
    assert rules.startswith("table inet moyai_leaving\ndelete table inet moyai_leaving\n"), "said twice, it holds once"
