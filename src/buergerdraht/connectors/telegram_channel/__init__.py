"""A Telegram channel, posted to by a bot that administers it. Never a chat with anybody: nobody can answer there."""
