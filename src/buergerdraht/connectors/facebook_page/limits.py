"""What a Page may post, in the numbers of its pages.

https://developers.facebook.com/docs/pages-api/posts
https://developers.facebook.com/docs/graph-api/reference/page/photos/
"""

from buergerdraht.connectors.contract import Limits

COMMENT = 8000
PICTURES = 10  # more are possible, but a Page shows them behind one another
ALT = 1000

LIMITS = Limits(
    text=63_206,
    caption=63_206,
    buttons=0,
    button_title=0,
    media={"image": 10_000_000},
    mimes={"image": ("image/jpeg", "image/png", "image/gif", "image/webp")},
    rate=1.0,
)
