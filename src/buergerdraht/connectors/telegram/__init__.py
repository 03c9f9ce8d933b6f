"""Telegram by the Bot API. Never a decision when to try again."""
