"""A network with the form of YuNet and a plain idea of a face, in place of weights that only the Hub has.

It takes what is bright for a face: of each cell of 8, 16 and 32 pixels it tells the mean brightness as the confidence
and a box of its size around its upper left corner. So OpenCV's FaceDetectorYN runs whole, from the file to the boxes.
"""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

# Written with onnx 1.23.2: a convolution to grey, a mean over each cell, and the twelve outputs that YuNet has, those
# of boxes and landmarks all zeros. 1,933 bytes.
PACKED = (
    "eNqNlUtv00AUhT1+xMNtBWYkUEh5hCChygLSJBUKXZl0lxVCiAWbKi5WGxpsy3Yb2CF+CXt+JNx52HVjx64lRxqfc+89ni+ZUPvo9z0YgrUM48"
    "sMyJp1/GR5dp4NzOMovHIfwO5FkITB6iQ9X8SBRzzyh9gwA2Vjejwd7Ly/CpLFWfAhilaVCupRrHAdsNMsWX4NUvUEXgLWMj2bDu58ShZhGkdp"
    "4N4HMw6S757m6Z4hZ3UBPaCnI2adrtKT6cD+GIjWZSXyv5WV17w36OtDfB0/+nE6bX6dN6Bs0t4a6QkoHw5XI6rTjfXogFkXcdo2/RVIlzC3zn"
    "4M0gZGqvqXRx8XYIx49LaZjOM5G2TkE9gHXsyMDDs0h+kBNwkEHQ4HC4ooZY3jKWtDMUEAssXOo9i4RweQ+2RBe7RnkBsFJLGoyyAwdTiAtgz4"
    "LZE2YW9P8BSUT6LiixsByqwm42ZWfa+/wUo+EawmY2SFHdpZTcbXrLDgBqtc46zK2lBMKLFC8VasMJZE0BotZyUi5KxqMlyzasugWGEEwaA1gW"
    "LFZxSsSgGY9fMyDDJ3jxJq4E0cMiPr+S75/Pcov90BNRx7hns47xJNXv/Ula/dPjV5uWiAOzp3tI2r6HJY7WLmnncUii58T+b72i0v94Voz1+y"
    "2h/U+stz9X/AuvCQEsZApwRvAwz6yxIf/iOQpzFz4C5aQFg0/un3QJ0F2zXkUtWwpTjG68vkEbJdq23ZA3U4VzTT34P8TGgQa7qaPKg4disS8I"
    "HyZ75dq2kJMxM0Z+c/JbGpRg=="
)


def write_yunet(path: Path) -> Path:
    """Write the network as a file of weights."""
    path.write_bytes(zlib.decompress(base64.b64decode(PACKED)))
    return path


def spots(size: tuple[int, int], *corners: tuple[int, int]) -> Image.Image:
    """Return a black picture with white squares of 64 pixels, given by their upper left corners."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y in corners:
        pixels[y : y + 64, x : x + 64] = 255
    return Image.fromarray(pixels)
