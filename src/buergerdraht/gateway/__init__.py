"""Channels, the outbox, inbound events, media, and the engine that sends. Knows addresses, never persons."""
