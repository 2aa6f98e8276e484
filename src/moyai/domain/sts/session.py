"""Roles' temporary credentials, which are derived from one secret of the installation, so that none is stored.

Promise: a token states whose it is and until when it is valid, and can't be made or changed without that secret; its
keys are derived from it. The same claims give the same keys. Whether keys are void before they expire (because a task
has stopped, an access key is revoked, or the secret is a new one) is looked up when they are used.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b32encode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from moyai.domain.record import StoredRecord
from moyai.kernel.ids import TaskArn
from moyai.kernel.secret import Secret

KEY: Final = "session_root"
ROOT_DIGITS: Final = 64
TOKEN_PREFIX: Final = "moyai."  # noqa: S105 (how a token begins)
_LONGEST_TOKEN: Final = 2048
_MAC_LENGTH: Final = 32
_ID_LENGTH, _SECRET_LENGTH = 16, 40
_UUID_LENGTH: Final = 16


class SessionRoot(StoredRecord, frozen=True, tag="session_root"):
    """The secret from which all roles' credentials are derived; there is one."""

    secret: Secret

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return KEY


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """The claims of a session token."""

    task: TaskArn
    """The task whose role's keys these are, or by whose keys they were requested; empty for others."""
    role: str
    """The role; empty for a session of the account's root."""
    expires: int
    """Seconds since the epoch."""
    account: str = ""
    """The account of keys that STS issued; empty for a task's own."""
    session: str = ""
    """The name of a session of AssumeRole."""
    issuer: str = ""
    """The access key to which the chain of sessions goes back; empty for a task's."""


_READER = msgspec.json.Decoder(Claims)


class SessionKeys(msgspec.Struct, frozen=True):
    """The credentials with which a client signs."""

    access_key: str
    secret: Secret
    token: str


def issue(root: SessionRoot, claims: Claims) -> SessionKeys:
    """The credentials for these claims."""
    payload = msgspec.json.encode(claims)
    text = seal(root, "token", payload)
    name = b32encode(_mac(root, "id", payload)).decode()[:_ID_LENGTH]
    secret = b64encode(_mac(root, "secret", payload)).decode()[:_SECRET_LENGTH]
    return SessionKeys(f"ASIA{name}", Secret(secret), TOKEN_PREFIX + text)


def claims_in(root: SessionRoot, token: str) -> Claims | None:
    """The claims of a token; None if the token is not genuine."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    payload = unseal(root, "token", token.removeprefix(TOKEN_PREFIX))
    try:
        return None if payload is None else _READER.decode(payload)
    except msgspec.MsgspecError:
        return None


def seal(root: SessionRoot, use: str, payload: bytes) -> str:
    """A text with the payload, which only this installation can make. A text for one use is not valid for another."""
    return urlsafe_b64encode(_mac(root, use, payload) + payload).decode()


def unseal(root: SessionRoot, use: str, text: str) -> bytes | None:
    """The payload of a text that ``seal`` made; None if the text is not genuine."""
    if len(text) > _LONGEST_TOKEN:
        return None
    try:
        raw = urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return None
    mac, payload = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
    return payload if hmac.compare_digest(mac, _mac(root, use, payload)) else None


def credentials_id(root: SessionRoot, task: TaskArn) -> str:
    """The UUID in the path of a task's credentials, which other tasks can't guess."""
    return str(UUID(bytes=_mac(root, "path", task.encode())[:_UUID_LENGTH], version=4))


def role_name(role: str) -> str:
    """The name of a role without its path, from its ARN or its name."""
    return role.rpartition("/")[2]


def assumed_role_arn(account: str, role: str, session: str) -> str:
    """The ARN of a session."""
    return f"arn:aws:sts::{account}:assumed-role/{role_name(role)}/{session}"


def role_id(role: str) -> str:
    """The unique id of a role: the same one for the same ARN."""
    return "AROA" + b32encode(sha256(role.encode()).digest()).decode()[:_ID_LENGTH]


def _mac(root: SessionRoot, use: str, payload: bytes) -> bytes:
    return hmac.digest(root.secret.reveal().encode(), use.encode() + b"\x00" + payload, "sha256")
