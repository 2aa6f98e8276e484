"""The frames, byte for byte as the plugin's source lays them out, and what is none."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.api.data_channel.message import (
    LARGEST_FRAME,
    BadFrame,
    ChannelMessage,
    MessageType,
    PayloadType,
    pack,
    unpack,
)

MESSAGE = ChannelMessage(
    kind=MessageType.INPUT,
    id="00112233-4455-6677-8899-aabbccddeeff",
    created=1_700_000_000_000,
    payload=b"ls\r",
    payload_type=PayloadType.OUTPUT,
    sequence=5,
    flags=0,
)
# By hand, from the offsets in clientmessage.go.
FRAME = (
    bytes.fromhex("00000074")
    + b"input_stream_data               "
    + bytes.fromhex("000000010000018bcfe5680000000000000000050000000000000000")
    + bytes.fromhex("8899aabbccddeeff0011223344556677")
    + hashlib.sha256(b"ls\r").digest()
    + bytes.fromhex("0000000100000003")
    + b"ls\r"
)


def test_a_frame_has_the_plugins_layout():
    assert pack(MESSAGE) == FRAME
    assert unpack(FRAME) == MESSAGE


def test_a_message_type_may_be_padded_with_zeros():
    assert unpack(FRAME.replace(b"data               ", b"data".ljust(19, b"\0"))) == MESSAGE


@given(
    st.sampled_from(MessageType),
    st.uuids(),
    st.integers(0, 2**64 - 1),
    st.binary(max_size=300),
    st.sampled_from(PayloadType),
    st.integers(-(2**63), 2**63 - 1),
)
def test_packed_messages_are_unpacked(kind, identity: uuid.UUID, created, payload, payload_type, sequence):
    message = ChannelMessage(kind, str(identity), created, payload, payload_type, sequence)
    assert unpack(pack(message)) == message


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        FRAME[:119],
        FRAME[:-1],
        FRAME + b"x",
        FRAME[:-1] + b"\n",
        FRAME.replace(b"input_stream_data", b"input_stream_dat\xff"),
        FRAME.replace(b"input_stream_data", b"other_stream_data"),
        b"\xff\xff\xff\xff" + FRAME[4:],
        FRAME[:112] + b"\xff\xff\xff\xff" + FRAME[116:],
        FRAME[:116] + b"\xff\xff\xff\xff" + FRAME[120:],
        FRAME + b"x" * LARGEST_FRAME,
    ],
    ids=[
        "nothing", "half a header", "too short", "too long", "another payload", "no ASCII", "an unknown kind",
        "a header's length", "an unknown payload", "a payload's length", "huge",
    ],
)  # fmt: skip
def test_malformed_frames_are_refused(frame):
    with pytest.raises(BadFrame):
        unpack(frame)


@given(st.binary(max_size=400))
def test_any_bytes_are_unpacked_or_refused(raw):
    for frame in (raw, FRAME[: len(raw) % 120] + raw):
        try:
            unpack(frame)
        except BadFrame:
            continue
