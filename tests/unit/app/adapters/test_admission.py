"""Which connections a server has, and which give way."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.app.adapters.admission import Admission


class Connection:
    def __init__(self, admission: Admission, client: str) -> None:
        self.client = client
        self.aborted = False
        self.admitted = admission.enter(self, client)

    def abort(self) -> None:
        self.aborted = True


def enter(admission: Admission, client: str, count: int, *, busy: bool = False) -> list[Connection]:
    connections = [Connection(admission, client) for _ in range(count)]
    for connection in connections if busy else ():
        admission.mark_busy(connection)
    return connections


def aborted_places(connections: list[Connection]) -> list[int]:
    """Which of them had to give way."""
    return [place for place, connection in enumerate(connections) if connection.aborted]


def test_the_connections_of_a_client_are_limited():
    admission = Admission(per_client=3, total=10)
    assert [one.admitted for one in enter(admission, "10.0.0.1", 4)] == [True, True, True, False]
    assert enter(admission, "10.0.0.2", 1)[0].admitted
    assert len(admission) == 4


def test_the_longest_idle_connection_of_the_client_with_most_is_closed():
    admission = Admission(per_client=10, total=6)
    many, few = enter(admission, "10.0.0.1", 4), enter(admission, "10.0.0.2", 2)
    admission.mark_busy(many[0])
    admission.mark_idle(many[0])
    assert enter(admission, "10.0.0.3", 1)[0].admitted
    assert (aborted_places(many), aborted_places(few)) == ([1], [])
    assert len(admission) == 6


def test_busy_connections_are_not_closed_while_any_is_idle():
    admission = Admission(per_client=10, total=4)
    working, waiting = enter(admission, "10.0.0.1", 3, busy=True), enter(admission, "10.0.0.2", 1)
    assert enter(admission, "10.0.0.3", 1)[0].admitted
    assert (aborted_places(working), aborted_places(waiting)) == ([], [0])


def test_with_all_busy_the_client_with_most_loses_its_newest_connection():
    admission = Admission(per_client=10, total=4)
    many, one = enter(admission, "10.0.0.1", 3, busy=True), enter(admission, "10.0.0.2", 1, busy=True)
    assert enter(admission, "10.0.0.3", 1, busy=True)[0].admitted
    assert (aborted_places(many), aborted_places(one)) == ([2], [])


def test_with_all_busy_a_client_with_an_equal_share_is_refused():
    admission = Admission(per_client=10, total=4)
    first, second = enter(admission, "10.0.0.1", 2, busy=True), enter(admission, "10.0.0.2", 2, busy=True)
    assert not Connection(admission, "10.0.0.1").admitted
    assert Connection(admission, "10.0.0.3").admitted
    assert aborted_places(first + second) == [1]
    assert not Connection(admission, "10.0.0.3").aborted


def test_a_client_with_many_connections_does_not_displace_one_with_few():
    admission = Admission(per_client=10, total=4)
    many, one = enter(admission, "10.0.0.1", 3, busy=True), enter(admission, "10.0.0.2", 1)
    assert not Connection(admission, "10.0.0.1").admitted
    assert aborted_places(many + one) == []


def test_closing_a_connection_twice_frees_one_place():
    admission = Admission(per_client=1, total=1)
    (connection,) = enter(admission, "10.0.0.1", 1)
    admission.leave(connection)
    admission.leave(connection)
    admission.mark_idle(connection)
    admission.mark_busy(connection)
    assert len(admission) == 0
    assert enter(admission, "10.0.0.1", 1)[0].admitted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("", "", True),
    ],
)
def test_ipv6_clients_are_counted_by_network(one, other, same):
    admission = Admission(per_client=1, total=9)
    assert Connection(admission, one).admitted
    assert Connection(admission, other).admitted is not same


@given(st.lists(st.tuples(st.sampled_from(["enter", "busy", "idle", "leave"]), st.integers(0, 9)), max_size=60))
def test_limits_and_counts_hold_for_any_sequence(steps):
    admission = Admission(per_client=4, total=7)
    alive: list[Connection] = []
    for step, number in steps:
        if step == "enter":
            alive.append(Connection(admission, f"10.0.0.{number % 4}"))
        elif alive:
            act = {"busy": admission.mark_busy, "idle": admission.mark_idle, "leave": admission.leave}[step]
            chosen = alive[number % len(alive)]
            act(chosen)
            if step == "leave":
                alive.remove(chosen)
        alive = [one for one in alive if one.admitted and not one.aborted]
        assert len(admission) == len(alive) <= 7
        assert max(Counter(one.client for one in alive).values(), default=0) <= 4
