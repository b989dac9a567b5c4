"""Rules for credentials in a card, and for links that only their maker can open."""

from __future__ import annotations

from collections.abc import Iterator

from tools.check.card.read import Card
from tools.check.card.rules_body import LINK_EXPIRES, SECRET
from tools.check.findings import Finding, quote
from tools.check.secrets import ADDRESS, LONG, PARAMETER, PERSONAL, SIGNATURES, credentials, is_example, masked

_EXPIRIES = {"expires", "x-amz-expires", "x-goog-expires", "se", "ex", "expiry"}
_PUBLIC = ("badge", "codecov.io", "firebasestorage")  # whose tokens are made to be published


def secret_findings(card: Card) -> Iterator[Finding]:
    """Yield the credentials that stand in a card, in its header as in its text."""
    for index, kind, shown in credentials(card.text):
        got = f", got {quote(shown[:40])}, which is hidden here" if shown else ""
        message = f"the card holds {kind}, expected none{got}"
        yield SECRET.at(card.name, message, line=card.line_at(index))


def expiring_findings(card: Card) -> Iterator[Finding]:
    """Yield the addresses that are signed for a time, or that carry somebody's own access."""
    for line, text in _lines(card):
        if "://" not in text:
            continue
        for address in ADDRESS.finditer(text):
            problem = _expiring(address[0])
            if problem:
                host = masked(address[0]).split("?")[0]
                message = f"the link to {quote(host)} {problem}, expected an address that stays and opens for anyone"
                yield LINK_EXPIRES.at(card.name, message, line=line, value=host)


def _expiring(address: str) -> str | None:
    parameters = {name.lower(): (name, value) for name, value in PARAMETER.findall(address)}
    signed = SIGNATURES & parameters.keys()
    expires = _EXPIRIES & parameters.keys()
    if signed and expires:
        name, value = parameters[min(expires)]
        return f"is signed and expires ({name}={value[:20]})"
    for name in sorted((PERSONAL | LONG) & parameters.keys()):
        shown, value = parameters[name]
        if any(word in address for word in _PUBLIC) or is_example(value) or not value:
            continue
        if name in PERSONAL or (name == "token" and len(value) >= 16):
            return f"carries the access of one person ({shown}=...)"
    return None


def _lines(card: Card) -> Iterator[tuple[int, str]]:
    ends = [*card.lines[1:], len(card.text)]
    for line, (start, end) in enumerate(zip(card.lines, ends, strict=True), 1):
        yield line, card.text[start:end]
