"""`python killed_pushes_hub.py FOLDER`: a staging Hub as far away as the real one, which counts what arrives.

Out goes, on standard output, the environment for its clients, as JSON; then, for each name of a repository that comes
in on standard input, the bytes of large files that arrived for it, those of uploads that broke off included. It ends
when its input does.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.publish.staging_http import TOKENS, WRITE
from tools.publish.staging import StagingHub, server
from tools.publish.staging.messages import Response

# As long as it is real: otherwise next to no moment of a push would be one of upload, commit or merge.
WAY = 0.006  # seconds that a request takes to arrive, and its answer to come back
LISTING = 0.02  # seconds more, each way, for a listing
CHANGE = 0.06  # seconds more, each way, for what changes the repository
BYTES_A_SECOND = 8e6
BLOCK = 1 << 14

received: Counter[str] = Counter()
arriving: Counter[str] = Counter()  # uploads that have not ended
lock = threading.Lock()


class Counted:
    """The stream of an upload: bytes are counted as they are read from the connection, and do not come too fast."""

    def __init__(self, stream: Any, repository: str) -> None:
        self._stream, self._repository = stream, repository

    def readinto(self, view: memoryview) -> int:
        """Read a block at most."""
        count: int = self._stream.readinto(view[:BLOCK])
        with lock:
            received[self._repository] += count
        time.sleep(count / BYTES_A_SECOND)
        return count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Slow(server.Handler):
    """Answers as a Hub that is far away."""

    def setup(self) -> None:
        """Let next to nothing wait in the system's buffers: what was not read has not arrived."""
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)

    def do_PUT(self) -> None:  # noqa: N802
        """Take an upload, and count it."""
        repository = "/".join(self.path.split("/")[3:5])
        stream = self.rfile
        self.rfile = Counted(stream, repository)  # type: ignore[assignment]
        arriving[repository] += 1
        try:
            self._answer()
        finally:
            self.rfile = stream
            arriving[repository] -= 1

    def _answer(self) -> None:
        time.sleep(self._seconds)
        super()._handle()

    do_GET = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815

    def _send(self, response: Response) -> None:
        time.sleep(self._seconds)
        super()._send(response)

    @property
    def _seconds(self) -> float:
        if self.command == "POST" and re.search("/commit/|/merge$", self.path):
            return WAY + CHANGE
        return WAY + LISTING * ("/tree/" in self.path)


def main() -> None:
    """Serve until standard input ends."""
    server.Handler = Slow  # type: ignore[misc]
    folder = Path(sys.argv[1])
    with StagingHub(folder / "store", TOKENS) as hub:
        print(json.dumps(hub.environment(WRITE, folder / "home")), flush=True)
        for line in sys.stdin:
            repository = line.strip()
            while arriving[repository]:  # what a killed push had sent is still on its way from the system's buffers
                time.sleep(0.01)
            print(received[repository], flush=True)


if __name__ == "__main__":
    main()
