"""The rules for a repository folder as it would be pushed, each with why it matters and how to mend what it finds."""

from __future__ import annotations
