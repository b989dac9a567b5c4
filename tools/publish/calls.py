"""How a Hub is asked: with patience, one policy for every request, and every failure said in one clear line.

In goes a repository's name; out come, for the operations that stand on this, results or a HubError. The endpoint and
the token are those of `huggingface_hub` (HF_ENDPOINT, HF_TOKEN or the login), and the token is kept out of every
message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from huggingface_hub import HfApi, constants, get_token

from tools.publish.explain import explain, without_password
from tools.publish.retry import GaveUp, Retries, Say, Trouble
from tools.publish.wire import install, one_try

T = TypeVar("T")


class HubError(Exception):
    """The Hub, the token or the network does not allow what was asked; the message is one line for the user."""


class Moved(HubError):  # noqa: N818
    """Someone else committed meanwhile: nothing was done, and a new plan can be made on the commit `head`."""

    def __init__(self, message: str, head: str) -> None:
        super().__init__(message)
        self.head = head


@dataclass(frozen=True)
class Commit:
    """A commit that was made: its id, its address, and the revision that now shows it (a branch or a pull request)."""

    oid: str
    url: str
    revision: str


class Calls:
    """The repository `name` of the Hub that HF_ENDPOINT names; `say` is told, in a line each, of every wait."""

    def __init__(self, name: str, say: Say = lambda line: None, retries: Retries | None = None) -> None:
        install()
        self.name = name
        self.endpoint = without_password(constants.ENDPOINT)
        self.page = f"{self.endpoint}/datasets/{name}"
        self._token = get_token()
        self._api = HfApi(endpoint=constants.ENDPOINT, token=self._token or False)
        self._stopping = threading.Event()  # set where what other threads still try is wanted no longer
        self._say, self._retries = say, retries or Retries(sleep=self._stopping.wait)
        self._reached = self._begun = False  # whether the Hub was ever reached, and has taken the token

    def stop(self) -> None:
        """Let no other thread begin anything more, nor wait for another try."""
        self._stopping.set()

    def _do(self, what: str, job: Callable[[], T], landed: Callable[[], T | None] | None = None) -> T:
        """Return what the job returns; `landed` is for what must not be done twice (see Retries.call).

        Raises HubError. A Hub that was never reached is not waited for: its address may be wrong, and nothing is lost.
        """

        def trying(action: Callable[[], T | None]) -> T | None:
            if self._stopping.is_set():
                raise HubError("stopped")
            try:
                with one_try():
                    result = action()
            except Trouble as trouble:
                if not (trouble.reached or self._reached):
                    raise GaveUp(trouble, 1) from None
                raise
            self._reached = True
            return result

        with self._clearly(what):
            return self._retries.call(
                lambda: trying(job),  # type: ignore[return-value]
                lambda line: self._say(self._clean(f"cannot {what} yet: {line}")),
                (lambda: trying(landed)) if landed else None,
            )

    def _clean(self, line: str) -> str:
        line = without_password(line)
        return line.replace(self._token, "***") if self._token else line

    @contextmanager
    def _clearly(self, what: str) -> Iterator[None]:
        try:
            yield
        except HubError:
            raise
        except Exception as error:
            if not (line := explain(error, self.name, self.endpoint, begun=self._begun)):
                raise
            raise HubError(self._clean(f"cannot {what}: {line}")) from None

    def _commits(self, revision: str | None) -> list[tuple[str, str]]:
        """Return (id, description) of each commit of a revision, newest first."""
        commits = self._api.list_repo_commits(self.name, repo_type="dataset", revision=revision)
        return [(commit.commit_id, commit.message) for commit in commits]
