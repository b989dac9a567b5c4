"""How well a picture shows its prompt, by CLIP: 100 times the cosine of the two embeddings.

That is the logit of an image and a text as CLIP defines it with its temperature at the bound of 100 (Radford et al.
2021, section 2.5), and CLIPScore (Hessel et al. 2021) but for a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


class Reranker:
    """A CLIP model on a device. Raises what `from_pretrained` raises where there is no such model."""

    def __init__(self, model: str, device: str) -> None:
        from transformers import CLIPModel, CLIPProcessor

        loaded: Any = CLIPModel.from_pretrained(model)
        self.model = loaded.to(device).eval()
        self.processor: Any = CLIPProcessor.from_pretrained(model)
        self.device = device
        self.revision = str(getattr(self.model.config, "_commit_hash", None) or "")

    def scores(self, prompt: str, images: Sequence[Image.Image]) -> list[float]:
        """Return the score of each image for a prompt, of which CLIP reads the first 77 tokens."""
        import torch

        given = self.processor(text=[prompt], images=list(images), return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            found = self.model(**given.to(self.device))
            pictures = torch.nn.functional.normalize(found.image_embeds.float(), dim=-1)
            text = torch.nn.functional.normalize(found.text_embeds.float(), dim=-1)
            return [100 * float(cosine) for cosine in (pictures @ text.T)[:, 0]]
