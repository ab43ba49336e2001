"""A bounded load on a server of one's own machine: so many connections, so many requests a second.

A client in Python on sockets of asyncio, kept small so that it measures the server and not itself;
it sends one request a connection at a time and reads ``Server-Timing``. It knows nothing of what is
asked.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_TIMING = re.compile(rb"server-timing: total;dur=([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: port of this machine, path, and the key that opens it."""

    port: int
    path: str
    bearer: str

    def request(self, body: bytes) -> bytes:
        """The bytes of one POST."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.bearer}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(slots=True)
class Told:
    """What came back: statuses, seconds the caller waited, milliseconds the server says it took."""

    elapsed_s: float = 0.0
    waited_s: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    degraded: int = 0

    @property
    def per_s(self) -> float:
        """Answers of status 200 a second."""
        return self.statuses.get(200, 0) / self.elapsed_s

    def quantile_ms(self, share: float) -> float:
        """A quantile of the server's own time (ms), of the caller's where it says none."""
        times = self.server_ms or [1_000 * s for s in self.waited_s]
        return float(np.quantile(times, share)) if times else float("nan")

    def waited_ms(self, share: float) -> float:
        """A quantile of what callers waited (ms)."""
        return float(np.quantile(self.waited_s, share) * 1_000) if self.waited_s else float("nan")

    def take(self, status: int, waited_s: float, server_ms: float | None, degraded: bool) -> None:
        """Count one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.waited_s.append(waited_s)
        self.degraded += degraded
        if server_ms is not None:
            self.server_ms.append(server_ms)


class Line:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Line":
        """A connection to this machine's ``port``."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes, told: Told, since: float | None = None) -> bytes:
        """Send one request and wait for its answer; ``since`` is when it was due."""
        began = time.perf_counter() if since is None else since
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1]) if length else 0)
        timing = _TIMING.search(head)
        told.take(
            int(head[9:12]),
            time.perf_counter() - began,
            float(timing[1]) if timing else None,
            b'"degraded":true' in body,
        )
        return body

    @property
    def over(self) -> bool:
        """Whether the server hung up: it lets go of who is silent for some seconds."""
        return self._reader.at_eof()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def closed_loop(
    target: Target, bodies: Iterator[bytes], connections: int, seconds: float
) -> Told:
    """Each connection asks again as soon as it was answered."""
    told, lines = Told(), [await Line.open(target.port) for _ in range(connections)]
    began = time.perf_counter()

    async def work(line: Line) -> None:
        while time.perf_counter() - began < seconds:
            await line.ask(target.request(next(bodies)), told)

    await asyncio.gather(*map(work, lines))
    told.elapsed_s = time.perf_counter() - began
    for line in lines:
        line.close()
    return told


async def open_loop(target: Target, bodies: Iterator[bytes], per_s: float, seconds: float) -> Told:
    """Requests come at a rate, whether or not the last was answered; waits count from when due."""
    told, idle = Told(), [await Line.open(target.port) for _ in range(64)]
    lines, tasks = list(idle), set[asyncio.Task[None]]()
    began = time.perf_counter()

    async def ask(due: float) -> None:
        line = idle.pop() if idle else await Line.open(target.port)
        if line.over:
            line = await Line.open(target.port)
            lines.append(line)
        await line.ask(target.request(next(bodies)), told, due)
        idle.append(line)

    for number in range(int(per_s * seconds)):
        due = began + number / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    told.elapsed_s = time.perf_counter() - began
    for line in lines:
        line.close()
    return told


async def in_turn(
    first: tuple[Target, Iterator[bytes]], second: tuple[Target, Iterator[bytes]], rounds: int
) -> tuple[Told, Told]:
    """Two kinds of request on one connection, in turn, so that a busy moment meets both."""
    line = await Line.open(first[0].port)
    found = Told(), Told()
    began = time.perf_counter()
    for _ in range(rounds):
        for (target, bodies), told in zip((first, second), found, strict=True):
            await line.ask(target.request(next(bodies)), told)
    for told in found:
        told.elapsed_s = time.perf_counter() - began
    line.close()
    return found
