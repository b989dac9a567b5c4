"""The two encoders of the baselines, AlexNet and ResNet-18, in plain PyTorch: pictures in, features out.

Layers, their names and their shapes are those of torchvision, so that its published state dicts load. `encoder(name)`
gives one without the layer of 1,000 classes; its `width` says how many features a picture has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

# Of each convolution of AlexNet: channels, kernel, stride, padding, and whether the maximum is pooled behind it
# (Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv 1404.5997: one column).
ALEXNET = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)
# Of each stage of ResNet-18: channels and stride; two blocks a stage (He et al., arXiv 1512.03385, table 1).
RESNET18 = ((64, 1), (128, 2), (256, 2), (512, 2))


class Encoder(nn.Module):
    """A network that turns pictures (n, 3, height, width) into features (n, `width`)."""

    width: int


class AlexNet(Encoder):
    """AlexNet: pictures (n, 3, 224, 224) to features (n, 4096), or to logits where `classes` is given.

    Weights start as in torchvision, by PyTorch's own rule: uniform in +-1/sqrt(fan in), biases too.
    """

    width = 4096

    def __init__(self, classes: int | None = None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for out, kernel, stride, padding, pooled in ALEXNET:
            layers += [nn.Conv2d(channels, out, kernel, stride, padding), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(3, 2)] if pooled else []
            channels = out
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        dense: list[nn.Module] = []
        for inputs in (channels * 6 * 6, self.width):
            dense += [nn.Dropout(), nn.Linear(inputs, self.width), nn.ReLU(inplace=True)]
        dense += [nn.Linear(self.width, classes)] if classes else []
        self.classifier = nn.Sequential(*dense)

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.avgpool(self.features(images)).flatten(1))
        return out


class Block(nn.Module):
    """A block of ResNet-18: two convolutions of 3 x 3 beside a shortcut."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, images: Tensor) -> Tensor:
        shortcut = images if self.downsample is None else self.downsample(images)
        inner = torch.relu(self.bn1(self.conv1(images)))
        return torch.relu(self.bn2(self.conv2(inner)) + shortcut)


class ResNet18(Encoder):
    """ResNet-18: pictures (n, 3, 224, 224) to features (n, 512), or to logits where `classes` is given.

    Weights start as in torchvision: convolutions normal with variance 2 / fan out (He et al., arXiv 1502.01852), batch
    norms at one and zero, the layer of classes by PyTorch's own rule.
    """

    width = 512

    def __init__(self, classes: int | None = None) -> None:
        super().__init__()
        channels = RESNET18[0][0]
        self.conv1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for number, (out, stride) in enumerate(RESNET18, start=1):
            setattr(self, f"layer{number}", nn.Sequential(Block(channels, out, stride), Block(out, out, 1)))
            channels = out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes) if classes else nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        out = self.maxpool(torch.relu(self.bn1(self.conv1(images))))
        for number in range(1, len(RESNET18) + 1):
            out = getattr(self, f"layer{number}")(out)
        features: Tensor = self.fc(self.avgpool(out).flatten(1))
        return features


ENCODERS: dict[str, Callable[[], Encoder]] = {"alexnet": AlexNet, "resnet18": ResNet18}
CLASSES = {"alexnet": "classifier.6.", "resnet18": "fc."}  # the layer that an encoder does not have


def encoder(name: str, weights: Path | None = None) -> Encoder:
    """Return the feature extractor `name`, one of ENCODERS: random, or with published weights from a file.

    The file is a state dict as torchvision publishes it, .safetensors or what torch.save wrote; its layer of classes is
    passed over. Raises ValueError for another name and for a file that does not fit, OSError where it cannot be read.
    """
    if name not in ENCODERS:
        raise ValueError(f"there is no encoder {name!r}; there are {', '.join(ENCODERS)}")
    made = ENCODERS[name]()
    if weights is not None:
        state = {key: value for key, value in read_state(weights).items() if not key.startswith(CLASSES[name])}
        try:
            made.load_state_dict(state)
        except RuntimeError as error:
            first = str(error).splitlines()[1:2]
            raise ValueError(f"{weights}: no weights of {name}: {(first or [str(error)])[0].strip()}") from error
    return made


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a state dict by name, on the CPU. Nothing of the file is run.

    Raises OSError where it cannot be read, ValueError where it holds something else.
    """
    from safetensors.torch import load_file

    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged file makes torch.load raise whatever comes
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path}: this is no file of weights: {said}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path}: this is no state dict: expected tensors by name")
    return state
