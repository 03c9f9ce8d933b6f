"""What Threads allows, in the numbers of its pages.

https://developers.facebook.com/docs/threads/posts
https://developers.facebook.com/docs/threads/overview#limitations
"""

from buergerdraht.connectors.contract import Limits

LINKS = 5
PICTURES = 20
ALT = 1000
POSTS_A_DAY = 250
REPLIES_A_DAY = 1000

LIMITS = Limits(
    text=500,
    caption=500,
    buttons=0,
    button_title=0,
    media={"image": 8_000_000, "video": 1_000_000_000},
    mimes={"image": ("image/jpeg", "image/png"), "video": ("video/mp4", "video/quicktime")},
    rate=0.2,
)
