"""What Instagram allows, in the numbers of its pages.

https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message
https://developers.facebook.com/docs/messenger-platform/instagram/features/attachment-upload
https://developers.facebook.com/docs/messenger-platform/instagram/features/quick-replies
The text is counted in bytes: one page says a thousand bytes, another a thousand characters, so the smaller counts.
"""

from msgspec import structs

from buergerdraht.connectors.contract import Limits
from buergerdraht.connectors.graph_plan import Style, octets

BUTTON_TEXT = 640
QUICK_REPLIES = 13
PAYLOAD = 1000
REF = 2083
LARGEST = 25_000_000

LIMITS = Limits(
    text=1000,
    caption=0,
    buttons=3,
    button_title=20,
    media={"image": 8_000_000, "video": LARGEST, "audio": LARGEST, "voice": LARGEST, "document": LARGEST, "sticker": 8_000_000},
    mimes={
        "image": ("image/jpeg", "image/png", "image/gif"),
        "video": ("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"),
        "audio": ("audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"),
        "voice": ("audio/aac", "audio/mp4", "audio/x-m4a"),
        "document": ("application/pdf",),
        "sticker": ("image/png", "image/gif"),
    },
    rate=300.0,
    window_hours=24,
    human_hours=168,
    delivered=False,
    read=True,
)

STYLE = Style(
    limits=LIMITS,
    size=octets,
    button_text=BUTTON_TEXT,
    quick_replies=QUICK_REPLIES,
    quick_reply_title=20,
    payload=PAYLOAD,
    images_together=1,
    hearts=True,
)

WITHOUT_AGENT = structs.replace(LIMITS, human_hours=0)  # until Meta grants the feature
