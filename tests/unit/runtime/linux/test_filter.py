"""The filter of calls, run as the kernel would run it."""

from __future__ import annotations

import struct

import pytest

from moyai.runtime.linux.shim.filter import program

ALLOWED, REFUSED = 0x7FFF0000, 0x00050001
X32 = 0x40000000


def verdict(steps: bytes, architecture: int, number: int) -> int:
    """What the kernel would do with a call."""
    seen, place, code = {0: number, 4: architecture}, 0, list(struct.iter_unpack("=HBBI", steps))
    register = 0
    while True:
        kind, when, otherwise, operand = code[place]
        place += 1
        match kind:
            case 0x20:
                register = seen[operand]
            case 0x54:
                register &= operand
            case 0x15:
                place += when if register == operand else otherwise
            case 0x06:
                found: int = operand
                return found


@pytest.mark.parametrize(
    ("machine", "architecture", "refused"),
    [
        ("x86_64", 0xC000003E, {248, 249, 250, 248 + X32, 249 + X32, 250 + X32}),
        ("x86_64", 0x40000003, {286, 287, 288}),
        ("aarch64", 0xC00000B7, {217, 218, 219}),
        ("aarch64", 0x40000028, {309, 310, 311}),
    ],
)
def test_the_calls_for_keys_are_refused_and_no_other(machine, architecture, refused):
    steps = program(machine)
    numbers = {*range(500), *range(X32, X32 + 500)}
    found = {number for number in numbers if verdict(steps, architecture, number) == REFUSED}
    assert refused <= found <= refused | {number + X32 for number in refused}
    assert verdict(steps, 0x12345678, next(iter(refused))) == ALLOWED
