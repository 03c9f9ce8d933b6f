"""Threema by the Gateway API, in both of its modes. Never a decision when to try again."""
