"""Builder of the DiffusionFER dataset: nine configs, read from the raw layouts that maintainers keep on disk.

In goes a data directory (folders or zips of images with `dataset_sheet.csv`, or EmoNet-Face files as upstream ships
them); out come examples with the untouched bytes of each image. The file is a builder class to import for every version
of `datasets` and a loading script for those below 4, so it stands alone and keeps each import on a line of its own.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import errno
import functools
import hashlib
import io
import itertools
import json
import logging
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import datasets
import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

logger = logging.getLogger(__name__)

VERSION = "1.0.0"
HOMEPAGE = "https://huggingface.co/datasets/FER-Universe/DiffusionFER"

# The AffectNet order; the published file names carry the index of this tuple.
EMOTIONS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
SPLITS = ("train", "validation", "test")
SHEET_NAMES = ("dataset_sheet.csv", "dataset_sheet.parquet")

# The 40 categories of EmoNet-Face, in the order of its guide.json.
# fmt: off
EMONET_EMOTIONS = (
    "Amusement", "Elation", "Pleasure/Ecstasy", "Contentment", "Thankfulness/Gratitude", "Affection", "Infatuation",
    "Hope/Enthusiasm/Optimism", "Triumph", "Pride", "Interest", "Awe", "Astonishment/Surprise", "Concentration",
    "Contemplation", "Relief", "Longing", "Teasing", "Impatience and Irritability", "Sexual Lust", "Doubt", "Fear",
    "Distress", "Confusion", "Embarrassment", "Shame", "Disappointment", "Sadness", "Bitterness", "Contempt",
    "Disgust", "Anger", "Malevolence/Malice", "Sourness", "Pain", "Helplessness", "Fatigue/Exhaustion",
    "Emotional Numbness", "Intoxication/Altered States of Consciousness", "Jealousy & Envy",
)
# fmt: on
# Upstream's binary.csv has a category that its taxonomy lacks, and lacks one that the taxonomy has: the same one.
EMONET_ALIASES = {"Hopelessness": "Helplessness"}
_EMONET_INDEX = {name: index for index, name in enumerate(EMONET_EMOTIONS)}
_EMONET_INDEX.update({alias: _EMONET_INDEX[name] for alias, name in EMONET_ALIASES.items()})
MAX_RATING = 7.0

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
LITTER = ("Thumbs.db", "desktop.ini")  # besides hidden files and __MACOSX, what systems leave in folders of images
# Far above any picture, far below what would hurt: a zip entry may claim any size.
MAX_FILE_BYTES = 512 * 2**20
# The same for a sheet on a remote file system; a million rows of the embedded edition have 0.4 GB.
MAX_SHEET_BYTES = 2 * 2**30
# A chunk is what two processes, or the workers of a stream, divide among them.
ROWS_A_CHUNK = 100
MAX_CHUNKS = 64


@dataclass(frozen=True)
class Subset:
    """One config: its name, what it is, the raw folders that may hold it (the published spelling first), its kind."""

    name: str
    description: str
    folders: tuple[str, ...]
    kind: str  # a key of FEATURES


def _faces(size: str, variant: str) -> Subset:
    ending = f"_{size[0].upper()}" + ("_cropped" if variant == "cropped" else "")
    # Published: "Difussion" for the originals, "Diffusion" for the crops.
    spellings = ["DifussionEmotion", "DiffusionEmotion"]
    folders = [spelling + ending for spelling in (spellings if variant == "original" else reversed(spellings))]
    return Subset(f"{size}_{variant}", f"DiffusionFER, {size}, {variant} images", tuple(folders), "faces")


SUBSETS = {
    subset.name: subset
    for subset in (
        *(_faces(size, variant) for size in ("small", "medium", "large") for variant in ("original", "cropped")),
        Subset("emonet_hq", "EmoNet-Face HQ: 40 ratings by experts", ("emonet-face-hq",), "hq"),
        Subset("emonet_binary", "EmoNet-Face Binary: emotions confirmed or not", ("emonet-face-binary",), "binary"),
        Subset("emonet_big", "EmoNet-Face Big: 40 ratings by models", ("emonet-face-big",), "big"),
    )
}
DEFAULT_CONFIG = "small_original"

_TEXT, _FLOAT = datasets.Value("string"), datasets.Value("float32")
FACE_FEATURES = datasets.Features(
    {
        "image": datasets.Image(),
        "image_id": _TEXT,
        "emotion": datasets.ClassLabel(names=list(EMOTIONS)),
        "valence": _FLOAT,
        "arousal": _FLOAT,
        **dict.fromkeys(("prompt", "negative_prompt", "race", "age", "gender", "style", "others"), _TEXT),
        "seed": datasets.Value("int64"),
        "steps": datasets.Value("int32"),
        "sampler": _TEXT,
        "cfg_scale": _FLOAT,
        "model": _TEXT,
        # Always four numbers, but no list of fixed length: pyarrow before 26 cannot read one with nulls from Parquet.
        "face_box": datasets.Sequence(_FLOAT),
        "clip_score": _FLOAT,
        "sha256": _TEXT,
    }
)


def _emonet_features(annotation: dict[str, Any]) -> datasets.Features:
    demographics = {"ethnicity": _TEXT, "gender": _TEXT, "age": datasets.Value("int32")}
    columns = {"image": datasets.Image(), "image_id": _TEXT, "prompt": _TEXT, "demographics": demographics}
    # A list around a dict stays a list of dicts in every version of datasets; Sequence would turn it inside out.
    return datasets.Features({**columns, "annotations": [{"annotator": _TEXT, **annotation}]})


_RATED = _emonet_features({"ratings": dict.fromkeys(EMONET_EMOTIONS, _FLOAT)})
_CONFIRMED = _emonet_features(
    {"emotion": datasets.ClassLabel(names=list(EMONET_EMOTIONS)), "present": datasets.Value("bool")}
)
FEATURES = {"faces": FACE_FEATURES, "hq": _RATED, "big": _RATED, "binary": _CONFIRMED}


# --- files ----------------------------------------------------------------------------------------------------------


def path_problem(path: str) -> str | None:
    """Say why `path` must not be used below a folder; None for a plain relative path with forward slashes."""
    if path.startswith(("/", "~")) or re.search(r"(^|/)[^/]:", path):  # on Windows, a drive anywhere starts anew
        return "is absolute"
    if "\\" in path:
        return "holds a backslash"
    if re.search(r"[\x00-\x1f\x7f]", path):
        return "holds a control character"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "leaves its folder or is not in plain form"
    return None


@dataclass(frozen=True, slots=True)  # a million of them are nothing special
class Entry:
    """A file of a raw folder: its name below it, its size in bytes, and why it must not be read (None: it may).

    `stamp` is another text after every change: the file's times of change, the CRC-32 of an entry of a zip, or what a
    remote file system tells of an object.
    """

    name: str
    size: int
    problem: str | None = None
    stamp: str = ""


class Entries(Sequence[Entry]):
    """Files of a raw folder, sorted by name. Each Entry is made when it is asked for: a million would fill memory.

    `names` are bytes, for a name on disk may be no text; `sizes`, `problems` and `stamps` are those of the entries.
    """

    def __init__(self, found: Iterable[Entry]) -> None:
        text = ("problem", pa.string()), ("stamp", pa.string())
        schema = pa.schema([("name", pa.large_binary()), ("size", pa.int64()), *text])
        left, batches = iter(found), []
        while some := list(itertools.islice(left, 4096)):
            rows = ((e.name.encode(errors="surrogatepass"), e.size, e.problem, e.stamp) for e in some)
            columns = [pa.array(column, field.type) for column, field in zip(zip(*rows), schema)]  # noqa: B905
            batches.append(pa.record_batch(columns, schema))
        table = pa.Table.from_batches(batches, schema)
        self._table = table.take(pc.sort_indices(table["name"])).combine_chunks()
        self.names, self.sizes, self.problems, self.stamps = self._table.columns

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __iter__(self) -> Iterator[Entry]:
        for batch in self._table.to_batches(4096):
            for name, *facts in zip(*(column.to_pylist() for column in batch.columns)):  # noqa: B905
                yield Entry(name.decode(errors="surrogatepass"), *facts)

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> list[Entry]: ...

    def __getitem__(self, place: int | slice) -> Entry | list[Entry]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        name, *facts = (column[place].as_py() for column in self._table.columns)
        return Entry(name.decode(errors="surrogatepass"), *facts)


class RawFolder:
    """The files of one raw folder of the data directory. Nothing outside the data directory is read through it."""

    def __init__(self, data_dir: str, name: str) -> None:
        self.name = name
        self.data_dir = os.path.realpath(data_dir)
        self.path = os.path.join(self.data_dir, name)
        if not self._inside(self.path):
            raise ValueError(f"{self.path} is a link that leaves the data directory: move the files into it")

    def _inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self.data_dir.rstrip(os.sep) + os.sep)

    def entries(self) -> Entries:
        """Return every file, sorted by name, without what operating systems leave behind."""
        return Entries(entry for entry in self._scan() if entry.problem or not _is_litter(entry.name))

    def _scan(self, below: str = "") -> Iterator[Entry]:
        folders = []
        try:
            with os.scandir(os.path.join(self.path, below)) as found:
                for item in found:
                    name = f"{below}/{item.name}" if below else item.name
                    if entry := self._look_at(item, name):
                        yield entry
                    else:
                        folders.append(name)  # only one is open at a time, however deep they lie
        except OSError as error:  # a folder that may not be opened, or lies too deep
            yield Entry(below, 0, f"cannot be listed ({error.strerror})")
        for name in folders:
            yield from self._scan(name)

    def _look_at(self, item: os.DirEntry[str], name: str) -> Entry | None:
        """Return the entry of a file, or of whatever is none; None for a folder, whose files are wanted."""
        try:
            is_link, is_folder = item.is_symlink(), item.is_dir()
            if is_link and not self._inside(item.path):
                return Entry(name, 0, "is a link that leaves the data directory")
            if is_link and is_folder:
                return Entry(name, 0, "is a link to a folder, which is not followed")
            if is_folder:
                return None
            if item.is_file():
                state = item.stat()
                return Entry(name, state.st_size, stamp=_stamp(state))
            return Entry(name, 0, "is not a regular file")
        except OSError as error:  # a link in a circle, say
            return Entry(name, 0, f"cannot be looked at ({error.strerror})")

    def read(self, name: str) -> bytes:
        """Return the bytes of a file. Raises FileNotFoundError, or ValueError where it must not be read."""
        path = os.path.join(self.path, *name.split("/"))
        if problem := path_problem(name):
            raise ValueError(f"{self.name}/{name} {problem}")
        if not self._inside(path):
            raise ValueError(f"{self.name}/{name} is a link that leaves the data directory")
        if os.path.exists(path) and not os.path.isfile(path):  # opening a pipe would wait for ever
            raise ValueError(f"{self.name}/{name} is not a regular file")
        with open(path, "rb") as file:
            self._refuse_giants(name, os.fstat(file.fileno()).st_size)
            return file.read()

    def is_still(self, entry: Entry, content: bytes) -> bool:
        """Say whether the bytes that were read of a file are those that it had when it was listed."""
        state = os.stat(os.path.join(self.path, *entry.name.split("/")))
        return (len(content), _stamp(state)) == (entry.size, entry.stamp)

    def _refuse_giants(self, name: str, size: int) -> None:
        if size > MAX_FILE_BYTES:
            raise ValueError(f"{self.name}/{name} has {size:,} bytes; more than {MAX_FILE_BYTES:,} are not read")


class RawZip(RawFolder):
    """A zip in place of a raw folder, read without unpacking: it holds the folder itself or what is in it."""

    def __init__(self, data_dir: str, name: str) -> None:
        super().__init__(data_dir, name)
        self._look_into()

    def _look_into(self) -> None:
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        folder = self.name[: -len(".zip")] + "/"
        self._prefix = folder if any(n.startswith(folder) for n in self._archive.namelist()) else ""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}  # another process opens it for itself

    def _open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)

    @property
    def _archive(self) -> zipfile.ZipFile:
        # Once a process: after a fork, parent and child would move the position of one and the same open file.
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = (os.getpid(), self._open())
            except (zipfile.BadZipFile, OSError) as error:
                raise ValueError(f"{self.path} cannot be read as a zip ({error}): pack it again") from error
        return self._opened[1]

    def _scan(self, below: str = "") -> Iterator[Entry]:
        seen: set[str] = set()
        for info in self._archive.infolist():
            name = info.filename
            if name.endswith("/") or name.startswith("__MACOSX/"):
                continue
            problem = path_problem(name)
            if name in seen:
                problem = "is in the zip twice"
            elif stat.S_ISLNK(info.external_attr >> 16):
                problem = "is a link"
            elif not problem and not name.startswith(self._prefix):
                problem = f"is outside {self._prefix} in the zip"
            seen.add(name)
            name = name if problem else name[len(self._prefix) :]
            yield Entry(name, info.file_size, problem, f"{info.CRC:08x}")

    def read(self, name: str) -> bytes:
        """Return the bytes of an entry. Raises FileNotFoundError, or ValueError where it must not or cannot be read."""
        if problem := path_problem(name):
            raise ValueError(f"{self.name}: {name} {problem}")
        try:
            info = self._archive.getinfo(self._prefix + name)
        except KeyError:
            raise FileNotFoundError(f"{name} is not in {self.path}") from None
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ValueError(f"{self.name}: {name} is a link")
        self._refuse_giants(name, info.file_size)
        try:
            return self._archive.read(info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
            raise ValueError(f"{self.name}: {name} cannot be unpacked ({error}): pack it again") from error

    def is_still(self, entry: Entry, content: bytes) -> bool:
        """Say whether the bytes that were read of an entry are those that it had when the zip was listed."""
        return (len(content), f"{zlib.crc32(content):08x}") == (entry.size, entry.stamp)


def _stamp(state: os.stat_result) -> str:
    return f"{state.st_mtime_ns} {state.st_ctime_ns}"


def _is_litter(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith(".") for part in parts) or parts[-1] in LITTER


# --- files on remote file systems -----------------------------------------------------------------------------------

# Files that are read at a time where nobody says how many: to read one is to wait.
REMOTE_AT_A_TIME = 16
# What is read of a file before its size is asked for: an image comes by one request, and no giant comes whole.
PIECE_BYTES = 16 * 2**20
# A zip's entries are read in their order for the most part, several by one request.
AHEAD_BYTES = 2**20
# A request that is never answered is given up after 3 minutes: botocore waits 15 s and tries 3 times, s3fs twice twice.
_S3 = {"config_kwargs": {"retries": {"mode": "standard", "total_max_attempts": 3}, "max_pool_connections": 64}}
_OPTIONS: dict[str, dict[str, Any]] = {"s3": _S3, "s3a": _S3}
_S3FS_RETRIES = 2
_S3_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_KEYS = {"s3": _S3_KEYS, "s3a": _S3_KEYS, "hf": "HF_TOKEN"}


def is_remote(data_dir: object) -> bool:
    """Say whether a data directory is given by a URL, as s3://bucket/tree, and not by a path of this machine."""
    return "://" in str(data_dir)


def shown(data_dir: object) -> str:
    """Return a data directory as messages name it: a URL without the password or the signature that it may hold."""
    return _without_secrets(str(data_dir)).rstrip("/") if is_remote(data_dir) else str(data_dir)


def _without_secrets(text: str) -> str:
    return re.sub(r"\?\S+", "?***", re.sub(r"://[^/\s]*@", "://***@", text))


def _reason(error: Exception) -> str:
    """Return what a library says as one line without the keys and tokens that are known here."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    said = re.sub(r"^\[Errno -?\d+\] ", "", " ".join(said.split()))
    text = re.sub(r"\b(hf_|Bearer )[^\s'\",]+", r"\1***", _without_secrets(said))
    for name, value in os.environ.items():
        if re.search("KEY|TOKEN|SECRET|PASSWORD", name) and len(value) >= 8:
            text = text.replace(value, "***")
    return text[:300]


class Remote:
    """A data directory on a remote file system: what it holds, and the bytes of its files, by their names below it.

    Keys and endpoints are those of the environment, as fsspec takes them. A copy in another process makes connections
    of its own, and threads may share one. Methods raise FileNotFoundError for what is not there, and ValueError for
    what else goes wrong, in one line that holds no key.
    """

    def __init__(self, url: str) -> None:
        self.url = str(url).rstrip("/")
        self._opened: tuple[int, Any, str] | None = None

    def __str__(self) -> str:
        """Return the URL as messages name it."""
        return shown(self.url)

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "_opened": None}

    @property
    def _system(self) -> tuple[Any, str]:
        """The file system and the path of the data directory in it."""
        # Once a process: after a fork, the connections and the threads of the parent are of no use.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), *self._connected())
        return self._opened[1:]

    def _connected(self) -> tuple[Any, str]:
        protocol = self.url.partition("://")[0]
        try:
            system, root = fsspec.core.url_to_fs(self.url, **_OPTIONS.get(protocol, {}))
        except ImportError as error:
            way = "pip install 'diffusionfer[s3]'" if protocol in ("s3", "s3a") else _reason(error)
            raise ValueError(f"{self} needs a library that is not installed: {way}") from None
        except Exception as error:
            raise ValueError(f"{self} cannot be opened ({_reason(error)})") from None
        if isinstance(system, LocalFileSystem):  # it would follow links out of the data directory
            raise ValueError(f"{self} is on this machine: give its path, without {protocol}://")
        if protocol in ("s3", "s3a"):
            system.retries = _S3FS_RETRIES
        return system, root.rstrip("/")

    @contextlib.contextmanager
    def _asked(self, name: str = "", *, afresh: bool = False) -> Iterator[tuple[Any, str]]:
        """Give the file system and the path of a file in it; what is raised meanwhile becomes an error of one line.

        With `afresh` nothing is taken from the listings that it remembers, nor kept there: they may be large.
        """
        system, root = self._system
        try:
            if afresh:
                system.dircache.clear()
            yield system, f"{root}/{name}" if name else root
        except Exception as error:
            raise self._refusal(name, error, root) from None
        finally:
            if afresh:
                system.dircache.clear()

    def _refusal(self, name: str, error: Exception, root: str) -> Exception:
        status = getattr(getattr(error, "response", None), "status_code", None)
        where, reason = name or str(self), f"HTTP status {status}" if status else _reason(error)
        if isinstance(error, FileNotFoundError) or status == 404:
            about = reason.replace(root, "").replace(name, "").strip(" /")
            return FileNotFoundError(f"{where} is not there" + (f": {about}" if about else ""))
        if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
            keys = _KEYS.get(self.url.partition("://")[0], "in the environment what gives access")
            return ValueError(f"{where} may not be read ({reason}): set {keys}")
        if isinstance(error, (ValueError, NotImplementedError)):  # the URL itself is wrong
            return ValueError(f"{where} cannot be read ({reason})")
        return ValueError(f"{where} cannot be read ({reason}): see to the network and the endpoint, and try again")

    def names(self) -> set[str]:
        """Return the names of the files and folders that stand in the data directory itself."""
        with self._asked(afresh=True) as (system, root):
            paths = {path.rstrip("/") for path in system.ls(root, detail=False)}
        return {path.rpartition("/")[2] for path in paths - {root}}  # S3 lists a folder that somebody made as such

    def find(self, folder: str) -> Iterator[Entry]:
        """Yield every file below a folder, by its name below it, from one listing."""
        with self._asked(folder, afresh=True) as (system, root):
            found = system.find(root, detail=True)
        while found:  # what is told of a million files is large
            path, info = found.popitem()
            name = path.removeprefix(f"{root}/")
            if info["type"] == "directory" or path.endswith("/"):  # S3 lists folders that somebody made as such
                continue
            problem = path_problem(name) if name != path else "is outside the folder that was listed"
            yield Entry(name, int(info.get("size") or 0), problem, _remote_stamp(info))

    def facts(self, name: str) -> Entry:
        """Return what the file system tells of a file, by a request of its own."""
        with self._asked(name, afresh=True) as (system, path):
            info = system.info(path)
        return Entry(name, int(info.get("size") or 0), None, _remote_stamp(info))

    def head(self, name: str, count: int) -> bytes:
        """Return the first `count` bytes of a file, all of them where it has fewer."""
        with self._asked(name) as (system, path):
            if system.protocol == "hf":  # for a range it would list the folder of the file first
                with system.open(path, "rb", block_size=0) as file:
                    return bytes(file.read(count))
            try:
                return bytes(system.cat_file(path, start=0, end=count))
            except OSError as error:  # S3 has no range of an empty object
                if error.errno != errno.EINVAL or system.info(path)["size"]:
                    raise
                return b""

    def read(self, name: str, most: int) -> bytes:
        """Return the bytes of a file; one of more than `most` bytes raises ValueError, and is not downloaded."""
        piece = min(PIECE_BYTES, most + 1)
        if len(content := self.head(name, piece)) < piece:
            return content
        if (size := self.facts(name).size) > most:
            raise ValueError(f"{name} has {size:,} bytes; more than {most:,} are not read")
        return self.head(name, size)

    def open(self, name: str) -> RemoteFile:
        """Open a file that can be read from any place."""
        with self._asked(name, afresh=True) as (system, path):
            file = system.open(path, "rb", block_size=AHEAD_BYTES, cache_type="readahead")
        return RemoteFile(file, functools.partial(self._asked, name))


class RemoteFile:
    """A seekable file, as much of one as `zipfile` needs, that raises what `Remote` raises."""

    def __init__(self, file: Any, asked: Callable[[], contextlib.AbstractContextManager[Any]]) -> None:
        self._file, self._asked = file, asked
        self.tell, self.seekable, self.close = file.tell, file.seekable, file.close

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file. Raises OSError for one before its start, as local files do."""
        try:
            return int(self._file.seek(offset, whence))
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from None

    def read(self, count: int = -1) -> bytes:
        """Read from where the file stands."""
        with self._asked():
            return bytes(self._file.read(count))


def _remote_stamp(info: dict[str, Any]) -> str:
    """Return what tells an object from every other content it had: a digest, or all that the file system knows."""
    if sha256 := (info.get("lfs") or {}).get("sha256"):
        return f"sha256 {sha256}"
    if blob := info.get("blob_id"):
        return f"git {blob}"
    if etag := info.get("ETag") or info.get("etag"):
        return "etag " + str(etag).strip('"')
    return "facts " + json.dumps({key: str(value) for key, value in sorted(info.items()) if key != "name"})


class RemoteFolder(RawFolder):
    """A raw folder on a remote file system, guarded as a local one; it is listed by one request for many files."""

    def __init__(self, remote: Remote, name: str) -> None:
        self.name, self.data_dir, self.path, self._remote = name, remote.url, f"{remote}/{name}", remote

    def _scan(self, below: str = "") -> Iterator[Entry]:
        yield from self._remote.find(self.name)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file. Raises FileNotFoundError, or ValueError where it must not or cannot be read."""
        return self._remote.read(self._safe(name), MAX_FILE_BYTES)

    def head(self, name: str, count: int) -> bytes:
        """Return the first `count` bytes of a file. Raises what `read` raises."""
        return self._remote.head(self._safe(name), count)

    def _safe(self, name: str) -> str:
        if problem := path_problem(name):
            raise ValueError(f"{self.name}/{name} {problem}")
        return f"{self.name}/{name}"

    def is_still(self, entry: Entry, content: bytes) -> bool:
        """Say whether the bytes that were read of a file are those that it had when it was listed."""
        kind, _, digest = entry.stamp.partition(" ")
        if len(content) != entry.size:
            return False
        if kind == "sha256":
            return hashlib.sha256(content).hexdigest() == digest
        if kind == "git":
            return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == digest
        if kind == "etag" and hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
            # Of an object that was encrypted, or put there in parts, it is another digest.
            return self._remote.facts(f"{self.name}/{entry.name}").stamp == entry.stamp
        return True


class RemoteZip(RawZip):
    """A zip in place of a raw folder on a remote file system, of which only what is needed is downloaded."""

    def __init__(self, remote: Remote, name: str) -> None:
        self.name, self.data_dir, self.path, self._remote = name, remote.url, f"{remote}/{name}", remote
        self.stamp = remote.facts(name).stamp  # of the zip itself
        self._look_into()

    def _open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._remote.open(self.name))


# --- what a data directory holds ------------------------------------------------------------------------------------


def names_there(data_dir: str, names: Iterable[str]) -> list[str]:
    """Return those of some names that stand in a data directory, whatever is behind them.

    Raises FileNotFoundError or ValueError for a remote one that is not there or cannot be listed.
    """
    if is_remote(data_dir):
        there = Remote(data_dir).names()
        return [name for name in names if name in there]
    return [name for name in names if os.path.lexists(os.path.join(data_dir, name))]


def find_raw(config: str, data_dir: str) -> tuple[str, list[str]]:
    """Return the folder in which the data of a config lies, and the names there that are its folder or its zip.

    The folder is the data directory, or what it lies in where it is the config's own: a clone of upstream. There is
    one name, or the data is missing or there twice. Raises what `names_there` raises.
    """
    subset = SUBSETS[config]
    if subset.kind != "faces":
        if is_remote(data_dir):
            above, _, last = data_dir.rstrip("/").rpartition("/")
            if last.partition("@")[0] in subset.folders:  # hf://datasets/laion/emonet-face-hq@main
                return above, [last] if Remote(data_dir).names() else []
        elif os.path.basename(real := os.path.realpath(data_dir)) in subset.folders:
            data_dir = os.path.dirname(real)
    return data_dir, names_there(data_dir, (name + ending for name in subset.folders for ending in ("", ".zip")))


def open_raw(config: str, data_dir: str) -> RawFolder:
    """Open the raw folder, or the zip, of a config.

    Raises FileNotFoundError that says what was looked for and where, ValueError where several stand side by side.
    """
    given = data_dir
    data_dir, found = find_raw(config, data_dir)
    if not found:
        names = [name + ending for name in SUBSETS[config].folders for ending in ("", ".zip")]
        raise FileNotFoundError(f"config {config} has no data here: {shown(data_dir)} holds none of {', '.join(names)}")
    if len(found) > 1:
        raise ValueError(f"config {config}: {shown(data_dir)} holds {' and '.join(found)}; keep one of them")
    if is_remote(data_dir):
        folder = (RemoteZip if found[0].endswith(".zip") else RemoteFolder)(Remote(data_dir), found[0])
        folder.data_dir = given  # by which another process opens it
        return folder
    path = os.path.join(data_dir, found[0])
    if not (os.path.isfile(path) or os.path.isdir(path)):  # opening a pipe would wait for ever
        raise ValueError(f"config {config}: {path} is neither a folder nor a zip")
    return RawZip(data_dir, found[0]) if os.path.isfile(path) else RawFolder(data_dir, found[0])


# --- tables ---------------------------------------------------------------------------------------------------------


def read_table(path: str, content: bytes) -> pa.Table:
    """Read the content of a CSV (every column as text, an empty cell as null) or of a Parquet file.

    Text is of type string, whatever kind of text or dictionary the Parquet file has. Raises ValueError that names
    `path` where it is neither.
    """
    try:
        if path.endswith(".parquet"):
            table = pq.ParquetFile(pa.BufferReader(content)).read()
            return table.cast(pa.schema([(field.name, _plain_type(field.type)) for field in table.schema]))
        header = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
        as_text = dict.fromkeys(next(csv.reader(header), []), pa.string())
        convert = pacsv.ConvertOptions(column_types=as_text, strings_can_be_null=True, null_values=[""])
        parse = pacsv.ParseOptions(newlines_in_values=True)
        # In threads, a process that ends soon after may abort: the pool of pyarrow 26 starts as the interpreter leaves.
        read = pacsv.ReadOptions(use_threads=False)
        return pacsv.read_csv(pa.BufferReader(content), read, parse, convert)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _plain_type(kind: pa.DataType) -> pa.DataType:
    is_text = pa.types.is_dictionary(kind) or str(kind) in ("large_string", "string_view")
    return pa.string() if is_text else kind


def sheet_path(data_dir: str) -> str:
    """Return the path of the sheet, or its URL as messages name it.

    Raises FileNotFoundError where there is none, ValueError where there are two.
    """
    if is_remote(data_dir):
        found = [f"{shown(data_dir)}/{name}" for name in names_there(data_dir, SHEET_NAMES)]
    else:
        found = [path for path in (os.path.join(data_dir, name) for name in SHEET_NAMES) if os.path.isfile(path)]
    if not found:
        raise FileNotFoundError(f"{shown(data_dir)} holds neither {' nor '.join(SHEET_NAMES)}")
    if len(found) > 1:
        raise ValueError(f"{shown(data_dir)} holds {' and '.join(SHEET_NAMES)}; keep one of them")
    if is_remote(data_dir):
        return found[0]
    if not os.path.realpath(found[0]).startswith(os.path.realpath(data_dir).rstrip(os.sep) + os.sep):
        raise ValueError(f"{found[0]} is a link that leaves the data directory: put the sheet itself there")
    return found[0]


def row_numbers(path: str, content: bytes, rows: int) -> Sequence[int]:
    """Return the numbers that a spreadsheet shows for the rows that `read_table` gives: the header is row 1.

    Blank lines, which it passes over, count, and a cell of several lines does not count more than once. Where a cell is
    too long for Python's csv (128 KiB), the rows are numbered as if there were no blank line.
    """
    plain = range(2, rows + 2)
    if path.endswith(".parquet") or not re.search(rb"\A[\r\n]|\n\r?\n|\r\r", content):
        return plain
    records = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    try:
        numbers = [number for number, record in enumerate(records, 1) if record][1:]
    except csv.Error:
        return plain
    return numbers if len(numbers) == rows else plain


_INDEX_COLUMNS = ("split", "file", "origin", "claimed_sha256")


@dataclass(frozen=True)
class Index:
    """What a config holds, its images not yet read.

    `table` has the columns of the config without `image` and `sha256`, and besides them, all text, `split`, `file` (the
    name of the image below `folder`), `origin` (where the row stands, for messages) and `claimed_sha256` (of the image,
    where the sheet has one), in the order of the raw data.
    """

    table: pa.Table
    folder: RawFolder

    def splits(self) -> list[str]:
        """Return the names of the splits that have rows, in their usual order."""
        present = set(self.table["split"].unique().to_pylist())
        return [split for split in SPLITS if split in present]

    def rows(self, split: str) -> pa.Table:
        """Return the rows of one split."""
        return self.table.filter(pc.equal(self.table["split"], split))


def read_index(config: str, data_dir: str) -> Index:
    """Read everything of a config but its images.

    Raises FileNotFoundError for what is missing and ValueError for what is wrong, with the file, the row and the value.
    """
    kind = SUBSETS[config].kind
    folder = open_raw(config, data_dir)
    rows = _face_rows(config, data_dir) if kind == "faces" else _emonet_rows(kind, folder)
    return Index(rows, folder)


def _sheet_content(data_dir: str, path: str) -> bytes:
    if is_remote(data_dir):
        return Remote(data_dir).read(path.rpartition("/")[2], MAX_SHEET_BYTES)
    with open(path, "rb") as file:
        return file.read()


def _face_rows(config: str, data_dir: str) -> pa.Table:
    path = sheet_path(data_dir)
    content, name = _sheet_content(data_dir, path), os.path.basename(path)
    sheet = read_table(path, content)
    numbers = row_numbers(path, content, sheet.num_rows)
    del content  # of a million rows, it is as large as the table
    if missing := [column for column in ("path", "emotion", "valence", "arousal") if column not in sheet.column_names]:
        raise ValueError(f"{path} has no column {', '.join(missing)}")
    # The sheet names the originals; a crop has the path of its original, in the folder of the crops.
    originals = [f"{folder}/" for folder in SUBSETS[config.replace("cropped", "original")].folders]
    if len(set(sheet.column_names)) < sheet.num_columns:
        raise ValueError(f"{name}: column {max(sheet.column_names, key=sheet.column_names.count)!r} stands twice")
    try:
        paths = sheet["path"].combine_chunks().cast(pa.string())
    except pa.ArrowException as error:
        raise ValueError(f"{name}: column path is not text ({error})") from error
    mask = functools.reduce(pc.or_, (pc.fill_null(pc.starts_with(paths, prefix), False) for prefix in originals))
    sheet, paths = sheet.filter(mask), paths.filter(mask)
    if not len(paths):
        raise ValueError(f"{path} has no row for config {config}: no path begins with {' or '.join(originals)}")
    origins = pc.binary_join_element_wise(f"{name} row", pa.array(numbers).filter(mask).cast(pa.string()), " ")
    for start in range(0, len(paths), 4096):  # so many as objects at a time: all of a million would fill memory
        for place, given in enumerate(paths[start : start + 4096].to_pylist(), start):
            if problem := path_problem(given):
                raise ValueError(f"{origins[place]}: path {given!r} {problem}")

    files = pc.replace_substring_regex(paths, "^[^/]+/", "")
    columns = {"split": _splits(sheet, origins), "file": files, "origin": origins}
    claim = "sha256_cropped" if config.endswith("cropped") else "sha256"
    columns["claimed_sha256"] = _column(sheet, pa.field(claim, pa.string()), origins)
    for field in FACE_FEATURES.arrow_schema:
        if field.name == "image_id":
            columns[field.name] = pc.replace_substring_regex(files, r"^.*/|\.[^./]*$", "")
        elif field.name == "emotion":
            columns[field.name] = _labels(sheet["emotion"], origins)
        elif field.name not in ("image", "sha256"):
            columns[field.name] = _column(sheet, field, origins)
    for column in ("valence", "arousal"):
        within = pc.fill_null(pc.less_equal(pc.abs(columns[column]), 1.0), False)  # a null and NaN are not within
        _refuse(within, columns[column], column, "is not a number from -1 to 1", origins)
    return pa.table(columns)


def _refuse(good: pa.Array, values: Any, column: str, problem: str, origins: pa.Array) -> None:
    if (first := pc.index(good, False).as_py()) >= 0:
        raise ValueError(f"{origins[first]}: {column} {values[first].as_py()!r} {problem}")


def _splits(sheet: pa.Table, origins: pa.Array) -> pa.Array:
    if "split" not in sheet.column_names:
        return pa.array(["train"] * sheet.num_rows)
    splits = _cast(sheet["split"].combine_chunks(), pa.string(), "split", origins)
    _refuse(pc.is_in(splits, pa.array(SPLITS)), splits, "split", f"is none of {', '.join(SPLITS)}", origins)
    return splits


def _labels(emotions: pa.ChunkedArray, origins: pa.Array) -> pa.Array:
    emotions = _cast(emotions.combine_chunks(), pa.string(), "emotion", origins)
    indices = pc.index_in(emotions, pa.array(EMOTIONS))
    _refuse(pc.is_valid(indices), emotions, "emotion", f"is none of {', '.join(EMOTIONS)}", origins)
    return indices.cast(pa.int64())


def _column(sheet: pa.Table, field: pa.Field, origins: pa.Array) -> pa.Array:
    """Return a column of the sheet as the type that the dataset publishes; a column that is not there is all null."""
    if field.name not in sheet.column_names:
        return pa.nulls(sheet.num_rows, field.type)
    values = sheet[field.name].combine_chunks()
    if field.name == "face_box":
        return _boxes(values, field.type, origins)
    return _cast(values, field.type, field.name, origins)


def _cast(values: pa.Array, target: pa.DataType, column: str, origins: pa.Array) -> pa.Array:
    try:
        return values.cast(target)
    except pa.ArrowException:
        if len(values) > 1:  # halve until the first cell at fault is alone
            half = len(values) // 2
            _cast(values[:half], target, column, origins[:half])
            _cast(values[half:], target, column, origins[half:])
        raise ValueError(f"{origins[0]}: {column} {values[0].as_py()!r} is not of type {target}") from None


def _boxes(values: pa.Array, target: pa.DataType, origins: pa.Array) -> pa.Array:
    boxes = []
    for place, value in enumerate(values.to_pylist()):
        try:
            boxes.append(parse_box(value))
        except ValueError as error:
            raise ValueError(f"{origins[place]}: {error}") from None
    return pa.array(boxes, target)


def parse_box(value: str | list[float] | None) -> list[float] | None:
    """Return a cell of `face_box` as [x, y, width, height], in pixels of the original. Raises ValueError."""
    if value is None:
        return None
    try:
        box = [float(number) for number in (value.split() if isinstance(value, str) else value)]
    except (TypeError, ValueError):
        box = []
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise ValueError(f"face_box {value!r} is not four numbers 'x y width height'")
    return box


# --- EmoNet-Face, as upstream ships it ------------------------------------------------------------------------------


class ImageNames:
    """The images of an EmoNet folder under the names that annotations use: with or without folder and ending."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._files: dict[str, list[str]] = {}
        for entry in entries:
            if not entry.problem and entry.name.lower().endswith(IMAGE_SUFFIXES):
                base = entry.name.rsplit("/", 1)[-1]
                for known_as in {entry.name, entry.name.rsplit(".", 1)[0], base, base.rsplit(".", 1)[0]}:
                    self._files.setdefault(known_as, []).append(entry.name)

    def find(self, name: str) -> str:
        """Return the file that `name` stands for. Raises ValueError for a name that is unsafe, unknown or ambiguous."""
        if problem := path_problem(name):
            raise ValueError(f"image {name!r} {problem}")
        found = self._files.get(name, [])
        if len(found) != 1:
            raise ValueError(f"image {name!r} " + (f"may be {' or '.join(found)}" if found else "is missing"))
        return found[0]


@dataclass(frozen=True)
class Annotation:
    """One line of what upstream ships: where it stands, which image it speaks of, and what it says or what is wrong."""

    origin: str
    image: str
    says: dict[str, Any]
    problem: str | None = None


def read_annotations(kind: str, folder: RawFolder) -> Iterator[Annotation]:
    """Yield the annotations of an EmoNet folder in their order; what is wrong with one is in its `problem`.

    Raises FileNotFoundError or ValueError where the file of annotations itself is missing or cannot be read.
    """
    if kind == "big":
        yield from _model_annotations(folder)
        return
    name, numbers, table = _only_csv(
        folder, ("path", "value", "emotion") if kind == "binary" else ("image", "annotations")
    )
    if kind == "binary":
        for alias, known in EMONET_ALIASES.items():
            if count := pc.sum(pc.equal(table["emotion"], alias)).as_py():
                logger.warning("%s: %d annotations of %r are read as %r", name, count, alias, known)
    for number, row in zip(numbers, table.to_pylist()):  # noqa: B905
        image, annotator = row["path" if kind == "binary" else "image"] or "", row["annotator"]
        if str(row.get("human") or "true").strip().lower() not in ("true", "1", "yes"):
            continue  # a model's rating among those of people
        says: dict[str, Any] = {"annotator": annotator}
        try:
            if kind == "binary":
                says |= {"emotion": emonet_label(row["emotion"]), "present": _boolean(row["value"])}
            else:
                says["ratings"] = _ratings(_literal(row["annotations"]))
            problem = None if annotator else "annotator is missing"
        except ValueError as error:
            problem = str(error)
        yield Annotation(f"{name} row {number}", image, says, problem)


def _only_csv(folder: RawFolder, columns: tuple[str, ...]) -> tuple[str, Sequence[int], pa.Table]:
    names = [entry.name for entry in folder.entries() if "/" not in entry.name and entry.name.endswith(".csv")]
    names = [name for name in names if not name.startswith("metadata.")]
    if len(names) != 1:
        raise FileNotFoundError(
            f"{folder.path} must hold one CSV of annotations, but holds {', '.join(names) or 'none'}"
        )
    content = folder.read(names[0])
    table = read_table(names[0], content)
    if missing := [column for column in (*columns, "annotator") if column not in table.column_names]:
        raise ValueError(f"{folder.path}/{names[0]} has no column {', '.join(missing)}")
    if twice := sorted({column for column in table.column_names if table.column_names.count(column) > 1}):
        raise ValueError(f"{folder.path}/{names[0]} has more than one column {', '.join(twice)}")
    return names[0], row_numbers(names[0], content, table.num_rows), table


def _model_annotations(folder: RawFolder) -> Iterator[Annotation]:
    for entry in folder.entries():
        if entry.problem or not entry.name.endswith(".json"):
            continue
        try:
            document = json.loads(folder.read(entry.name))
            *_, model, image = document["key"]
            says = {"annotator": str(model), "ratings": _ratings(document["value"])}
            f"{model}{image}".encode()  # JSON can say what is no text
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            problem = f"is not of the form {{'key': [..., model, file], 'value': {{'Group|Emotion': 0..7}}}} ({error})"
            yield Annotation(entry.name, "", {}, problem)
        else:
            yield Annotation(entry.name, str(image), says)


def emonet_label(name: str | None) -> int:
    """Return the index of a category of EmoNet-Face, by its name or its alias. Raises ValueError with the name."""
    index = _EMONET_INDEX.get(name or "")
    if index is None:
        raise ValueError(f"emotion {name!r} is none of the 40 categories")
    return index


def _boolean(text: Any) -> bool:
    values = {"true": True, "false": False}
    if (value := values.get(str(text).strip().lower())) is None:
        raise ValueError(f"value {text!r} is neither True nor False")
    return value


def _literal(text: str | None) -> Any:
    try:
        return ast.literal_eval(text or "")
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise ValueError(f"annotations {(text or '')[:60]!r} is not a Python literal of ratings") from None


def _ratings(given: Any) -> dict[str, float]:
    """Return all 40 ratings; an emotion that is not named was not seen, which the scale calls 0."""
    if not isinstance(given, dict):
        raise ValueError(f"ratings are not a mapping of emotions to numbers: {str(given)[:60]!r}")
    ratings: dict[str, float] = {}
    for key, value in given.items():
        group, _, emotion = str(key).rpartition("|")
        if group == "Extra Dimensions":
            continue
        name = EMONET_EMOTIONS[emonet_label(emotion)]
        if name in ratings:
            raise ValueError(f"{name} is rated twice")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_RATING:
            raise ValueError(f"rating {value!r} of {emotion} is not a number from 0 to 7")
        ratings[name] = float(value)
    return {name: ratings.get(name, 0.0) for name in EMONET_EMOTIONS}


def _emonet_rows(kind: str, folder: RawFolder) -> pa.Table:
    entries = folder.entries()
    images, side = ImageNames(entries), _side_file(folder, entries)
    rows: dict[str, dict[str, Any]] = {}
    for annotation in read_annotations(kind, folder):
        try:
            if annotation.problem:
                raise ValueError(annotation.problem)
            file = images.find(annotation.image)
        except ValueError as error:
            raise ValueError(f"{folder.path}: {annotation.origin}: {error}") from None
        if file not in rows:
            base = file.rsplit("/", 1)[-1]
            row = {"split": "test" if kind == "hq" else "train", "file": file, "origin": annotation.origin}
            rows[file] = {**row, "image_id": base.rsplit(".", 1)[0], **side.get(base, {}), "annotations": []}
        rows[file]["annotations"].append(annotation.says)
    if not rows:
        raise ValueError(f"{folder.path} holds no annotation")
    schema = pa.schema([(name, pa.string()) for name in _INDEX_COLUMNS])
    for field in FEATURES[kind].arrow_schema:
        schema = schema if field.name == "image" else schema.append(field)
    return pa.Table.from_pylist(list(rows.values()), schema)


def _side_file(folder: RawFolder, entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Return prompt and demographics by file name, from `metadata.csv` or `.parquet` where there is one."""
    names = [entry.name for entry in entries if entry.name in ("metadata.csv", "metadata.parquet")]
    side: dict[str, dict[str, Any]] = {}
    for name in names:
        content = folder.read(name)
        rows = read_table(name, content).to_pylist()
        for number, row in zip(row_numbers(name, content, len(rows)), rows):  # noqa: B905
            text = {column: None if value is None else str(value) for column, value in row.items()}
            age = text.get("age")
            if not text.get("file_name") or not (age is None or re.fullmatch(r"\d{1,3}(\.0)?", age)):
                problem = f"no file_name, or age {age!r} is no number of years"
                raise ValueError(f"{folder.path}/{name} row {number}: {problem}")
            demographics: dict[str, Any] = {"ethnicity": text.get("ethnicity"), "gender": text.get("gender")}
            demographics["age"] = None if age is None else int(float(age))
            key = str(text["file_name"]).rsplit("/", 1)[-1]
            side[key] = {"prompt": text.get("prompt"), "demographics": demographics}
    return side


# --- the builder ----------------------------------------------------------------------------------------------------


class DiffusionFER(datasets.GeneratorBasedBuilder):
    """DiffusionFER and EmoNet-Face from raw files: `DiffusionFER(config_name="small_cropped", data_dir="...")`."""

    VERSION = datasets.Version(VERSION)
    BUILDER_CONFIGS = [  # noqa: RUF012
        datasets.BuilderConfig(name=subset.name, version=VERSION, description=subset.description)
        for subset in SUBSETS.values()
    ]
    DEFAULT_CONFIG_NAME = DEFAULT_CONFIG

    def _info(self) -> datasets.DatasetInfo:
        subset = SUBSETS[self.config.name]
        features = FEATURES[subset.kind]
        return datasets.DatasetInfo(description=subset.description, features=features, homepage=HOMEPAGE)

    @functools.cached_property
    def _index(self) -> Index:
        if not self.config.data_dir:
            raise ValueError(
                f"config {self.config.name} is read from raw files: give data_dir=, a folder that holds "
                f"{' or '.join(SUBSETS[self.config.name].folders)}. The published dataset needs no raw files: "
                f'load_dataset("FER-Universe/DiffusionFER", "{self.config.name}")'
            )
        return read_index(self.config.name, self.config.data_dir)

    def __getstate__(self) -> dict[str, Any]:
        # What was read, an open zip among it, stays in this process: a worker reads its own.
        return {name: value for name, value in self.__dict__.items() if name != "_index"}

    def _download_and_prepare(self, *arguments: Any, **options: Any) -> None:
        # The card beside this file, or an older cache, gives the numbers of rows of another state of the data.
        self.info.splits = None
        super()._download_and_prepare(*arguments, **options)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        generators = []
        for split in self._index.splits():
            rows = self._index.rows(split).num_rows
            size = max(ROWS_A_CHUNK, -(-rows // MAX_CHUNKS))
            # The only list among the arguments, for datasets divides lists among processes and stream workers.
            chunks = [(start, min(start + size, rows)) for start in range(0, rows, size)]
            generators.append(datasets.SplitGenerator(name=split, gen_kwargs={"split": split, "chunks": chunks}))
        return generators

    def _generate_examples(self, split: str, chunks: list[tuple[int, int]]) -> Iterator[tuple[str, dict[str, Any]]]:
        rows, folder = self._index.rows(split), self._index.folder
        for start, stop in chunks:
            for row in rows.slice(start, stop - start).to_pylist():
                _, file, origin, _ = (row.pop(name) for name in _INDEX_COLUMNS)
                try:
                    content = folder.read(file)
                except FileNotFoundError:
                    raise FileNotFoundError(f"{origin}: {file} is not in {folder.path}") from None
                # The bytes, not the path: an image that is given by its path has no bytes in the Arrow cache.
                row["image"] = {"path": file.rsplit("/", 1)[-1], "bytes": content}
                if "sha256" in self.info.features:
                    row["sha256"] = hashlib.sha256(content).hexdigest()
                yield file, row
