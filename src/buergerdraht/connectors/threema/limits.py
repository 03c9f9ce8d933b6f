"""What Threema Gateway allows.

https://gateway.threema.ch/en/developer/api. It names no rate: ours is one that a gateway for authorities surely bears, and a 429 lowers it.
"""

from buergerdraht.connectors.contract import Limits

TEXT_BYTES = 3500  # of UTF-8, in both modes
CAPTION_BYTES = 1000
BOX_BYTES = 7812
BLOB_BYTES = 20_000_000
SEAL_BYTES = 16  # what encryption adds to a file
FILE_NAME = 100
THUMBNAIL = 512  # pixels, the longer side
UPLOAD_HOURS = 24 * 10  # a blob that stays ("persist") is not promised for ever; ours is uploaded anew after this
CREDITS_LOW = 1000
DIRECTORY_SECONDS = 600.0  # an answer of the directory is believed that long before it is asked again

_LARGEST = BLOB_BYTES - SEAL_BYTES
LIMITS = Limits(
    text=TEXT_BYTES,
    caption=CAPTION_BYTES,
    buttons=0,
    button_title=0,
    media=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), _LARGEST),
    mimes=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), ("*/*",)),  # every file is sent as it is
    rate=20.0,
    most_rate=100.0,
    delivered=True,
    read=True,
    may_start=True,
)
