"""A load generator in one thread: so many connections, each with one request on its way, and every answer looked at.

wrk would be faster and cannot be told that each request is another citizen's. What it costs in processor time is the
same for subject and baseline, so it makes their ratio smaller than it is, never larger: it dampens both.
"""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 30.0


@dataclass
class Slice:
    """What came of one stretch of load."""

    subject: str
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list, repr=False)
    ran_out: bool = False
    #: of the server and its database, over the whole slice
    processor_seconds: float = 0.0

    @property
    def processor_ms(self) -> float:
        """What one answer cost."""
        return 1000 * self.processor_seconds / self.answers if self.answers else 0.0

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0

    def document(self) -> dict[str, object]:
        return {
            "subject": self.subject,
            "seconds": round(self.seconds, 3),
            "per_second": round(self.per_second, 1),
            "processor_ms": round(self.processor_ms, 3),
            "p50_ms": round(self.percentile_ms(50), 2),
            "p99_ms": round(self.percentile_ms(99), 2),
            "statuses": dict(self.statuses),
            "ran_out": self.ran_out,
        }


class _Connection:
    __slots__ = ("address", "buffer", "sent_at", "sock")

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.open()

    def open(self) -> None:
        self.sock = socket.create_connection(self.address, timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.buffer = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.sock.send(request)


def run(
    subject: str, address: tuple[str, int], requests: Iterator[bytes], *, connections: int, seconds: float
) -> Slice:
    """Send requests over so many connections for so long, or until they run out, and wait for the last answers."""
    found = Slice(subject)
    poll = select.epoll()
    by_number: dict[int, _Connection] = {}
    began = time.perf_counter()
    for _ in range(connections):
        connection = _Connection(address)
        request = next(requests, None)
        if request is None:
            break
        by_number[connection.sock.fileno()] = connection
        poll.register(connection.sock, select.EPOLLIN)
        connection.send(request)
    end, last = began + seconds, began
    while by_number:
        events = poll.poll(_TIMEOUT_SECONDS)
        if not events:
            raise TimeoutError(f"{len(by_number)} requests of {subject} were not answered")
        for number, _event in events:
            connection = by_number[number]
            status, closes = _read(connection)
            if status is None and not closes:
                continue
            last = time.perf_counter()
            if status is not None:
                found.statuses[status] += 1
                found.latencies.append(last - connection.sent_at)
            request = next(requests, None) if last < end else None
            found.ran_out = found.ran_out or (request is None and last < end)
            if closes or request is None:
                poll.unregister(connection.sock)
                del by_number[number]
                connection.sock.close()
                if request is None:
                    continue
                connection.open()
                by_number[connection.sock.fileno()] = connection
                poll.register(connection.sock, select.EPOLLIN)
            connection.send(request)  # type: ignore[arg-type]
    found.seconds = last - began
    return found


def _read(connection: _Connection) -> tuple[int | None, bool]:
    """Return (status of a whole answer or None, whether the server closes the connection)."""
    try:
        part = connection.sock.recv(65536)
    except ConnectionResetError:
        part = b""
    if not part:
        return None, True
    buffer = connection.buffer = connection.buffer + part
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None, False
    length = buffer.find(b"Content-Length: ", 0, head)
    size = int(buffer[length + 16 : buffer.index(b"\r\n", length)]) if length >= 0 else 0
    if len(buffer) < head + 4 + size:
        return None, False
    connection.buffer = b""
    return int(buffer[9:12]), b"onnection: close" in buffer[:head]
