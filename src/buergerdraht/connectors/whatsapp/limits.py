"""What WhatsApp allows, in the numbers of its pages.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media#supported-media-types
"""

from buergerdraht.connectors.contract import Limits

INTERACTIVE_BODY = 1024
FOOTER = 60
CHOICE_ID = 256
LIST_ID = 200
LIST_TITLE = 24
LIST_DESCRIPTION = 72
LIST_BUTTON = 20
UPLOAD_HOURS = 29 * 24  # valid 30 days; a day less, so that a send never meets the end

OFFICE = "application/vnd.openxmlformats-officedocument"

LIMITS = Limits(
    text=4096,
    caption=1024,
    buttons=3,
    button_title=20,
    list_rows=10,
    list_title=LIST_TITLE,
    media={
        "image": 5_000_000,
        "video": 16_000_000,
        "audio": 16_000_000,
        "voice": 16_000_000,
        "document": 100_000_000,
        "sticker": 500_000,
    },
    mimes={
        "image": ("image/jpeg", "image/png"),
        "video": ("video/mp4", "video/3gpp"),
        "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
        "voice": ("audio/ogg",),
        "document": (
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{OFFICE}.wordprocessingml.document",
            f"{OFFICE}.spreadsheetml.sheet",
            f"{OFFICE}.presentationml.presentation",
        ),
        "sticker": ("image/webp",),
    },
    rate=80.0,
    most_rate=1000.0,  # throughput level HIGH
    rate_counts_inbound=True,
    pair_interval=6.0,
    pair_burst=45,
    window_hours=24,
    delivered=True,
    read=True,
    templates=True,
    may_start=True,
    echoes_token=True,
)
