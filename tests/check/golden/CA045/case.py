"""Cards with credentials; made here, so that no file of the project holds one, and none of them was ever given out."""

from __future__ import annotations

from pathlib import Path

from tools.check.card.check import check_card
from tools.check.findings import Finding

LETTERS = "qWeRtYuIoPaSdFgHjKlZxCvBnMqWeRtYuIoPaSdF"


def bad(data_dir: Path) -> list[Finding]:
    """Yield what is found of tokens in code, in an address, in the header, and of a private key."""
    del data_dir
    text = (
        f'---\nlicense: mit\nkey: ghp_{LETTERS[:36]}\n---\n\n```python\nlogin(token="hf_{LETTERS[:34]}")\n```\n\n'
        f"[Vanes](https://ada:{LETTERS[:12]}@example.org/vanes)\n\n"
        f"-----BEGIN RSA PRIVATE KEY-----\n{LETTERS}{LETTERS}\n-----END RSA PRIVATE KEY-----\n"
    )
    return list(check_card("README.md", text.encode()))


def good(data_dir: Path) -> list[Finding]:
    """Yield what is found of stand-ins for credentials, and of words that begin like one."""
    del data_dir
    text = (
        f"Log in with `hf_{'x' * 34}`, hf_your_token or <token>, as in https://user:password@example.org and\n"
        f"https://{{user}}:{{password}}@example.org. The model is sk-learn-like, and\n"
        "-----BEGIN PRIVATE KEY----- is how a key begins.\n"
    )
    return list(check_card("README.md", text.encode()))
