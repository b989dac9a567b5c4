"""The weights of YuNet: OpenCV's file on the Hub at one revision, and never another file than the one that is meant."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.make.faces.detectors import DetectorError

REPO = "opencv/face_detection_yunet"
FILE = "face_detection_yunet_2023mar.onnx"
REVISION = "3cc26e7f1014a5ee5d74a42acee58bafc9d0a310"
# Of the same file in OpenCV's own collection: its Git LFS pointer in github.com/opencv/opencv_zoo (232,589 bytes).
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def yunet_weights(given: Path | None = None, sha256: str = SHA256) -> Path:
    """Return the file of YuNet's weights: the one that is given, or that of the Hub, which is downloaded once.

    Its SHA-256 must be `sha256`. Raises DetectorError, in one line, where it is another file, or cannot be had.
    """
    path = given or _downloaded()
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DetectorError(f"{path} cannot be read ({error.strerror}): give the weights by --weights FILE") from None
    if found != sha256:
        way = f"download {FILE} from {REPO} again" if given else "remove it, and run it again"
        raise DetectorError(f"{path} is not {FILE}: its SHA-256 is {found}, expected {sha256}; {way}")
    return path


def _downloaded() -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(REPO, FILE, revision=REVISION))
    except Exception as error:  # of the Hub, of the network below it, of the disk
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        problem = f"{FILE} of {REPO} cannot be downloaded ({reason})"
        raise DetectorError(f"{problem}: see to the network, or give the file by --weights FILE") from None
