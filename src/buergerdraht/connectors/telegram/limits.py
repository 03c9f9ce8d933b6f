"""What Telegram allows.

https://core.telegram.org/bots/api and https://core.telegram.org/bots/faq#broadcasting-to-users
"""

from buergerdraht.connectors.contract import Limits

CALLBACK_BYTES = 64
BUTTONS = 100
BUTTON_TITLE = 64  # longer ones are cut by the apps on narrow phones
ENTITIES = 100  # further ones are ignored
ALBUM = 10
DOWNLOAD = 20_000_000
START = 64

LIMITS = Limits(
    text=4096,
    caption=1024,
    buttons=BUTTONS,
    button_title=BUTTON_TITLE,
    media={
        "image": 10_000_000,
        "video": 50_000_000,
        "audio": 50_000_000,
        "voice": 50_000_000,
        "document": 50_000_000,
        "sticker": 512_000,
    },
    # Any file may be sent as a document, so a type that is missing here is sent as one.
    mimes={
        "image": ("image/jpeg", "image/png", "image/webp"),
        "video": ("video/mp4",),
        "audio": ("audio/mpeg", "audio/mp4"),
        "voice": ("audio/ogg", "audio/mpeg", "audio/mp4"),
        "document": ("*/*",),
        "sticker": ("image/webp",),
    },
    rate=30.0,
    most_rate=1000.0,  # paid broadcasts
    pair_interval=1.0,
    pair_burst=3,
    may_start=False,
)
