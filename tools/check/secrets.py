"""What has the form of a credential: finding it, and hiding it from whatever prints.

In goes text, out come the kind and the place of each credential and never the credential, or a text of the same length
in which each is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What a token of a service looks like, by the services' own words on their prefixes and lengths; group 1 is hidden.
# Before each stands what a text must hold for the search to be worth its time.
PASSWORD = "a password in an address"
_TOKENS = {
    "a Hugging Face token": (("hf_", "api_org_"), r"(?:hf_|api_org_)([A-Za-z0-9]{30,})"),
    "a GitHub token": (("gh", "github_pat_"), r"(?:gh[pousr]_|github_pat_)([A-Za-z0-9_]{36,})"),
    "a GitLab token": (("glpat-",), r"glpat-([\w-]{20,})"),
    "an AWS access key": (("AKIA", "ASIA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)([A-Z0-9]{16})(?![A-Za-z0-9])"),
    "a Google API key": (("AIza",), r"AIza([\w-]{35})"),
    "a Slack token": (("xox",), r"xox[abeoprs]-([A-Za-z0-9-]{20,})"),
    "an OpenAI or Anthropic key": (("sk-",), r"(?<![A-Za-z0-9])sk-([A-Za-z0-9_-]{32,})"),
    "a PyPI token": (("pypi-",), r"pypi-([\w-]{60,})"),
    "a JSON web token": (("eyJ",), r"eyJ([\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"),
    PASSWORD: (("://",), r"://[^\s/:@<>\"'`]{0,100}:([^\s/@<>\"'`]{6,200})@"),
}
_PATTERNS = {kind: (begins, re.compile(pattern)) for kind, (begins, pattern) in _TOKENS.items()}
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:\\n|\s){0,9}([A-Za-z0-9+/=]{40}[A-Za-z0-9+/=\s]{0,9999})"
)
_ANY_USER = re.compile(r"://(?:user|username|me|name|login)\w{0,3}:", re.IGNORECASE)
# What stands in documents in the place of a secret.
_EXAMPLE = re.compile(r"(?i)^[<{$%\[*]|^(.)\1*$|example|your|token|secret|passw|placeholder|xxxx|\*\*\*|\.\.\.|1234567")

ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\]+")
PARAMETER = re.compile(r"[?&;#]([A-Za-z][\w-]{0,60})=([^&#\s)\]]*)")
SIGNATURES = {"signature", "x-amz-signature", "x-goog-signature", "sig", "x-amz-security-token", "policy", "hm"}
PERSONAL = {
    "casa_token",
    "access_token",
    "auth_token",
    "id_token",
    "jwt",
    "sas_token",
    "api_key",
    "apikey",
    "password",
    "secret",
}
LONG = {"token", "key", "auth"}  # names that say little: only a long value makes them an access


def masked(text: str) -> str:
    """Return a text of the same length and lines in which every secret is a row of x."""
    text = _PRIVATE_KEY.sub(_hidden, text)
    for _, pattern in _patterns(text):
        text = pattern.sub(_hidden, text)
    if "://" in text and ("?" in text or ";" in text or "#" in text):
        text = ADDRESS.sub(lambda address: PARAMETER.sub(_hidden_value, address[0]), text)
    return text


def _patterns(text: str) -> list[tuple[str, re.Pattern[str]]]:
    """Return the kinds of secrets that a text may hold, each with its pattern."""
    kinds = _PATTERNS.items()
    return [(kind, pattern) for kind, (begins, pattern) in kinds if any(begin in text for begin in begins)]


def _hidden(match: re.Match[str]) -> str:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + re.sub(r"\S", "x", match[1]) + match[0][end:]


def _hidden_value(match: re.Match[str]) -> str:
    secret = match[1].lower() in SIGNATURES | PERSONAL or (match[1].lower() in LONG and len(match[2]) >= 16)
    return f"{match[0][: -len(match[2])]}{'x' * len(match[2])}" if secret and match[2] else match[0]


def credentials(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield index, kind and masked form ("" for a key) of each credential; what documents put for one is none."""
    for match in _PRIVATE_KEY.finditer(text):
        if len(set(match[1])) > 7:
            yield match.start(), "a private key", ""
    for kind, pattern in _patterns(text):
        for match in pattern.finditer(text):
            if is_example(match[1]) or _ANY_USER.search(match[0]):
                continue
            if len(set(match[1])) > 7 or kind == PASSWORD:
                yield match.start(), kind, masked(match[0])


def is_example(value: str) -> bool:
    """Say whether a value is one of those that documents put in the place of a secret."""
    return bool(_EXAMPLE.search(value))
