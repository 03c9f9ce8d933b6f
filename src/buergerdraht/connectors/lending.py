"""Files for providers that take no upload and fetch for themselves."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from buergerdraht.connectors.contract import Media


@runtime_checkable
class Lender(Protocol):
    """Files that can be lent to a provider which takes no upload and fetches for itself."""

    async def lend(self, media: Media) -> str:
        """An address at which whoever has it can fetch the file, for an hour: it cannot be guessed."""
