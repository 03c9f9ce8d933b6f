"""What push services take.

RFC 8030 (https://www.rfc-editor.org/rfc/rfc8030), RFC 8188 and RFC 8291, RFC 8292.
"""

from buergerdraht.connectors.contract import Limits

ENCRYPTED = 4096  # section 4 of RFC 8291: larger bodies need not be taken
HEADER = 86  # salt, record size, length and public key before the text (RFC 8188, section 2.1; RFC 8291, section 4)
PADDING = 17  # delimiter and authentication tag of the one record
PAYLOAD = 3990  # ENCRYPTED - HEADER - PADDING is 3993; services that count differently get a little less
TOPIC = 32  # section 5.4 of RFC 8030: letters of base64url
ACTIONS = 2  # Notification.maxActions of the browsers in use
TTL = 3 * 24 * 3600  # how long the service keeps a message for a device that is off
URGENT_TTL = 24 * 3600
SIGNED_FOR = 12 * 3600  # section 2 of RFC 8292: at most a day
TITLE = 120  # longer ones are cut by every system, so they stand in the text
# Services of the browsers in use: if one of them is down, everybody waits. What another host does concerns its own device alone.
STRANGERS = 40  # calls at a time to all other hosts together: who answers slowly, or never, delays nobody but their like
SERVICES = ("fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com")
ENDPOINT = 1000  # letters of an address; the longest in use has about 400

LIMITS = Limits(
    text=3000,  # of plain German; what counts is PAYLOAD, in bytes of JSON
    caption=0,
    buttons=ACTIONS,
    button_title=30,
    rate=200.0,
    may_start=False,  # a subscription of the browser comes first
)
