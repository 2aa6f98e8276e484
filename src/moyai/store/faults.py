"""Classifies SQLite errors: a damaged file, or a fault that may pass.

Source: https://www.sqlite.org/rescode.html
"""

from __future__ import annotations

import sqlite3
from typing import Final

SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""The errors that SQLite raises; UnicodeDecodeError, when its own message contains damaged bytes."""
_OUTSIDE_FILE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""The errors whose cause is the disk, its mode or another program, and not the contents of the file."""
_REFUSED_WRITES: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_WRITE,
    }
)
"""Errors of input and output that happen before anything is flushed."""
_PRIMARY_CODE: Final = 0xFF
"""The bits of an extended error code that are its primary code."""


def is_damage(error: Exception) -> bool:
    """Whether the file itself is damaged, rather than the disk unable to write at the moment."""
    return _code(error) & _PRIMARY_CODE not in _OUTSIDE_FILE


def may_pass(error: Exception) -> bool:
    """Whether writing may be tried again, because the disk wrote nothing and the file is unchanged.

    Not after a failed flush: the kernel may have dropped the very pages that it could not write, and report the next
    flush as a success.
    """
    code = _code(error)
    return not is_damage(error) and (code & _PRIMARY_CODE != sqlite3.SQLITE_IOERR or code in _REFUSED_WRITES)


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
