"""What a Mastodon server allows, where it does not say otherwise.

https://docs.joinmastodon.org/user/posting/, /api/v2/instance (`configuration`) and https://docs.joinmastodon.org/api/rate-limits/
"""

from buergerdraht.connectors.contract import Limits

URL_CHARACTERS = 23  # every address counts so much, however long it is
PICTURES = 4
ALT = 1500
MENTION_ROOM = 40  # "@name " before an answer; the server's name does not count
KEY_SECONDS = 3000.0  # a repeated Idempotency-Key is recognised for an hour; a little less, because clocks differ
POLL_SECONDS = 6.0  # of 300 calls in five minutes this takes 50
PAGE = 40
PAGES = 10
LOOK_BACK_DAYS = 3  # mentions of the time nobody listened
DOWNLOAD = 40_000_000

LIMITS = Limits(
    text=500,
    caption=500,
    buttons=0,
    button_title=0,
    media={"image": 16_000_000, "video": 99_000_000, "audio": 99_000_000, "voice": 99_000_000},
    mimes={
        "image": ("image/jpeg", "image/png", "image/gif", "image/webp"),
        "video": ("video/mp4", "video/webm", "video/quicktime"),
        "audio": ("audio/mpeg", "audio/ogg", "audio/mp4", "audio/wav", "audio/flac"),
        "voice": ("audio/mpeg", "audio/ogg", "audio/mp4"),
    },
    rate=0.5,
    may_start=True,
)
