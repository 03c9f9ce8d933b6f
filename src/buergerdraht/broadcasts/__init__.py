"""One content for many: composing, audience, approval, sending, the ledger. Never a conversation, never a provider."""
