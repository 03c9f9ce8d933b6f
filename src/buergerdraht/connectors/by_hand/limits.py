"""What WhatsApp's app allows in a channel, a status and a chat.

https://faq.whatsapp.com/549900560675125 (channels), https://faq.whatsapp.com/3307102709559968 (status)
"""

from buergerdraht.connectors.contract import Limits

STATUS_TEXT = 700  # a status of words alone; below a picture as well
CHANNEL_TEXT = 4096
CAPTION = 1024
FILES = 10
_MEDIA = {"image": 16_000_000, "video": 16_000_000}
_MIMES = {"image": ("image/jpeg", "image/png", "image/webp"), "video": ("video/mp4",)}

CHANNEL = Limits(text=CHANNEL_TEXT, caption=CAPTION, buttons=0, button_title=0, media=_MEDIA, mimes=_MIMES, may_start=True)
STATUS = Limits(text=STATUS_TEXT, caption=STATUS_TEXT, buttons=0, button_title=0, media=_MEDIA, mimes=_MIMES, may_start=True)
