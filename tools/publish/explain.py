"""What a failure at the Hub means to the person who pushes: one line for each exception that the client may raise.

In comes an exception; out goes what it means, with the status, or None for one that is a fault of ours.
"""

from __future__ import annotations

import re

from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from tools.publish.retry import GaveUp
from tools.publish.wire import Renamed

AGAIN = "run the same command again"


def without_password(text: str) -> str:
    """Return a text without the user and the password that an address in it may carry."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def explain(error: BaseException, name: str, endpoint: str, *, begun: bool) -> str | None:
    """Say what an exception means to the user; `begun` where the Hub has taken the token before."""
    if isinstance(error, HFValidationError):
        return f"{name!r} is not a repository's name (expected: namespace/name)"
    if isinstance(error, GaveUp):
        status = error.trouble.status
        if status is None:
            return f"{error}; check the network, then {AGAIN}"
        meaning = "too many requests; wait some minutes" if status == 429 else "the Hub has a bad day; wait a little"
        return f"{error}; {meaning}, then {AGAIN}"
    if isinstance(error, Renamed):
        return f"{name} is called {error.name} now at {endpoint}: give --repo-id {error.name}"
    if isinstance(error, RuntimeError):  # what the client makes of a failure while it sends a file
        cause = error.__cause__
        known = cause and explain(cause, name, endpoint, begun=begun)
        return known or f"{_line(error)} {_line(cause) if cause else 'No word why.'}; {AGAIN}"
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, name, endpoint, begun)
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set: unset it"
    # Whatever HTTP library the client stands on, what does not come from the server comes from the way to it.
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"):
        return f"{endpoint} cannot be reached ({type(error).__name__}: {_line(error)}); check the network"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {_line(error)}"
    return None


def _refusal(error: HfHubHTTPError, name: str, endpoint: str, begun: bool) -> str:
    status, said = error.response.status_code, " ".join((error.server_message or "").split())
    expired = (
        f"{endpoint} does not take the token any longer: log in again, or set HF_TOKEN to a valid one, and {AGAIN}; "
        "what was sent is kept there, and readers see nothing unfinished"
    )
    meaning = {
        400: f"{endpoint} does not take this",
        401: expired if begun else f"the token is not valid at {endpoint}",
        403: f"the token has no right to do this to {name}",
        404: f"{endpoint} does not know {name}, or this token may not see it",
        409: f"{name} is in another state than expected",
        412: f"someone else committed meanwhile; {AGAIN}",
        413: f"{endpoint} finds this too large",
    }.get(status, f"{endpoint} failed to answer as it should; {AGAIN}")
    return f"{meaning} (HTTP {status}{': ' + said if said else ''})"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
