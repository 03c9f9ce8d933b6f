"""Organisations, operators, teams and roles, sign-in, the vault and the audit log. Never a channel, a contact or a message."""
