"""The gateway's files as a connector uses them while sending: bytes from the data folder, ids of earlier uploads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from buergerdraht.connectors.contract import Media, Rejected
from buergerdraht.gateway import files, lending, sealing
from buergerdraht.gateway.engine.claim import SQL, Pool


@dataclass(frozen=True, slots=True)
class Uploads:
    """`contract.Files` for one channel; files of other organisations are not found."""

    pool: Pool
    channel: int
    organisation: int

    async def read(self, media: Media) -> bytes:
        path = files.place(self.organisation, media.id)
        try:
            return await asyncio.to_thread(sealing.read, path)
        except OSError as problem:
            raise Rejected("media_refused", "file is missing") from problem

    async def uploaded(self, media: Media) -> str | None:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(SQL["media"], {"channel": self.channel, "media": media.id})
            row = await cursor.fetchone()
            return row[1] if row else None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        parameters = {"media": media.id, "channel": self.channel, "external": external_id, "hours": hours}
        async with self.pool.connection() as connection:
            await connection.execute(SQL["remember_upload"], parameters)

    async def lend(self, media: Media) -> str:
        return lending.address(self.organisation, media)
