"""Mastodon: posts in public, and what people answer there. Never a newsletter to a person, never a server of our own."""
