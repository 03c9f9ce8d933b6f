"""The messengers: one folder per provider, all of its knowledge inside. Never a table, never Django, never another provider."""
