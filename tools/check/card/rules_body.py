"""The rules for the text of a dataset card, each with why it matters and how to mend what it finds."""

from __future__ import annotations
