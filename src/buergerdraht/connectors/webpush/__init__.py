"""Web push: messages to browsers and web apps, without any app of a provider (RFC 8030, 8188, 8291, 8292)."""
