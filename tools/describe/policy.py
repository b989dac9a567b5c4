"""The Content-Security-Policy of a page that holds all it needs, as the preview and the report do."""

from __future__ import annotations

import base64
import hashlib


def policy(style: str) -> str:
    """Return the policy: this style, pictures that the page holds, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
