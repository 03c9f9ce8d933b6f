"""What our own page shows and takes."""

from buergerdraht.connectors.contract import Limits

BUTTONS = 12  # more would be a list that nobody reads in a narrow window
BUTTON_TITLE = 80
WRITTEN = 4000  # letters a citizen may write at once
FILE = 10_000_000
PICTURES = ("image/jpeg", "image/png", "image/webp")
FILES = (*PICTURES, "application/pdf")

LIMITS = Limits(
    text=20_000,
    caption=20_000,
    buttons=BUTTONS,
    button_title=BUTTON_TITLE,
    media=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), 100000000),
    mimes={
        "image": (*PICTURES, "image/gif"),
        "video": ("video/mp4", "video/webm"),
        "audio": ("audio/mpeg", "audio/mp4", "audio/ogg"),
        "voice": ("audio/ogg", "audio/mpeg", "audio/mp4"),
        "document": ("*/*",),
        "sticker": ("image/webp",),
    },
    rate=500.0,
    delivered=True,
    read=True,
)
