"""A staging Hub in a process of its own, which a test can kill in the middle of a commit.

In comes a folder; out goes, on standard output, the endpoint. Where the folder holds a file called `hang`, the next
change of a repository says so and never ends. The process ends when its standard input does.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.publish.staging_http import TOKENS
from tools.publish.staging import StagingHub, repository


def main() -> None:
    """Serve until standard input ends."""
    folder = Path(sys.argv[1])
    write = repository.write_atomically

    def hang_or_write(path: Path, content: bytes) -> None:
        if (folder / "hang").exists():
            # Everything is in place but the one file that makes it count.
            print("committing", flush=True)
            time.sleep(600)
        write(path, content)

    repository.write_atomically = hang_or_write
    with StagingHub(folder / "store", TOKENS) as hub:
        print(hub.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
