"""A small mail server for tests: SMTP (RFC 5321) takes, IMAP4rev1 (RFC 3501) gives, both over real connections, no more than is used."""

from __future__ import annotations

import re
import socketserver
import threading
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass
class Mail:
    data: bytes
    flags: set[str] = field(default_factory=set)


class Post:
    """Takes mail and keeps a mailbox. `refused`: addresses it does not know; `dying`: it takes the next mail and says nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str], bytes]] = []
        self.box: list[Mail] = []
        self.refused: set[str] = set()
        self.dying = 0
        self.smtp, self.imap = _server(_Smtp, self), _server(_Imap, self)

    @property
    def smtp_port(self) -> int:
        return int(self.smtp.server_address[1])

    @property
    def imap_port(self) -> int:
        return int(self.imap.server_address[1])

    def stop(self) -> None:
        for server in (self.smtp, self.imap):
            server.shutdown()
            server.server_close()


class _Talk(socketserver.StreamRequestHandler):
    post: ClassVar[Post]

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def hear(self) -> str:
        return self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n")


class _Smtp(_Talk):
    def handle(self) -> None:
        self.say("220 post.example ESMTP")
        sender, receivers = "", []
        while line := self.hear():
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                self.say("250 post.example")
            elif verb.startswith("MAIL FROM:"):
                sender = line[10:].split("<")[1].split(">")[0]
                self.say("250 2.1.0 OK")
            elif verb.startswith("RCPT TO:"):
                receiver = line.split("<")[1].split(">")[0]
                known = receiver not in self.post.refused
                if known:
                    receivers.append(receiver)
                self.say("250 2.1.5 OK" if known else "550 5.1.1 No such user")
            elif verb == "DATA":
                self.say("354 Go on")
                self.post.sent.append((sender, receivers, self.body()))
                if self.post.dying:
                    self.post.dying -= 1
                    return
                self.say("250 2.0.0 Queued")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 OK")

    def body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)


class _Imap(_Talk):
    def handle(self) -> None:
        self.say("* OK IMAP4rev1 ready")
        inside = False
        while line := self.hear():
            tag, _space, rest = line.partition(" ")
            verb = rest.upper()
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            elif verb.startswith("LOGIN "):
                if 'LOGIN anliegen "geheim"' not in rest:
                    self.say(f"{tag} NO [AUTHENTICATIONFAILED] wrong")
                    continue
                inside = True
            elif verb == "LOGOUT":
                self.say("* BYE")
                self.say(f"{tag} OK LOGOUT")
                return
            elif not inside or not self.done(verb):
                self.say(f"{tag} BAD")
                continue
            self.say(f"{tag} OK done")

    def done(self, verb: str) -> bool:
        if verb == 'SELECT "INBOX"' or verb == "SELECT INBOX":
            self.say(f"* {len(self.post.box)} EXISTS")
            return True
        if verb == "UID SEARCH UNSEEN":
            unread = [str(number) for number, mail in enumerate(self.post.box, start=1) if "\\SEEN" not in mail.flags]
            self.say(" ".join(["* SEARCH", *unread]))
            return True
        if found := re.fullmatch(r"UID FETCH (\d+) \(RFC822\.SIZE\)", verb):
            self.say(f"* {found[1]} FETCH (UID {found[1]} RFC822.SIZE {len(self.mail(found[1]).data)})")
            return True
        if found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]\)", verb):
            data = self.mail(found[1]).data
            self.wfile.write(f"* {found[1]} FETCH (UID {found[1]} BODY[] {{{len(data)}}}\r\n".encode() + data + b")\r\n")
            return True
        if found := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \((.*)\)", verb):
            self.mail(found[1]).flags.update(found[2].split())
            return True
        return False

    def mail(self, number: str) -> Mail:
        return self.post.box[int(number) - 1]


def _server(talk: type[_Talk], post: Post) -> socketserver.ThreadingTCPServer:
    handler = type(talk.__name__, (talk,), {"post": post})

    class Quiet(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
