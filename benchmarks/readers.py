"""Ask for public pages from a process of its own, as many readers do: `python -m benchmarks.readers '<json>'` prints what came of it."""

from __future__ import annotations

import gc
import json
import sys
import time

import uvloop

from benchmarks.load import Load


class Readers(Load):
    """Every connection asks again as soon as it is answered, for one page after the other."""

    async def read(self) -> dict[str, object]:
        host = f"{self.wishes['host']}:{self.wishes['port']}"
        heads = (
            f"Host: {host}\r\nAccept-Encoding: gzip, br\r\nAccept-Language: de,en;q=0.8\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n"
        )
        self.requests = [f"GET {path} HTTP/1.1\r\n{heads}\r\n".encode() for path in self.wishes["paths"]]
        gc.freeze()
        await self.caller.open(self.wishes["connections"])
        cpu, began = time.process_time(), time.perf_counter()
        await self._closed()
        took = time.perf_counter() - began
        self.caller.closing = True
        return self._told(took, time.process_time() - cpu)


async def main() -> None:
    print(json.dumps(await Readers(json.loads(sys.argv[1])).read()))


if __name__ == "__main__":
    uvloop.run(main())
