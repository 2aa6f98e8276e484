"""Runs Docker's credential helpers, programs named ``docker-credential-NAME``.

Promise: a helper that hangs, or prints too much, is killed with all processes that it has started. Errors do not have
its output, which may be a secret.
Source: https://github.com/docker/docker-credential-helpers#development
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Final

import msgspec

from moyai.images.registry.credentials import Credentials, CredentialsFailed
from moyai.kernel.secret import Secret

PATIENCE: Final = 30.0
"""Seconds that a helper may take; it may have to request a token."""
_MAX_OUTPUT: Final = 64 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNKNOWN: Final = b"credentials not found in native keychain"
"""The output of a helper that has no credentials for the registry."""
_IDENTITY_TOKEN: Final = "<token>"  # noqa: S105 - the user name that marks one


class _Answer(msgspec.Struct, rename="pascal"):
    username: str
    secret: str


_ANSWER = msgspec.json.Decoder(_Answer)


async def ask_helper(name: str, registry: str, patience: float = PATIENCE) -> Credentials | None:
    """The credentials that the helper has for a registry (a key of ``config.json``). Raises CredentialsFailed."""
    program = f"docker-credential-{name}"
    if not _NAME.fullmatch(name):
        raise CredentialsFailed(f"the credential helper {name!r} of Docker's config.json is not a program's name")
    status, output = await _run(program, registry, patience)
    if status != 0:
        if _UNKNOWN in output:
            return None
        raise CredentialsFailed(
            f"{program} ended with status {status} when it was asked for {registry};"
            f" run `echo {registry} | {program} get` to see why"
        )
    try:
        answer = _ANSWER.decode(output)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise CredentialsFailed(f"{program} printed something else than credentials for {registry}") from None
    is_token = answer.username == _IDENTITY_TOKEN
    return Credentials("" if is_token else answer.username, Secret(answer.secret), program, is_identity_token=is_token)


async def _run(program: str, registry: str, patience: float) -> tuple[int, bytes]:
    """The exit status and the output of ``program get``."""
    try:
        process = await asyncio.create_subprocess_exec(
            program, "get", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise CredentialsFailed(
            f"{program}, which Docker's config.json names for {registry}, can't be run: {error.strerror};"
            " install it where moyai's PATH leads, or log in without it"
        ) from error
    try:
        async with asyncio.timeout(patience):
            return await _exchange(process, program, registry)
    except TimeoutError:
        raise CredentialsFailed(f"{program} did not answer within {patience:.0f} s when asked for {registry}") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _exchange(process: Process, program: str, registry: str) -> tuple[int, bytes]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(registry.encode())
    with suppress(ConnectionError):  # the helper may answer without reading its input
        await process.stdin.drain()
    process.stdin.close()
    output = bytearray()
    while chunk := await process.stdout.read(_MAX_OUTPUT):
        output += chunk
        if len(output) > _MAX_OUTPUT:
            raise CredentialsFailed(f"{program} printed more than {_MAX_OUTPUT} bytes when asked for {registry}")
    return await process.wait(), bytes(output)
