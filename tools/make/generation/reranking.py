"""How well a picture shows its prompt, by CLIP: 100 times the cosine of the two embeddings.

That is the logit of an image and a text as CLIP defines it with its temperature at the bound of 100 (Radford et al.
2021, section 2.5), and CLIPScore (Hessel et al. 2021) but for a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


class Reranker:
    """A CLIP model of a folder, on a device. Raises what `from_pretrained` raises where the folder has none."""

    def __init__(self, folder: Path, device: str, revision: str = "") -> None:
        from transformers import CLIPModel, CLIPProcessor

        loaded: Any = CLIPModel.from_pretrained(folder, local_files_only=True)
        self.model = loaded.to(device).eval()
        self.processor: Any = CLIPProcessor.from_pretrained(folder, local_files_only=True)
        self.device, self.revision = device, revision

    def scores(self, prompt: str, images: Sequence[Image.Image]) -> list[float]:
        """Return the score of each image for a prompt, of which CLIP reads the first 77 tokens."""
        import torch

        given = self.processor(text=[prompt], images=list(images), return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            found = self.model(**given.to(self.device))
            pictures = torch.nn.functional.normalize(found.image_embeds.float(), dim=-1)
            text = torch.nn.functional.normalize(found.text_embeds.float(), dim=-1)
            return [100 * float(cosine) for cosine in (pictures @ text.T)[:, 0]]
