"""AlexNet and ResNet-18 are the published ones: names, shapes, work, and where weights come from."""

from __future__ import annotations

import io
import itertools
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from tools.train import checkpoint
from tools.train.checkpoint import load_state
from tools.train.encoders import ENCODERS, AlexNet, Encoder, ResNet18, encoder, read_state

# torchvision's own names and shapes of the weights (its state dicts alexnet-owt-7be5be79 and resnet18-f37072fd)
ALEXNET = {
    "features.0": (64, 3, 11, 11),
    "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3),
    "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096),
    "classifier.6": (1000, 4096),
}


def resnet18_names() -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the parameters of torchvision's ResNet-18."""
    found: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7), "bn1.weight": (64,), "bn1.bias": (64,)}
    channels = 64
    for layer, out in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            at = f"layer{layer}.{block}"
            found[f"{at}.conv1.weight"] = (out, channels if block == 0 else out, 3, 3)
            found[f"{at}.conv2.weight"] = (out, out, 3, 3)
            found |= {f"{at}.bn{k}.{part}": (out,) for k in (1, 2) for part in ("weight", "bias")}
            if block == 0 and out != channels:
                found[f"{at}.downsample.0.weight"] = (out, channels, 1, 1)
                found |= {f"{at}.downsample.1.{part}": (out,) for part in ("weight", "bias")}
        channels = out
    return found | {"fc.weight": (1000, 512), "fc.bias": (1000,)}


def test_names_and_shapes_are_those_of_torchvision() -> None:
    """Every parameter has torchvision's name and shape, and there is no other; nor is there another statistic."""
    names = {name: tuple(value.shape) for name, value in AlexNet(1000).named_parameters()}
    assert names == {f"{at}.weight": shape for at, shape in ALEXNET.items()} | {
        f"{at}.bias": shape[:1] for at, shape in ALEXNET.items()
    }
    network = ResNet18(1000)
    assert {name: tuple(value.shape) for name, value in network.named_parameters()} == resnet18_names()
    norms = [name.removesuffix(".bias") for name in resnet18_names() if "bn" in name or "downsample.1" in name]
    statistics = {f"{norm.removesuffix('.weight')}.{part}" for norm in norms for part in STATISTICS}
    assert {name for name, _ in network.named_buffers()} == statistics


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize(("network", "count"), [(AlexNet, 61_100_840), (ResNet18, 11_689_512)])
def test_number_of_parameters(network: type[AlexNet] | type[ResNet18], count: int) -> None:
    """With 1,000 classes there are as many as torchvision documents."""
    assert sum(value.numel() for value in network(1000).parameters()) == count


@pytest.mark.parametrize(("network", "billions"), [(AlexNet, 0.714), (ResNet18, 1.814)], ids=["alexnet", "resnet18"])
def test_work_for_a_picture(network: type[AlexNet] | type[ResNet18], billions: float) -> None:
    """A picture of 224 pixels takes as many multiplications as torchvision documents: strides and paddings fit."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        logits = network(1000).eval()(torch.empty(1, 3, 224, 224))
    assert logits.shape == (1, 1000)
    assert counter.get_total_flops() / 2e9 == pytest.approx(billions, abs=0.0006)


@pytest.mark.parametrize(("name", "width"), [("alexnet", 4096), ("resnet18", 512)])
def test_features(name: str, width: int) -> None:
    """An encoder gives `width` features a picture, has no layer of classes, and is exported for any number of rows."""
    made = encoder(name).eval()
    assert made.width == width
    with torch.no_grad():
        features = made(torch.zeros(2, 3, 224, 224))
    assert features.shape == (2, width)
    assert not [key for key in made.state_dict() if key.startswith(("classifier.6", "fc"))]
    rows = torch.export.Dim("rows", min=1, max=64)
    exported = torch.export.export(made, (torch.zeros(2, 3, 224, 224),), dynamic_shapes=((rows,) + (None,) * 3,))
    (output,) = [node for node in exported.graph.nodes if node.op == "output"]
    shape = output.args[0][0].meta["val"].shape
    assert shape[1] == width
    assert not isinstance(shape[0], int)  # a symbol, not the two of the example


def alexnet_features(state: dict[str, Tensor], images: Tensor) -> Tensor:
    """Return the features of AlexNet as in the paper: convolutions, ReLU, maxima over 3 x 3; two dense layers."""
    for name, stride, padding, pooled in (
        ("0", 4, 2, 1),
        ("3", 1, 2, 1),
        ("6", 1, 1, 0),
        ("8", 1, 1, 0),
        ("10", 1, 1, 1),
    ):
        weight, bias = (state[f"features.{name}.{part}"] for part in ("weight", "bias"))
        images = functional.conv2d(images, weight, bias, stride, padding).relu()
        images = functional.max_pool2d(images, 3, 2) if pooled else images
    rows = images.flatten(1)  # of 6 x 6 already
    for name in ("1", "4"):
        rows = functional.linear(rows, state[f"classifier.{name}.weight"], state[f"classifier.{name}.bias"]).relu()
    return rows


def resnet18_features(state: dict[str, Tensor], images: Tensor) -> Tensor:
    """Return the features of ResNet-18 as in the paper: ReLU behind each batch norm, in a block behind the sum."""

    def normed(rows: Tensor, convolution: str, norm: str, stride: int, padding: int) -> Tensor:
        rows = functional.conv2d(rows, state[f"{convolution}.weight"], None, stride, padding)
        mean, variance, scale, shift = (
            state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(rows, mean, variance, scale, shift)

    rows = functional.max_pool2d(normed(images, "conv1", "bn1", 2, 3).relu(), 3, 2, 1)
    for layer, block in itertools.product((1, 2, 3, 4), (0, 1)):
        at, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
        inner = normed(rows, f"{at}.conv1", f"{at}.bn1", stride, 1).relu()
        shortcut = normed(rows, f"{at}.downsample.0", f"{at}.downsample.1", 2, 0) if stride == 2 else rows
        rows = (normed(inner, f"{at}.conv2", f"{at}.bn2", 1, 1) + shortcut).relu()
    return rows.mean((2, 3))


@pytest.mark.parametrize(
    ("network", "expected"),
    [(AlexNet, alexnet_features), (ResNet18, resnet18_features)],
    ids=["alexnet", "resnet18"],
)
def test_features_are_those_of_the_paper(
    network: type[Encoder], expected: Callable[[dict[str, Tensor], Tensor], Tensor]
) -> None:
    """Layers act in the order of the papers: what is written out by the names of the weights gives the same."""
    torch.manual_seed(0)
    made, images = network().eval(), torch.randn(1, 3, 224, 224)
    state = made.state_dict()
    for name, value in state.items():
        if value.is_floating_point() and (".bn" in name or "downsample.1" in name or name.startswith("bn1")):
            value.add_(torch.rand(value.shape))
    with torch.no_grad():
        found, features = made(images), expected(state, images)
    assert features.abs().max() > 0.001
    assert torch.allclose(found, features, rtol=1e-3, atol=1e-4 * features.abs().max().item())


def test_alexnet_drops_before_either_layer() -> None:
    """Half of the inputs of both dense layers, and of nothing else."""
    layers = [type(layer).__name__ for layer in AlexNet().classifier]
    assert layers == ["Dropout", "Linear", "ReLU"] * 2
    assert {layer.p for layer in AlexNet().modules() if isinstance(layer, nn.Dropout)} == {0.5}


def test_first_weights() -> None:
    """AlexNet starts uniform in +-1/sqrt(fan in), ResNet-18 normal with variance 2 / fan out, norms at one and zero."""
    torch.manual_seed(0)
    network = AlexNet()
    for name, value in network.named_parameters():
        layer = network.get_parameter(name.replace("bias", "weight"))
        bound = 1 / math.sqrt(layer[0].numel())
        assert value.abs().max() <= bound
        assert value.abs().max() > 0.9 * bound
    for name, value in ResNet18().named_parameters():
        if value.dim() == 4:
            fan_out = value.shape[0] * value.shape[2] * value.shape[3]
            assert value.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
        else:
            assert (value == (1 if name.endswith("weight") else 0)).all()


@pytest.mark.parametrize("name", list(ENCODERS))
def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    """Two encoders made after the same seed are equal to the bit."""
    made = []
    for _ in range(2):
        torch.manual_seed(7)
        made.append(encoder(name).state_dict())
    assert all(torch.equal(value, made[1][key]) for key, value in made[0].items())


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_published_weights_load(tmp_path: Path, ending: str) -> None:
    """A state dict with 1,000 classes fills the encoder, whichever of the two formats it has."""
    state, file = ResNet18(1000).state_dict(), tmp_path / f"resnet18{ending}"
    save_file(state, file) if ending == ".safetensors" else torch.save(state, file)
    loaded = encoder("resnet18", file).state_dict()
    assert loaded.keys() == state.keys() - {"fc.weight", "fc.bias"}
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())


def test_weights_from_before_norms_counted(tmp_path: Path) -> None:
    """The first ResNet-18 of torchvision (5c106cde) has no num_batches_tracked, and loads all the same."""
    state = {key: value for key, value in ResNet18(1000).state_dict().items() if "tracked" not in key}
    save_file(state, tmp_path / "old.safetensors")
    assert torch.equal(
        encoder("resnet18", tmp_path / "old.safetensors").state_dict()["conv1.weight"], state["conv1.weight"]
    )


class Refused:
    """What runs something when it is unpickled."""

    def __reduce__(self) -> tuple[type[FileNotFoundError], tuple[str]]:
        return FileNotFoundError, ("ran",)


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    """Each says in one line which file it is and what is wrong with it; nothing in it is run."""
    with pytest.raises(ValueError, match=r"^there is no encoder 'vgg'; there are alexnet, resnet18$"):
        encoder("vgg")
    with pytest.raises(FileNotFoundError):
        encoder("alexnet", tmp_path / "absent.safetensors")
    other, noise, listed, pickled = (tmp_path / name for name in ("o.safetensors", "n.safetensors", "l.pth", "p.pth"))
    save_file({"features.0.weight": torch.zeros(1)}, other)
    with pytest.raises(
        ValueError, match=r"o\.safetensors: no weights of alexnet: Missing key\(s\) .*features\.0\.bias.*"
    ):
        encoder("alexnet", other)
    noise.write_bytes(b"noise, not weights")
    with pytest.raises(ValueError, match=r"n\.safetensors: this is no file of weights: .+"):
        encoder("alexnet", noise)
    torch.save([1, 2], listed)
    with pytest.raises(ValueError, match=r"l\.pth: this is no state dict: expected tensors by name$"):
        encoder("alexnet", listed)
    torch.save(Refused(), pickled)
    with pytest.raises(ValueError, match=r"p\.pth: this is no file of weights: .+"):
        encoder("alexnet", pickled)


def saved(zipped: bool) -> bytes:
    """Return a small state as torch.save writes it, or as it did before it wrote archives."""
    content = io.BytesIO()
    state = {"format": checkpoint.FORMAT, "weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2)}
    torch.save(state, content, _use_new_zipfile_serialization=zipped)
    return content.getvalue()


def other_archive() -> bytes:
    """Return an archive in which there is something else."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "no weights")
    return content.getvalue()


ZIPPED, OLD = saved(zipped=True), saved(zipped=False)
DAMAGED = {
    "empty": b"",
    "text": b"no weights",
    "page": b"<!DOCTYPE html><title>404</title>",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "archive of something else": other_archive(),
    "archive that begins": ZIPPED[:3],
    "half of an archive": ZIPPED[: len(ZIPPED) // 2],
    "archive without its last byte": ZIPPED[:-1],
    "names that are no UTF-8": ZIPPED.replace(b"weight", b"weigh\xff"),
    "zeros": bytes(len(ZIPPED)),
    "old file that begins": OLD[:20],
    "half of an old file": OLD[: len(OLD) // 2],
    "old file without its last byte": OLD[:-1],
    "old names that are no UTF-8": OLD.replace(b"weight", b"weigh\xff"),
}
readers = pytest.mark.parametrize("reader", [read_state, load_state], ids=lambda of: of.__name__)


def refused(reader: Callable[[Path], dict[str, Any]], path: Path) -> None:
    """Assert that a file is refused in one line that begins with its name and says something of it."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        reader(path)
    assert type(caught.value) is ValueError  # not what PyTorch raised
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@readers
@pytest.mark.parametrize("damage", list(DAMAGED))
def test_damaged_files(reader: Callable[[Path], dict[str, Any]], damage: str, tmp_path: Path) -> None:
    """Whatever PyTorch raises of a file, which is of many kinds, the file is named."""
    path = tmp_path / "weights.pth"
    path.write_bytes(DAMAGED[damage])
    refused(reader, path)


@readers
@given(content=st.sampled_from([ZIPPED, OLD]), part=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60)
def test_files_that_were_cut_off(
    reader: Callable[[Path], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, content: bytes, part: float
) -> None:
    """Wherever a download ended, the file is named."""
    path = tmp_path_factory.getbasetemp() / "cut.pth"
    path.write_bytes(content[: int(len(content) * part)])
    refused(reader, path)


@readers
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@given(content=st.sampled_from([ZIPPED, OLD]), part=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@settings(max_examples=200, derandomize=True)
def test_files_with_another_byte(
    reader: Callable[[Path], dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    part: float,
    byte: int,
) -> None:
    """One byte is another: the file is named, or is read all the same, where it is a byte of a number or of a name."""
    path, place = tmp_path_factory.getbasetemp() / "garbled.pth", int(len(content) * part)
    path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
    try:
        found = reader(path)
    except ValueError:
        refused(reader, path)
    else:
        assert isinstance(found, dict)
