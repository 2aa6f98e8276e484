"""Malformed archives of root file systems in `moyai image import`."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.e2e.installation import MOYAI

pytestmark = [pytest.mark.e2e, pytest.mark.root]  # owners are kept


def link_archive(name: str, kind: bytes, to: str) -> bytes:
    """An archive with one link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, to
        tar.addfile(member)
    return buffer.getvalue()


ARCHIVES = {
    "a hard link to nothing": link_archive("a", tarfile.LNKTYPE, "gone"),
    "a cut one": link_archive("a", tarfile.SYMTYPE, "/x")[:-20],
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_malformed_archive_is_refused_in_one_sentence_and_leaves_nothing(tmp_path: Path, kind: str):
    source, state = tmp_path / "root.tar", tmp_path / "state"
    source.write_bytes(ARCHIVES[kind])
    command = [*MOYAI, "image", "import", "bad:1", str(source), "--state", str(state)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"moyai: {source} can't be imported as bad:1: ")
    assert not [path for place in ("layers", "blobs", "leases") for path in (state / "images" / place).glob("*/*")]
