"""Order out of frames, over a line that loses, doubles and delays them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.api.data_channel.message import BadFrame, MessageType, PayloadType, unpack
from moyai.api.data_channel.stream import MAX_BUFFERED, WINDOW, DataStream
from moyai.kernel.clock import Instant
from moyai.testing.ids import SeededIds

NOW = Instant(1000.0)


def pair():
    return DataStream(MessageType.INPUT, SeededIds(1)), DataStream(MessageType.OUTPUT, SeededIds(2))


def pass_on(sender, receiver, now=NOW):
    """Everything that waits to be sent; what the receiver makes of it."""
    while sender.outbox:
        receiver.receive(sender.outbox.popleft(), now)
    return take_payloads(receiver, now)


def take_payloads(receiver, now=NOW):
    lines = []
    while (message := receiver.next_message(now)) is not None:
        lines.append(message.payload)
    return lines


def test_sent_frames_are_received_and_acknowledged():
    client, host = pair()
    client.send(PayloadType.OUTPUT, b"a", NOW)
    assert pass_on(client, host) == [b"a"]
    assert not client.all_acknowledged
    pass_on(host, client)
    assert client.all_acknowledged


def test_a_lost_frame_is_retransmitted_and_order_is_kept():
    client, host = pair()
    client.send(PayloadType.OUTPUT, b"a", NOW)
    client.outbox.clear()
    client.send(PayloadType.OUTPUT, b"b", NOW)
    assert pass_on(client, host) == []
    client.retransmit(Instant(NOW + 0.1))
    assert not client.outbox
    client.retransmit(Instant(NOW + 0.3))
    assert pass_on(client, host) == [b"a", b"b"]


def test_a_lost_acknowledgement_is_repeated_without_duplicates():
    client, host = pair()
    client.send(PayloadType.OUTPUT, b"a", NOW)
    assert pass_on(client, host) == [b"a"]
    host.outbox.clear()
    client.retransmit(Instant(NOW + 1))
    assert pass_on(client, host) == []
    pass_on(host, client)
    assert client.all_acknowledged


def test_unread_frames_are_not_acknowledged():
    client, host = pair()
    for _ in range(WINDOW):
        assert client.can_send
        client.send(PayloadType.OUTPUT, b"a", NOW)
    assert not client.can_send
    while client.outbox:
        host.receive(client.outbox.popleft(), NOW)
    assert not host.outbox
    assert host.next_message(NOW) is not None
    assert pass_on(host, client) == []
    assert client.can_send


def test_the_buffer_for_early_frames_is_bounded():
    client, host = pair()
    for _ in range(MAX_BUFFERED + 10):
        client.send(PayloadType.OUTPUT, b"a", NOW)
    first, *others = client.outbox
    for frame in others:
        host.receive(frame, NOW)
    host.receive(first, NOW)
    assert len(take_payloads(host)) == MAX_BUFFERED + 1


def test_a_pause_stops_the_stream_until_it_is_resumed():
    client, host = pair()
    host.send_control(MessageType.PAUSE, b"", NOW)
    pass_on(host, client)
    assert not client.can_send
    host.send_control(MessageType.START, b"", NOW)
    pass_on(host, client)
    assert client.can_send


def test_a_closed_channel_is_reported():
    client, host = pair()
    host.send_control(MessageType.CHANNEL_CLOSED, b"{}", NOW)
    assert client.receive(host.outbox.popleft(), NOW).payload == b"{}"


def test_a_frame_of_the_wrong_direction_is_refused():
    client, other = pair()[0], DataStream(MessageType.INPUT, SeededIds(3))
    other.send(PayloadType.OUTPUT, b"a", NOW)
    with pytest.raises(BadFrame):
        client.receive(other.outbox.popleft(), NOW)


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b"\xff", b"[" * 5000])
def test_a_malformed_acknowledgement_is_refused(payload):
    client, host = pair()
    host.send_control(MessageType.ACKNOWLEDGE, payload, NOW)
    with pytest.raises(BadFrame):
        client.receive(host.outbox.popleft(), NOW)


@given(st.integers(0, 2**32), st.integers(1, 100))
def test_frames_arrive_once_and_in_order_over_any_line(seed, count):
    dice, now = random.Random(seed), NOW  # noqa: S311 (no secret)
    client, host = pair()
    lines = [str(n).encode() for n in range(count)]
    waiting, payloads = list(reversed(lines)), []
    for _ in range(4000):
        now = Instant(now + 0.25)
        while waiting and client.can_send:
            client.send(PayloadType.OUTPUT, waiting.pop(), now)
        _line(client, host, now, dice)
        if dice.random() < 0.7:
            payloads += take_payloads(host, now)
        _line(host, client, now, dice)
        client.retransmit(now)
        if not waiting and client.all_acknowledged:
            break
    assert payloads == lines


def _line(sender, receiver, now, dice):
    frames = [frame for frame in sender.outbox for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    sender.outbox.clear()
    dice.shuffle(frames)
    for frame in frames:
        assert unpack(frame).created == int(now * 1000) or unpack(frame).kind is MessageType.INPUT
        receiver.receive(frame, now)
