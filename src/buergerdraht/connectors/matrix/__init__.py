"""Matrix as an application service of a homeserver. Never a decision when to try again, and no encryption: see connector.py."""
