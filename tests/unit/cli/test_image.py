"""``moyai image``: import, list and remove."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from moyai.cli.main import command_line


@pytest.fixture
def image(tmp_path):
    """Runs ``moyai image`` on a state directory of its own."""

    def run(*arguments: str):
        state = str(tmp_path / "state")
        return CliRunner().invoke(command_line(), ["image", *arguments, "--state", state], catch_exceptions=False)

    return run


def test_an_image_is_imported_listed_and_removed(image, tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "file").write_text("content")
    imported = image("import", "shop/web:1", str(folder))
    (host, web) = json.loads(image("list", "--json").stdout)
    assert host == {"Name": "moyai.local/host", "Digest": None}
    assert web["Name"] == "shop/web:1"
    assert imported.stdout == f"Imported shop/web:1 ({web['Digest'][:19]}…)\n"
    assert image("rm", "shop/web:1").stdout == "Removed shop/web:1\n"
    assert image("list").stdout == "moyai.local/host\n"


@pytest.mark.parametrize("name", ["moyai.local/host", "no/such:1", "Not/A:Name"])
def test_images_that_cannot_be_removed_are_errors(image, name):
    with pytest.raises(Exception, match=r"neither removed|is not here|invalid reference format"):
        image("rm", name)
