"""What a Mastodon server accepts, how it counts, and how it writes a post."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

CHARACTERS, URL_CHARACTERS, FILES, ALT = 500, 23, 4, 1500
CALLS, CALLS_SECONDS = 300, 300.0  # of one account
MEDIA, MEDIA_SECONDS = 30, 1800.0
KEY_SECONDS = 3600.0
SIZES = {"image": 16 << 20, "video": 99 << 20, "audio": 99 << 20}
VISIBILITIES = {"public", "unlisted", "private", "direct"}
TYPES = {
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "quote", "quoted_update", "admin.sign_up",
    "admin.report", "severed_relationships", "moderation_warning",
}  # fmt: skip
LANGUAGE = re.compile(r"^[a-z]{2,3}$")
URL = re.compile(r"https?://[^\s<>\"]+")
REMOTE = re.compile(r"(?<![\w/])(@\w+)@[\w.-]+\w")
MENTION = re.compile(r"(?<![\w/])@([\w.-]+(?:@[\w.-]+\w)?)")
Status = dict[str, Any]


class Refusal(Exception):
    """`{"error": words}` with this status."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, headers


def invalid(words: str) -> Refusal:
    return Refusal(422, f"Validation failed: {words}")


def length(text: str) -> int:
    """Count as the server does: an address is 23 letters, a mention its name."""
    return len(REMOTE.sub(r"\1", URL.sub("x" * URL_CHARACTERS, text)))


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_html(text: str) -> str:
    """Write a post as the server does: paragraphs, breaks, links, mentions."""
    paragraphs = []
    for block in re.split(r"\n\n+", text.strip()):
        safe = html.escape(block, quote=False).replace("\n", "<br>")
        safe = re.sub(r"https?://[^\s<>\"]+", lambda found: f'<a href="{found[0]}" rel="nofollow">{found[0]}</a>', safe)
        safe = re.sub(
            MENTION, lambda found: f'<span class="h-card"><a class="u-url mention" href="#">@<span>{found[1]}</span></a></span>', safe
        )
        paragraphs.append(f"<p>{safe}</p>")
    return "".join(paragraphs)
