"""Sees whether it works: figures, alarms, canary, reconciliation, metrics. Changes nothing it watches; sends the canary's message alone."""
