"""All repositories of a staging Hub, in one folder: found, made and removed by name.

In comes a folder and names as `namespace/name`; out go repositories. One server at a time may have the folder.
"""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from tools.publish.staging.patterns import DEFAULT_GITATTRIBUTES
from tools.publish.staging.repository import MAIN, Repository

# The Hub's rules (huggingface_hub.utils.validate_repo_id): they also keep a name from leading out of the folder.
NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")

NOTICE = """This folder belongs to a staging Hub of DiffusionFER: a rehearsal of a publication on one machine.
It is not for hosting data. It may be deleted whenever no staging Hub runs on it.
"""


class FolderInUseError(RuntimeError):
    """Another staging Hub serves this folder."""


class RepositoryExistsError(ValueError):
    """A repository of this name is there already."""


def is_repo_id(repo_id: str) -> bool:
    """Tell whether `repo_id` is `namespace/name` as the Hub allows it."""
    parts = repo_id.split("/")
    return len(parts) == 2 and all(NAME.fullmatch(part) for part in parts) and not parts[1].endswith(".git")


class Store:
    """The repositories under `folder`, which is made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._repositories = self.folder / "repositories"
        self._discarded = self.folder / "discarded"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server = FileLock(self.folder / "server.lock", thread_local=False)
        self._open: dict[str, Repository] = {}
        # Former names: each with its present name and the status of the redirect that leads there.
        self.moved: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Take the folder for this process. Raises FolderInUseError where another has it."""
        try:
            self._server.acquire(timeout=0)
        except Timeout:
            raise FolderInUseError(
                f"another staging Hub serves {self.folder}: stop it, or choose another folder"
            ) from None
        (self.folder / "README").write_text(NOTICE, encoding="utf-8")
        shutil.rmtree(self._discarded, ignore_errors=True)
        self._discarded.mkdir()
        self._repositories.mkdir(exist_ok=True)

    def close(self) -> None:
        """Let the folder go."""
        self._server.release()

    def find(self, repo_id: str) -> Repository | None:
        """Return the repository called `repo_id`, now or formerly, or None."""
        if not is_repo_id(repo_id):
            return None
        with self._lock:
            repo_id = self._present_name(repo_id)
            folder = self._repositories / repo_id
            if repo_id not in self._open and (folder / "state.json").is_file():
                self._open[repo_id] = Repository(folder, repo_id)
            return self._open.get(repo_id)

    def _present_name(self, repo_id: str) -> str:
        while repo_id in self.moved:
            repo_id = self.moved[repo_id][0]
        return repo_id

    def create(self, repo_id: str, private: bool, author: str) -> Repository:
        """Make a repository with the first commit that the Hub makes. Raises RepositoryExistsError."""
        draft = self._discarded / uuid.uuid4().hex
        repository = Repository.create(draft, repo_id, private)
        attributes = repository.objects.write("blob", DEFAULT_GITATTRIBUTES.encode())
        files = {".gitattributes": repository.objects.describe(attributes)}
        first = repository.write_commit(files, None, author, "initial commit", "")
        repository.create_ref(MAIN, first)
        folder = self._repositories / repo_id
        with self._lock:
            if folder.exists():
                raise RepositoryExistsError(repo_id)
            folder.parent.mkdir(exist_ok=True)
            # Only now, complete, does it stand where it is found.
            draft.rename(folder)
            self._open[repo_id] = Repository(folder, repo_id)
            return self._open[repo_id]

    def rename(self, repo_id: str, new_id: str, status: int) -> None:
        """Call the repository `repo_id`, which was found, `new_id` until this server ends.

        Requests for its former name are redirected with `status`; its folder keeps the name.
        """
        with self._lock:
            repository = self._open.pop(repo_id)
            repository.id = new_id
            self._open[new_id] = repository
            self.moved[repo_id] = (new_id, status)

    def delete(self, repo_id: str) -> None:
        """Remove the repository called `repo_id`, which exists."""
        with self._lock:
            repo_id = self._present_name(repo_id)
            opened = self._open.pop(repo_id, None)
            folder = opened.folder if opened else self._repositories / repo_id
            discarded = self._discarded / uuid.uuid4().hex
            folder.rename(discarded)
        shutil.rmtree(discarded, ignore_errors=True)
