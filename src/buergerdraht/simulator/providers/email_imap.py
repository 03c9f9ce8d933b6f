"""IMAP4rev1 (RFC 3501) as far as a program that reads one folder needs it, with IDLE (RFC 2177), UIDPLUS (4315) and MOVE (6851).

Strict about states and syntax. Folders beside the first are in `account.data["folders"]`: mails go there, nobody looks into them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from typing import Any

from buergerdraht.simulator.providers.email_box import Box

PATIENCE = 1800.0  # RFC 3501 5.4: at least half an hour
CAPABILITIES = "IMAP4rev1 IDLE UNSELECT UIDPLUS MOVE"
KEYWORDS = True  # it keeps marks that others invent
FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
_SET = re.compile(r"(\d+|\*)(:(\d+|\*))?(,(\d+|\*)(:(\d+|\*))?)*")
_WORD = re.compile(r'"((?:[^"\\]|\\["\\])*)"|(\([^()]*(?:\([^()]*\)[^()]*)*\))|([^\s"()]\S*)')


class Bad(Exception):
    """The command is none, or not now."""


class No(Exception):
    """It is one, and it cannot be done."""


@dataclass
class Talk:
    """One connection."""

    box: Box
    signs_in: Callable[[str, str], bool]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    inside: bool = False
    folder: bool = False
    read_only: bool = False
    told: int = 0  # how many mails the other side knows of

    async def run(self) -> None:
        try:
            self.say(f"* OK [CAPABILITY {CAPABILITIES}] ready")
            while await self._turn():
                await self.writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            self.writer.close()

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def _line(self) -> str:
        """Read a command, its literals put in as quoted words."""
        whole = ""
        while True:
            raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), PATIENCE)
            line = raw[:-2].decode("utf-8", "replace")
            if not (found := re.search(r"\{(\d{1,5})\}$", line)):
                return whole + line
            self.say("+ go on")
            await self.writer.drain()
            word = (await self.reader.readexactly(int(found[1]))).decode("utf-8", "replace")
            whole += line[: found.start()] + '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'

    async def _turn(self) -> bool:
        line = await self._line()
        tag, _space, rest = line.partition(" ")
        verb, _space, rest = rest.partition(" ")
        if not re.fullmatch(r"[A-Za-z0-9.]{1,20}", tag):
            self.say("* BAD no tag")
            return True
        verb = verb.upper()
        try:
            if verb == "LOGOUT":
                self.say("* BYE")
                self.say(f"{tag} OK LOGOUT completed")
                return False
            if verb == "UID":
                verb, _space, rest = rest.partition(" ")
                verb = "UID_" + verb.upper()
            work = getattr(self, f"do_{verb.lower()}", None)
            if work is None:
                raise Bad("unknown command")
            answer = await work(rest, tag)
            self.say(f"{tag} OK {answer or 'completed'}")
        except Bad as problem:
            self.say(f"{tag} BAD {problem}")
        except No as problem:
            self.say(f"{tag} NO {problem}")
        return True

    def _must(self, *, folder: bool = False) -> None:
        if not self.inside or (folder and not self.folder):
            raise Bad("not in this state")

    # ── Before and around a folder ────────────────────────────────────────

    async def do_capability(self, rest: str, tag: str) -> str:
        self.say(f"* CAPABILITY {CAPABILITIES}")
        return ""

    async def do_noop(self, rest: str, tag: str) -> str:
        self._news()
        return ""

    async def do_login(self, rest: str, tag: str) -> str:
        if self.inside:
            raise Bad("signed in already")
        words = split(rest)
        if len(words) != 2:
            raise Bad("LOGIN name password")
        if not self.signs_in(*words):
            raise No("[AUTHENTICATIONFAILED] Authentication failed.")
        self.inside = True
        return f"[CAPABILITY {CAPABILITIES}] signed in"

    async def do_list(self, rest: str, tag: str) -> str:
        self._must()
        words = split(rest)
        if len(words) != 2:
            raise Bad("LIST reference name")
        for name in ("INBOX", *self.box.folders()):
            if words[1] in {"*", "%"} or words[1].upper() == name.upper():
                self.say(f'* LIST (\\HasNoChildren) "/" "{name}"')
        return ""

    async def do_select(self, rest: str, tag: str) -> str:
        return self._open(rest, read_only=False)

    async def do_examine(self, rest: str, tag: str) -> str:
        return self._open(rest, read_only=True)

    def _open(self, rest: str, *, read_only: bool) -> str:
        self._must()
        self.folder = False
        words = split(rest)
        if len(words) != 1:
            raise Bad("one folder")
        if words[0].upper() != "INBOX":
            raise No("[NONEXISTENT] no such mailbox")
        self.folder, self.read_only, self.told = True, read_only, len(self.box.mails())
        self.say(f"* {self.told} EXISTS")
        self.say("* 0 RECENT")
        self.say(f"* FLAGS ({' '.join(FLAGS)})")
        lasting = " ".join([*FLAGS, "\\*"] if KEYWORDS else FLAGS)
        self.say(f"* OK [PERMANENTFLAGS ({lasting})] limited")
        self.say(f"* OK [UIDVALIDITY {self.box.data['validity']}] valid")
        self.say(f"* OK [UIDNEXT {self.box.data['next']}] next")
        return f"[READ-{'ONLY' if read_only else 'WRITE'}] opened"

    async def do_close(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        self.folder = False
        return ""

    do_unselect = do_close

    def _news(self) -> None:
        if self.folder and (now := len(self.box.mails())) != self.told:
            self.told = now
            self.say(f"* {now} EXISTS")

    async def do_idle(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        self.say("+ idling")
        await self.writer.drain()
        waiting = asyncio.ensure_future(self.reader.readuntil(b"\r\n"))
        while not waiting.done():
            await asyncio.wait([waiting], timeout=0.2)
            self._news()
            await self.writer.drain()
        if waiting.result().strip().upper() != b"DONE":
            raise Bad("DONE expected")
        return "IDLE terminated"

    # ── In a folder ───────────────────────────────────────────────────────

    async def do_uid_search(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        found = [str(mail["uid"]) for mail in self.box.mails() if self._fits(mail, split(rest))]
        self.say(" ".join(["* SEARCH", *found]))
        return ""

    def _fits(self, mail: dict[str, Any], words: list[str]) -> bool:
        words = list(words)
        if not words:
            raise Bad("search for what?")
        while words:
            key = words.pop(0).upper()
            if key in {"UNSEEN", "SEEN"}:
                fits = ("\\Seen" in mail["flags"]) == (key == "SEEN")
            elif key in {"FLAGGED", "UNFLAGGED"}:
                fits = ("\\Flagged" in mail["flags"]) == (key == "FLAGGED")
            elif key == "ALL":
                fits = True
            elif key == "UID" and words:
                fits = mail["uid"] in self._numbers(words.pop(0))
            elif key in {"KEYWORD", "UNKEYWORD"} and words:
                fits = (words.pop(0).lower() in {each.lower() for each in mail["flags"]}) == (key == "KEYWORD")
            elif key in {"BEFORE", "SINCE"} and words:
                fits = (self.box.day_of(mail) < _day(words.pop(0))) == (key == "BEFORE")
            elif key == "FROM" and words:
                fits = self._has(mail, "From", words.pop(0))
            elif key == "HEADER" and len(words) > 1:
                fits = self._has(mail, words.pop(0), words.pop(0))
            else:
                raise Bad("unknown search key")
            if not fits:
                return False
        return True

    def _has(self, mail: dict[str, Any], name: str, value: str) -> bool:
        head = message_from_bytes(self.box.bytes_of(mail).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", policy=policy.default)
        return any(value.lower() in str(each).lower() for each in head.get_all(name, []))

    def _numbers(self, words: str) -> set[int]:
        if not _SET.fullmatch(words):
            raise Bad("a set of numbers")
        uids = [mail["uid"] for mail in self.box.mails()]
        last, found = max(uids, default=0), set()
        for piece in words.split(","):
            first, colon, second = piece.partition(":")
            ends = sorted(last if each == "*" else int(each) for each in ((first, second) if colon else (first, first)))
            found |= {uid for uid in uids if ends[0] <= uid <= ends[1]}
        return found

    async def do_uid_fetch(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        numbers, _space, wanted = rest.partition(" ")
        chosen, items = self._numbers(numbers), re.findall(r"[A-Z0-9.]+(?:\[[^\]]*\])?", wanted.upper().strip("() "))
        if not items:
            raise Bad("fetch what?")
        for index, mail in enumerate(self.box.mails(), 1):
            if mail["uid"] in chosen:
                self._show(index, mail, items)
        return ""

    def _show(self, index: int, mail: dict[str, Any], items: list[str]) -> None:
        data = self.box.bytes_of(mail)
        self.writer.write(f"* {index} FETCH (UID {mail['uid']}".encode())
        for item in items:
            if item == "FLAGS":
                self.writer.write(f" FLAGS ({' '.join(mail['flags'])})".encode())
            elif item == "RFC822.SIZE":
                self.writer.write(f" RFC822.SIZE {len(data)}".encode())
            elif item in {"BODY[]", "BODY.PEEK[]", "BODY[HEADER]", "BODY.PEEK[HEADER]"}:
                section = "HEADER" if "HEADER" in item else ""
                shown = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if section else data
                self.writer.write(f" BODY[{section}] {{{len(shown)}}}\r\n".encode() + shown)
                if "PEEK" not in item and not self.read_only and "\\Seen" not in mail["flags"]:
                    mail["flags"].append("\\Seen")
            elif item != "UID":
                self.writer.write(b")\r\n")
                raise Bad("unknown item")
        self.writer.write(b")\r\n")

    async def do_uid_store(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        found = re.fullmatch(r"(\S+) ([+-]?)FLAGS(\.SILENT)? \(?([^()]*)\)?", rest.strip(), re.I)
        if found is None:
            raise Bad("STORE set FLAGS (…)")
        if self.read_only:
            raise No("[READ-ONLY]")
        flags = [_flag(each) for each in found[4].split()]
        if not all(flags):
            raise Bad("unknown flag")
        chosen = self._numbers(found[1])
        for index, mail in enumerate(self.box.mails(), 1):
            if mail["uid"] in chosen:
                kept = [each for each in mail["flags"] if each not in flags] if found[2] else []
                mail["flags"] = kept if found[2] == "-" else [*kept, *flags]
                if not found[3]:
                    self.say(f"* {index} FETCH (UID {mail['uid']} FLAGS ({' '.join(mail['flags'])}))")
        return ""

    # ── Out of a folder ───────────────────────────────────────────────────

    def _into(self, rest: str) -> tuple[list[dict[str, Any]], str]:
        """Which mails of this folder a command means, and the folder it names."""
        self._must(folder=True)
        words = split(rest)
        if len(words) != 2:
            raise Bad("a set of numbers and a folder")
        if words[1] not in self.box.folders():
            raise No("[TRYCREATE] no such mailbox")
        numbers = self._numbers(words[0])
        return [mail for mail in self.box.mails() if mail["uid"] in numbers], words[1]

    async def do_uid_copy(self, rest: str, tag: str) -> str:
        chosen, folder = self._into(rest)
        for mail in chosen:
            self.box.copy(mail, folder)
        return ""

    async def do_uid_move(self, rest: str, tag: str) -> str:
        if "MOVE" not in CAPABILITIES.split():
            raise Bad("unknown command")
        if self.read_only:
            raise No("[READ-ONLY]")
        chosen, folder = self._into(rest)
        for mail in chosen:
            self.box.copy(mail, folder)
        self._remove(chosen)
        return ""

    async def do_uid_expunge(self, rest: str, tag: str) -> str:
        self._must(folder=True)
        if "UIDPLUS" not in CAPABILITIES.split():
            raise Bad("unknown command")
        if self.read_only:
            raise No("[READ-ONLY]")
        numbers = self._numbers(rest.strip())
        self._remove([mail for mail in self.box.mails() if mail["uid"] in numbers and "\\Deleted" in mail["flags"]])
        return ""

    def _remove(self, mails: list[dict[str, Any]]) -> None:
        for mail in mails:
            self.say(f"* {self.box.mails().index(mail) + 1} EXPUNGE")
            self.box.remove(mail)
        self.told = len(self.box.mails())


def _flag(word: str) -> str:
    """Give a flag as we write it; "" where we keep none of the kind."""
    known = next((each for each in FLAGS if each.lower() == word.lower()), "")
    return known or (word if KEYWORDS and not word.startswith("\\") else "")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise Bad("a date is 1-Feb-1994") from None


def split(rest: str) -> list[str]:
    """Take a command's words apart: atoms, quoted ones, lists as they stand."""
    words = []
    at = 0
    rest = rest.strip()
    while at < len(rest):
        found = _WORD.match(rest, at)
        if found is None:
            raise Bad("syntax")
        words.append(re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[0])
        at = found.end()
        while at < len(rest) and rest[at] == " ":
            at += 1
    return words
