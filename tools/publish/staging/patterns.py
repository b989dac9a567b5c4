"""Which files a repository keeps as large files, and which it ignores: .gitattributes and .gitignore.

In comes the text of such a file and a path; out goes yes or no. Patterns mean what they mean to git (gitignore(5)):
one without a slash speaks of names, one with a slash of paths from the root, `**` of any number of folders.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LARGE = """
*.7z *.arrow *.avro *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lz4 *.mds *.mlmodel *.model *.msgpack *.npy *.npz
*.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz
*.wasm *.xz *.zip *.zst *tfevents* *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg
*.jpeg *.webp *.mp4 *.webm
"""

# The first commit of a dataset repository on the Hub declares these.
DEFAULT_GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LARGE.split())


def is_large(gitattributes: str, path: str) -> bool:
    """Tell whether `gitattributes` gives `path` the attribute filter=lfs; the last line that speaks of it decides."""
    answer = False
    for line in gitattributes.splitlines():
        pattern, *attributes = line.split() or [""]
        if pattern.startswith("#") or not pattern or not _matches(pattern, path):
            continue
        for attribute in attributes:
            if attribute.startswith("filter=") or attribute in ("-filter", "!filter"):
                answer = attribute == "filter=lfs"
    return answer


def is_ignored(gitignore: str, path: str) -> bool:
    """Tell whether `gitignore` excludes `path` or a folder it lies in; a later `!pattern` takes a file in again."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        answer = False
        for line in gitignore.splitlines():
            pattern = line.rstrip()
            if not pattern or pattern.startswith("#"):
                continue
            negated = pattern.startswith("!")
            pattern = pattern.removeprefix("!")
            if pattern.endswith("/") and depth == len(parts):
                continue  # speaks of folders only, and this is the file
            if _matches(pattern.removesuffix("/"), "/".join(parts[:depth])):
                answer = not negated
        if answer:
            return True  # git looks no further into an excluded folder
    return False


def _matches(pattern: str, path: str) -> bool:
    if "/" not in pattern:
        return bool(_compile(pattern).fullmatch(path.rsplit("/", 1)[-1]))
    return bool(_compile(pattern.removeprefix("/")).fullmatch(path))


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """Translate a pattern into a regular expression; what is no valid pattern matches itself only."""
    result, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**/"):
            result, position = result + "(?:.*/)?", position + 3
        elif rest.startswith("**"):
            result, position = result + ".*", position + 2
        elif rest[0] == "*":
            result, position = result + "[^/]*", position + 1
        elif rest[0] == "?":
            result, position = result + "[^/]", position + 1
        elif match := re.match(r"\[[!^]?\]?[^\]/]+\]", rest):
            body = match[0][1:-1].replace("\\", "\\\\").replace("[", "\\[")
            result, position = result + "[" + re.sub(r"^!", "^", body) + "]", position + len(match[0])
        else:
            result, position = result + re.escape(rest[0]), position + 1
    try:
        return re.compile(result, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))
