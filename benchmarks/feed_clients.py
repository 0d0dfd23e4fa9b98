"""Many readers of one socket address: `python -m benchmarks.feed_clients URL TOKEN CLIENTS POINTS`.

Prints "ready" once all are connected, and at the end one line of JSON: milliseconds from sending to arrival of each
point, readers that got all points in order, frames.
"""

import asyncio
import json
import sys
import time

import aiohttp

PATIENCE_S = 60.0


class Reader:
    def __init__(self, points: int) -> None:
        self.wanted = points
        self.numbers: list[int] = []
        self.late_ms: list[float] = []
        self.frames = 0
        self.connected = asyncio.Event()

    async def read(self, session: aiohttp.ClientSession, url: str) -> None:
        async with session.ws_connect(url, compress=0) as socket:
            self.connected.set()
            async for message in socket:
                self._note(json.loads(message.data))
                if len(self.numbers) >= self.wanted:
                    return

    def _note(self, frame: dict) -> None:
        if frame["type"] != "spread_update":
            return
        now_ms = time.time() * 1000
        self.frames += 1
        for sent_ms, number, *_ in frame["data"]["points"]:
            self.numbers.append(number)
            self.late_ms.append(now_ms - sent_ms)

    @property
    def is_complete(self) -> bool:
        return self.numbers == list(range(self.wanted))


async def main(url: str, token: str, clients: int, points: int) -> None:
    readers = [Reader(points) for _ in range(clients)]
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = []
        for reader in readers:
            tasks.append(asyncio.create_task(reader.read(session, url)))
            await asyncio.wait_for(reader.connected.wait(), PATIENCE_S)
        print("ready", flush=True)
        await asyncio.wait(tasks, timeout=PATIENCE_S)
    late_ms = sorted(late for reader in readers for late in reader.late_ms)
    print(
        json.dumps(
            {
                "late_ms": [late_ms[int(len(late_ms) * share)] for share in (0.5, 0.99)] if late_ms else [],
                "delivered": len(late_ms) / (clients * points),
                "complete": sum(reader.is_complete for reader in readers),
                "frames": sum(reader.frames for reader in readers),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
