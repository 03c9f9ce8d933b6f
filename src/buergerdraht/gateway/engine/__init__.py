"""Sends what is in the outbox. Asynchronous; meets the rest of the house in tables and notifications only."""

from buergerdraht.gateway.engine.run import run

__all__ = ["run"]
