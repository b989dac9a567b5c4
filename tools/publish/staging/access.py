"""Who may do what: tokens with a role, and signed links that work without a token for a while.

In come the tokens a rehearsal is started with and the Authorization header of a request; out go users. Tokens live in
memory only: nothing here writes them anywhere, and `redact` takes them out of whatever is written elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

Role = Literal["read", "write"]

# A user's name stands in commits and in repository names.
USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,41}")

# Who a token belongs to that is given with its role alone.
DEFAULT_USERS: Mapping[str, str] = {"read": "staging-reader", "write": "staging-writer"}

# As long as the Hub's own links to its storage live.
LINK_SECONDS = 3600


@dataclass(frozen=True)
class User:
    """Somebody known by a token, and what the token permits."""

    name: str
    role: Role


class Tokens:
    """The tokens of a rehearsal: each maps to a role, or to a pair of user name and role."""

    def __init__(self, tokens: Mapping[str, Role | tuple[str, Role]]) -> None:
        self._users: dict[str, User] = {}
        self._expired: set[str] = set()
        for token, given in tokens.items():
            name, role = (DEFAULT_USERS.get(given, given), given) if isinstance(given, str) else given
            if role not in DEFAULT_USERS:
                raise ValueError(f"a token's role must be 'read' or 'write' (got {role!r})")
            if not USER.fullmatch(name):
                raise ValueError(f"a user's name must be letters, digits, '.', '_' and '-' (got {name!r})")
            if not token or not token.isascii() or not token.isprintable() or " " in token:
                raise ValueError("a token must be printable ASCII without spaces")
            self._users[token] = User(name, role)

    def user(self, authorization: str) -> User | None:
        """Return the user whom an Authorization header names, or None where its token is not known."""
        token = _bearer(authorization)
        return None if token in self._expired else self._users.get(token)

    def expire(self, authorization: str) -> None:
        """Know the token in an Authorization header no longer."""
        self._expired.add(_bearer(authorization))

    def redact(self, text: str) -> str:
        """Return `text` with every token replaced by asterisks."""
        for token in self._users:
            text = text.replace(token, "***")
        return text


def _bearer(authorization: str) -> str:
    """Return the token in an Authorization header, or an empty text, which is no token."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Links:
    """Signs links so that whoever holds one may use it, for a while, and only for what it was made for."""

    def __init__(self) -> None:
        # Made anew at each start: a link does not outlive the server, and no secret lies in the folder.
        self._secret = secrets.token_bytes(32)
        self._expired: set[str] = set()

    def sign(self, purpose: str, fields: Mapping[str, str | int]) -> str:
        """Return a query string that carries `fields` and proves that this server gave them out for `purpose`."""
        signed = {
            **{name: str(value) for name, value in fields.items()},
            "expires": str(int(time.time()) + LINK_SECONDS),
            "nonce": secrets.token_hex(8),  # no two links are the same, so that one can expire and its successor hold
        }
        return urlencode({**signed, "signature": self._signature(purpose, signed)})

    def check(self, purpose: str, query: Mapping[str, str]) -> bool:
        """Tell whether `query` was signed here for `purpose` and has not expired."""
        signed = {name: value for name, value in query.items() if name != "signature"}
        given = query.get("signature", "")
        if not given.isascii() or not hmac.compare_digest(given, self._signature(purpose, signed)):
            return False
        return given not in self._expired and time.time() < int(signed["expires"])

    def expire(self, signature: str) -> None:
        """Accept the link with this signature no longer."""
        self._expired.add(signature)

    def _signature(self, purpose: str, fields: Mapping[str, str]) -> str:
        message = urlencode([("purpose", purpose), *sorted(fields.items())])
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()
