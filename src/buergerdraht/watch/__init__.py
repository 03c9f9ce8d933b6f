"""Sees whether it works: figures of channels, alarms, canary, reconciliation, metrics. Never sends or changes what it watches, except the canary's own message."""
