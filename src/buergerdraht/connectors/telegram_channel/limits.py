"""What Telegram allows a bot in a channel.

https://core.telegram.org/bots/api and https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from buergerdraht.connectors.contract import Limits

ALBUM = 10
ENTITIES = 100  # further ones are ignored
BUTTON_TITLE = 64

LIMITS = Limits(
    text=4096,
    caption=1024,
    buttons=10,
    button_title=BUTTON_TITLE,
    media={"image": 10_000_000, "video": 50_000_000, "audio": 50_000_000, "voice": 50_000_000, "document": 50_000_000},
    mimes={
        "image": ("image/jpeg", "image/png", "image/webp"),
        "video": ("video/mp4",),
        "audio": ("audio/mpeg", "audio/mp4"),
        "voice": ("audio/ogg", "audio/mpeg", "audio/mp4"),
        "document": ("*/*",),
    },
    rate=1.0,
    pair_interval=3.0,  # twenty a minute in one channel
    pair_burst=5,
    may_start=True,
)
