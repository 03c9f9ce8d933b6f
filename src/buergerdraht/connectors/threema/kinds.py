"""The types of Threema's containers.

https://gateway.threema.ch/en/developer/e2e; those a gateway has no use for are from the apps' own protocol.
"""

TEXT = 0x01
IMAGE = 0x02  # old
LOCATION = 0x10
VIDEO = 0x13  # old
AUDIO = 0x14  # old
POLL, VOTE = 0x15, 0x16
FILE = 0x17
CALL = 0x60
RECEIPT = 0x80

RECEIVED, READ, ACKNOWLEDGED, DECLINED = 1, 2, 3, 4  # of a receipt
REACTIONS = {ACKNOWLEDGED: "👍", DECLINED: "👎"}

DATA, MEDIA, STICKER = 0, 1, 2  # how a file is shown

GROUP = range(0x41, 0x60)
# What apps tell each other and nobody said: profile pictures, what follows a call's offer, receipts of groups, typing, nothing at all.
NOT_OURS = frozenset([0x18, 0x19, 0x1A, 0x61, 0x62, 0x63, 0x64, 0x65, 0x81, 0x90, 0xFF])
NAMES = {POLL: "poll", VOTE: "poll_vote", CALL: "call"}


def name(kind: int) -> str:
    """The word that placeholders show."""
    return "group" if kind in GROUP else NAMES.get(kind, f"0x{kind:02x}")
