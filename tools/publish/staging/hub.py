"""The staging Hub itself: two addresses on 127.0.0.1, one for the API and one for large files, as the Hub has them.

In come a folder and tokens; out goes an endpoint that huggingface_hub and datasets take for the Hub. It is a dress
rehearsal for maintainers and not a product to host data with: one process, one folder, nothing synced, no encryption.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.publish.staging.access import Links, Role, Tokens
from tools.publish.staging.faults import Fault, Faults
from tools.publish.staging.server import HOST, Server
from tools.publish.staging.store import Store

# Files above this are uploaded in parts: a shard of 500 MB then takes five, so that a rehearsal goes this way too.
PART_BYTES = 100_000_000

# The Hub lists at most this many entries on a page.
PAGE_ENTRIES = 1000


class StagingHub:
    """A Hub in `folder` that knows `tokens`: {token: "read" or "write"}, or {token: (user name, role)}.

    Use it as a context manager, or call `start` and `stop`. A writer may make and change every repository; a reader
    may read the private ones. `port` 0 takes a free one; files above `part_size` bytes are uploaded in parts; listings
    have at most `page_size` entries on a page. `faults` go wrong as their specs say (see faults.py); without any, all
    goes well.
    """

    def __init__(
        self,
        folder: Path,
        tokens: Mapping[str, Role | tuple[str, Role]],
        *,
        port: int = 0,
        part_size: int = PART_BYTES,
        page_size: int = PAGE_ENTRIES,
        faults: Iterable[str | Fault] = (),
    ) -> None:
        self.faults = Faults(faults)
        self.store = Store(folder)
        self.tokens = Tokens(tokens)
        self.links = Links()
        self.part_size = part_size
        self.page_size = page_size
        # What was asked and how it was answered: (method, path without its query, status), without headers or tokens;
        # the status is 0 where a fault kept the answer back.
        self.requests: list[tuple[str, str, int]] = []
        self._port = port
        self._servers: list[Server] = []

    @property
    def endpoint(self) -> str:
        """The address to give as HF_ENDPOINT. Raises RuntimeError where the Hub is not running."""
        return self._address(0)

    @property
    def cdn_endpoint(self) -> str:
        """The address of the large files: another, because clients read the headers of redirects that leave the Hub."""
        return self._address(1)

    def _address(self, index: int) -> str:
        if not self._servers:
            raise RuntimeError("the staging Hub is not running: use it in a with block, or call start()")
        return f"http://{HOST}:{self._servers[index].server_port}"

    def start(self) -> StagingHub:
        """Begin to answer, in threads of this process.

        Raises FolderInUseError where another staging Hub has the folder.
        """
        self.store.open()
        try:
            self._servers = [Server(self, self._port), Server(self, 0)]
        except OSError:
            self.store.close()
            raise
        for server in self._servers:
            server.run()
        return self

    def stop(self) -> None:
        """Stop answering, end all connections and let the folder go. May be called twice."""
        for server in self._servers:
            server.end()
        self._servers = []
        self.store.close()

    def __enter__(self) -> StagingHub:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, token: str | None, home: Path) -> dict[str, str]:
        """Return the environment for a child process that takes this for the Hub, with `home` as its HF_HOME.

        Nothing of the caller's own Hub settings is passed on. Every other host leads to this server, which refuses: so
        the dataset viewer that `datasets` asks for at datasets-server.<endpoint> is a quick 404, and nothing of a
        rehearsal reaches the real Hub.
        """
        dropped = re.compile(r"HF_|HUGGING|(https?|all|no)_proxy$|TRANSFORMERS_OFFLINE$", re.IGNORECASE)
        kept = {name: value for name, value in os.environ.items() if not dropped.match(name)}
        # requests reads the first of these, httpx the second; 127.0.0.1 alone would include *.127.0.0.1 for requests.
        direct = f"127.0.0.0/8,http://{HOST}"
        proxies = {"http_proxy": self.endpoint, "https_proxy": self.endpoint, "no_proxy": direct}
        hub = {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            # datasets counts loads by a request to S3.
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        }
        if token is not None:
            hub["HF_TOKEN"] = token
        return {**kept, **hub, **proxies, **{name.upper(): value for name, value in proxies.items()}}
