"""The recipe that Stable Diffusion web UI writes into its images: writing it, and reading it from untrusted text.

The form is that of the web UI: the prompt, a line "Negative prompt: ...", and a last line "Steps: 20, Sampler: Euler a,
CFG scale: 7, Seed: 1, Size: 512x512, ...". It stands in a PNG's chunk `parameters`, or in the EXIF user comment of a
JPEG or WebP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

PARAMETERS = "parameters"  # the keyword of the PNG's chunk
NEGATIVE = "Negative prompt:"
LONGEST = 2**16  # characters of a recipe that are looked at: a prompt is a few hundred
# A setting: its name, and a value that ends at a comma unless it is in quotes. Bounded, for the text is untrusted.
_SETTING = re.compile(r'([A-Z][\w /-]{0,40}):\s?("(?:\\.|[^"\\]){0,2000}"|[^,]{0,2000})(?:,\s*|\s*$)')
IMPORTED = "imported"  # the column that says of a picture that it was made elsewhere, by what; only import writes it
NUMBERS = {"steps": "Steps", "seed": "Seed", "cfg_scale": "CFG scale"}


def parse_parameters(text: str) -> dict[str, str]:
    """Return what a recipe says, by the columns of the sheet; empty where the text is no recipe of the web UI."""
    lines, settings = _parted(text)
    if not settings:
        return {}
    start = next((number for number, line in enumerate(lines) if line.startswith(NEGATIVE)), len(lines))
    recipe = {"prompt": plain("\n".join(lines[:start]))}
    recipe["negative_prompt"] = plain("\n".join(lines[start:]).removeprefix(NEGATIVE))
    recipe |= {column: settings[name].strip() for column, name in NUMBERS.items() if name in settings}
    if "Sampler" in settings:
        # Newer versions write apart what older ones wrote as one: "DPM++ 2M" and "Karras".
        schedule = settings.get("Schedule type", "").strip()
        recipe["sampler"] = settings["Sampler"].strip()
        recipe["schedule"] = "" if schedule == "Automatic" else schedule
    return recipe


def read_settings(text: str) -> dict[str, str]:
    """Return the settings of a recipe's last line by the web UI's names, quotes taken off; empty where it is none."""
    return {name: _unquoted(value.strip()) for name, value in _parted(text)[1].items()}


def _parted(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the lines of a recipe before its last one, and the settings of that; both empty where it is no recipe."""
    *lines, last = text[:LONGEST].strip().splitlines() or [""]
    settings = dict(_SETTING.findall(last[-LONGEST // 4 :]))
    return (lines, settings) if "Steps" in settings and "Seed" in settings else ([], {})


def plain(text: str) -> str:
    """Return `text` on one line, with single spaces."""
    return " ".join(text.split())


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:"\n]', value) else value


def _unquoted(value: str) -> str:
    if value[:1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def write_parameters(prompt: str, negative_prompt: str, settings: Mapping[str, object]) -> str:
    """Return a recipe as the web UI writes it; `settings` go into the last line, in their order, empty ones left out.

    The web UI's own must be there: Steps, Sampler, CFG scale, Seed, Size. Line breaks in the prompts become spaces.
    """
    lines = [plain(prompt)]
    if negative_prompt.strip():
        lines.append(f"{NEGATIVE} {plain(negative_prompt)}")
    lines.append(", ".join(f"{name}: {_quoted(str(value))}" for name, value in settings.items() if str(value)))
    return "\n".join(lines)


def user_comment(value: Any) -> str:
    """Return the text of an EXIF user comment, which begins with eight bytes that name its encoding.

    (CIPA DC-008, 4.6.6.)
    """
    if not isinstance(value, bytes):
        return str(value)
    text = value[8:]
    if value.startswith(b"UNICODE\0"):  # which byte comes first is not said: in most languages one of two is mostly 0
        return text.decode("utf-16-be" if text[::2].count(0) >= text[1::2].count(0) else "utf-16-le", "replace")
    return (text if value.startswith((b"ASCII\0\0\0", bytes(8))) else value).decode("utf-8", "replace")


def is_imported(row: Mapping[str, str]) -> bool:
    """Say whether a row of the sheet is that of a picture which was imported."""
    return bool(row.get(IMPORTED))
