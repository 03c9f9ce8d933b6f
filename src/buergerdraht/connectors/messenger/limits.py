"""What Messenger allows, in the numbers of its pages.

https://developers.facebook.com/docs/messenger-platform/reference/send-api
https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies
https://developers.facebook.com/docs/messenger-platform/reference/templates/button
https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from msgspec import structs

from buergerdraht.connectors.contract import Limits
from buergerdraht.connectors.graph_plan import Style, characters

BUTTON_TEXT = 640
QUICK_REPLIES = 13
PAYLOAD = 1000
IMAGES = 30
REF = 2083
LARGEST = 25_000_000

LIMITS = Limits(
    text=2000,
    caption=0,
    buttons=3,
    button_title=20,
    media={"image": 8_000_000, "video": LARGEST, "audio": LARGEST, "voice": LARGEST, "document": LARGEST, "sticker": 8_000_000},
    mimes={
        "image": ("image/jpeg", "image/png", "image/gif"),
        "video": ("video/mp4", "video/quicktime", "video/webm"),
        "audio": ("audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/x-wav", "audio/ogg"),
        "voice": ("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg"),
        "document": (),  # any
        "sticker": ("image/png", "image/gif"),
    },
    rate=300.0,
    window_hours=24,
    human_hours=168,
    delivered=True,
    read=True,
    templates=True,
)

STYLE = Style(
    limits=LIMITS,
    size=characters,
    button_text=BUTTON_TEXT,
    quick_replies=QUICK_REPLIES,
    quick_reply_title=20,
    payload=PAYLOAD,
    images_together=IMAGES,
)

WITHOUT_AGENT = structs.replace(LIMITS, human_hours=0)  # until Meta grants the feature
