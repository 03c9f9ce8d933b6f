"""What was learned is known to every process of the account, says nothing to anybody else, and stays as it was first learned."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread

import pytest

from buergerdraht.connectors import learned
from buergerdraht.connectors.learned import Learned


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(learned, "FOLDER", tmp_path)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_another_process_of_the_account_knows_it_too() -> None:
    Learned(b"geheim").pin("ABCD1234", b"wert")
    assert Learned(b"geheim").get("ABCD1234") == b"wert"
    assert Learned(b"geheim").get("EFGH5678") is None


def test_another_account_knows_nothing_of_it() -> None:
    Learned(b"geheim").pin("ABCD1234", b"wert")
    assert Learned(b"anderes").get("ABCD1234") is None


def test_the_folder_tells_neither_names_nor_values(folder: Path) -> None:
    Learned(b"geheim").pin("ABCD1234", b"ein langer Wert")
    [path] = files(folder)
    assert "ABCD1234" not in str(path)
    assert b"Wert" not in path.read_bytes()


def test_what_came_first_stays() -> None:
    one, two = Learned(b"geheim"), Learned(b"geheim")
    assert one.pin("ABCD1234", b"erster") == b"erster"
    assert two.pin("ABCD1234", b"zweiter") == b"erster"
    assert one.get("ABCD1234") == b"erster"


def test_of_many_who_come_at_once_all_hear_the_same() -> None:
    heard: list[bytes] = []

    def come(value: bytes) -> None:
        heard.append(Learned(b"geheim").pin("ABCD1234", value))

    threads = [Thread(target=come, args=(b"%d" % number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 20
    assert set(heard) == {Learned(b"geheim").get("ABCD1234")}


def test_replacing_and_forgetting_are_deliberate() -> None:
    book = Learned(b"geheim")
    book.pin("ABCD1234", b"alt")
    book.replace("ABCD1234", b"neu")
    assert Learned(b"geheim").get("ABCD1234") == b"neu"
    book.forget("ABCD1234")
    assert book.get("ABCD1234") is None
    assert Learned(b"geheim").get("ABCD1234") is None


@pytest.mark.parametrize("damage", [b"", b"kurz", bytes(200)])
def test_a_damaged_file_is_not_believed_and_may_be_learned_again(folder: Path, damage: bytes) -> None:
    Learned(b"geheim").pin("ABCD1234", b"wert")
    [path] = files(folder)
    path.write_bytes(damage)
    book = Learned(b"geheim")
    assert book.get("ABCD1234") is None
    assert book.pin("ABCD1234", b"neu") == b"neu"
    assert Learned(b"geheim").get("ABCD1234") == b"neu"


def test_without_a_folder_a_process_knows_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    book = Learned(b"geheim")
    book.pin("ABCD1234", b"wert")
    assert book.get("ABCD1234") == b"wert"
    assert learned.tidy(0) == 0


def test_memory_begins_anew_instead_of_growing_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "REMEMBERED", 3)
    book = Learned(b"geheim")
    for number in range(10):
        book.pin(f"ABCD000{number}", b"wert")
    assert len(book._known) <= 3
    assert all(book.get(f"ABCD000{number}") == b"wert" for number in range(10))


def test_what_nobody_needed_for_long_is_let_go_and_what_is_needed_stays(folder: Path) -> None:
    for name in ("ABCD1234", "EFGH5678"):
        Learned(b"geheim").pin(name, b"wert")
    long_ago = time.time() - 500 * 86_400
    for path in files(folder):
        os.utime(path, (long_ago, long_ago))
    Learned(b"geheim").get("ABCD1234")
    assert learned.tidy(400) == 1
    assert Learned(b"geheim").get("ABCD1234") == b"wert"
    assert Learned(b"geheim").get("EFGH5678") is None


def test_a_folder_that_cannot_be_written_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(learned, "FOLDER", tmp_path / "a file")
    book = Learned(b"geheim")
    assert book.pin("ABCD1234", b"wert") == b"wert"
    assert book.get("ABCD1234") == b"wert"
    assert Learned(b"geheim").get("ABCD1234") is None
    book.replace("ABCD1234", b"neu")
    assert book.get("ABCD1234") == b"neu"


def test_a_disk_without_links_holds_up_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert Learned(b"geheim").pin("ABCD1234", b"wert") == b"wert"
    assert files(folder) == []
