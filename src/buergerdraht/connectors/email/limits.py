"""What mail allows. The protocol has hardly a limit; those here are what mailboxes take in practice.

RFC 5321 4.5.3.1.3 (addresses), RFC 1870 (sizes are told by the server). German mailbox providers take 20 MB and more of encoded mail,
many a firm's server 10; base64 makes a third more of every file.
"""

from buergerdraht.connectors.contract import Limits

SUBJECT = 150  # signs; longer ones are cut by every program's list
ATTACHED = 10_000_000  # bytes of all files of a mail together
LARGEST = 25_000_000  # bytes of a mail that we read
TEXT_READ = 1_000_000  # signs of a mail's text that are looked at
TEXT_KEPT = 20_000  # signs of a mail's text that are kept
FILES_READ = 10  # attachments that are taken in
ADDRESS = 254
WATCHED_SECONDS = 60.0  # then a server that tells of new mail is looked at all the same (RFC 2177: within 29 minutes): a line may be dead
CALM_SECONDS = 0.3  # before we look: mails come in flocks, and a server that talks all the time must not keep us running

LIMITS = Limits(
    text=50_000,
    caption=50_000,
    buttons=50,
    button_title=200,
    media=dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), ATTACHED),
    # A mail carries whatever there is; the first of a row is what our recorder should make.
    mimes={
        "image": ("*/*",),
        "video": ("*/*",),
        "audio": ("audio/mpeg", "audio/mp4", "audio/ogg", "*/*"),
        "voice": ("audio/mp4", "audio/ogg", "audio/mpeg", "*/*"),
        "document": ("*/*",),
        "sticker": ("*/*",),
    },
    rate=5.0,  # a usual mail server of a town; the operator may enter more
    most_rate=200.0,
    may_start=True,
)
