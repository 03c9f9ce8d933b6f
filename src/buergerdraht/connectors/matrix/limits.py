"""What Matrix allows.

https://spec.matrix.org/v1.15/client-server-api/#size-limits: an event has at most 65,536 bytes, with everything the server adds.
"""

from buergerdraht.connectors.contract import Limits

EVENT = 65_536
WRITTEN = 48_000  # bytes of text and HTML in one event; the rest is left for names, signatures and what is quoted
TEXT = 16_000
UPLOAD = 50_000_000  # the usual bound of a homeserver; a smaller one is told when we upload
ID = 200  # letters of a name in our tables: a room's and an event's together

_ANY = ("*/*",)

LIMITS = Limits(
    text=TEXT,
    caption=TEXT,
    buttons=0,
    button_title=0,
    media={
        "image": UPLOAD,
        "video": UPLOAD,
        "audio": UPLOAD,
        "voice": UPLOAD,
        "document": UPLOAD,
        "sticker": UPLOAD,
    },
    # Any file may be sent as a document, so a type that is missing here is sent as one.
    mimes={
        "image": ("image/jpeg", "image/png", "image/webp", "image/gif"),
        "video": ("video/mp4", "video/webm"),
        "audio": ("audio/mpeg", "audio/mp4", "audio/ogg", "audio/aac", "audio/wav"),
        "voice": ("audio/ogg", "audio/mpeg", "audio/mp4"),
        "document": _ANY,
        "sticker": ("image/webp", "image/png", "image/gif"),
    },
    rate=20.0,
    most_rate=500.0,  # one's own homeserver sets no limit to its application services
    pair_interval=0.5,
    pair_burst=10,
    read=True,
    may_start=True,
    echoes_token=True,  # the homeserver tells us our own events, and our token stands in them
)
