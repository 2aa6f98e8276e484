"""An interpreter for the classic BPF that seccomp filters use."""

from __future__ import annotations

import struct

ALLOWED = 0x7FFF0000
X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
X32_BIT = 0x40000000


def error(number: int) -> int:
    """The return value of a program for a call that ends in this errno."""
    return 0x00050000 | number


def verdict(program: bytes, architecture: int, call: int, *arguments: int) -> int:
    """The verdict of a program about a call. Every jump must stay within the program."""
    data = [call, architecture, 0, 0]  # struct seccomp_data, of which a load takes 32 bits
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        data += [argument & 0xFFFFFFFF, argument >> 32]
    code, place, register = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        kind, when, otherwise, operand = code[place]
        place += 1
        match kind:
            case 0x20:
                register = data[operand // 4]
            case 0x54:
                register &= operand
            case 0x05:
                place += operand
            case 0x15:
                place += when if register == operand else otherwise
            case 0x25:
                place += when if register > operand else otherwise
            case 0x35:
                place += when if register >= operand else otherwise
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(f"unknown instruction {kind:#x}")
