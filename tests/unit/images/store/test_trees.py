"""Trees that strangers have made are removed, whatever is in them."""

from __future__ import annotations

import os

import pytest

from moyai.images.store import trees
from moyai.images.store.trees import remove_tree


def make_deep(path, depth):
    """Make a directory with so many below each other."""
    path.mkdir()
    directory = os.open(path, os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=directory)
        below = os.open("d", os.O_DIRECTORY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)


def test_a_tree_of_any_depth_is_removed_and_nothing_beside_it(tmp_path):
    make_deep(tmp_path / "tree", 3000)
    (tmp_path / "beside").touch()
    (tmp_path / "tree/link").symlink_to(tmp_path)
    (tmp_path / "tree/.removing-earlier").mkdir()
    (tmp_path / "tree/.removing-earlier/1").mkdir()
    os.mkfifo(tmp_path / "tree/fifo")
    remove_tree(str(tmp_path / "tree"))
    assert [path.name for path in tmp_path.iterdir()] == ["beside"]


def test_a_removal_that_fails_can_be_repeated(tmp_path, monkeypatch):
    make_deep(tmp_path / "tree", 20)
    (tmp_path / "tree/file").touch()
    rmdir, calls = os.rmdir, iter(range(10))

    def interrupt(path):
        if next(calls, None) is None:
            raise OSError(5, "interrupted")
        rmdir(path)

    monkeypatch.setattr(os, "rmdir", interrupt)
    with pytest.raises(OSError, match="interrupted"):
        remove_tree(str(tmp_path / "tree"))
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["tree"], "nothing is left elsewhere"
    remove_tree(str(tmp_path / "tree"))
    assert list(tmp_path.iterdir()) == []


def test_a_removal_ends_when_it_is_interrupted(tmp_path):
    make_deep(tmp_path / "tree", 20)
    answers = iter([False] * 5)
    with pytest.raises(InterruptedError):
        remove_tree(str(tmp_path / "tree"), lambda: next(answers, True))
    assert (tmp_path / "tree").exists()
    remove_tree(str(tmp_path / "tree"))
    assert list(tmp_path.iterdir()) == []


def test_a_tree_has_more_directories_than_are_listed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(trees, "_AT_ONCE", 3)
    for number in range(20):
        (tmp_path / f"tree/{number}/{number}").mkdir(parents=True)
    remove_tree(str(tmp_path / "tree"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        remove_tree(str(tmp_path / "tree"))
