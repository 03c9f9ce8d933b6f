"""What Signal and signal-cli bear.

Signal publishes no limits. What people met: a captcha after three strangers in a row, pauses of a day
(https://github.com/AsamK/signal-cli/issues/1161, 1603, 1778). So the usual speed is a crawl on purpose.
"""

from buergerdraht.connectors.contract import Limits

# UTF-8 bytes. Above 2,000 signal-cli makes a file of the text, above 2,048 the apps drop a message without a word.
# https://github.com/AsamK/signal-cli/issues/1598, https://github.com/mautrix/signal/pull/667
TEXT_BYTES = 2000
FILES = 10  # in one message; the apps show more, yet each is carried as base64 in one call
DOWNLOAD = 100_000_000  # https://support.signal.org/hc/en-us/articles/360007320391: what a person may send us
FILE = 25_000_000  # ours to send: three copies of it lie in memory while the call is made
LONG_TEXT = "text/x-signal-plain"  # the type of a file that holds the whole of a long text
LONGEST_TEXT = 65_536

LIMITS = Limits(
    text=TEXT_BYTES,
    caption=TEXT_BYTES,
    buttons=0,
    button_title=0,
    list_rows=20,  # as a numbered list in the text
    list_title=80,
    media=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), FILE),
    mimes=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), ("*/*",)),
    rate=0.25,
    most_rate=1.0,
    pair_interval=1.0,
    pair_burst=4,
    delivered=True,
    read=True,
    may_start=True,
)
