"""Prompts as the web UI reads them: weights such as "(bad anatomy:1.21)", and prompts longer than CLIP's 77 tokens.

`diffusers` reads neither: it would take "(worst quality:2)" for words and cut the published negative prompt at its 77th
token. So the prompt is embedded here as the web UI documents it (wiki, "Features": "Attention/emphasis" and "Infinite
prompt length") and handed to the pipeline as vectors: pieces of 75 tokens, each embedded by itself and laid end to end;
the vectors of a token are multiplied by its weight, and the piece is scaled back to its former mean.
"""

from __future__ import annotations

import re
from typing import Any

PIECE = 75  # tokens, beside the start and the end
BACKTRACK = 20  # tokens: a piece rather ends at a comma that is so near to its end
UP, DOWN = 1.1, 1 / 1.1  # what a pair of brackets multiplies by: round ones, square ones
_TOKEN = re.compile(r"\\[\\()\[\]]|[(\[\])]|:\s*(?P<weight>\+?(?:\d+\.?\d*|\.\d+))\s*\)|[^\\()\[\]:]+|[\\:]")


def weighted(prompt: str) -> list[tuple[str, float]]:
    r"""Return the parts of a prompt with their weights.

    >>> weighted("a (b:1.5), ((c)) \\(d\\)")
    [('a ', 1.0), ('b', 1.5), (', ', 1.0), ('c', 1.2100000000000002), (' (d)', 1.0)]
    """
    parts: list[tuple[str, float]] = []
    round_, square = list[int](), list[int]()

    def weigh(start: int, weight: float) -> None:
        parts[start:] = [(text, before * weight) for text, before in parts[start:]]

    for match in _TOKEN.finditer(prompt):
        text = match[0]
        if text == "(":
            round_.append(len(parts))
        elif text == "[":
            square.append(len(parts))
        elif match["weight"] and round_:
            weigh(round_.pop(), float(match["weight"]))
        elif text == ")" and round_:
            weigh(round_.pop(), UP)
        elif text == "]" and square:
            weigh(square.pop(), DOWN)
        else:
            parts.append((text[1:] if len(text) == 2 and text[0] == "\\" else text, 1.0))
    for start in round_:  # a bracket that is not closed reaches to the end
        weigh(start, UP)
    for start in square:
        weigh(start, DOWN)
    merged: list[tuple[str, float]] = []
    for text, weight in parts:
        if merged and merged[-1][1] == weight:
            merged[-1] = (merged[-1][0] + text, weight)
        else:
            merged.append((text, weight))
    return merged


def unweighted(prompt: str) -> str:
    """Return a prompt without its weights and brackets, as CLIP is asked how well a picture shows it."""
    return " ".join("".join(text for text, _ in weighted(prompt)).split())


def pieces(prompt: str, tokenizer: Any) -> list[list[tuple[int, float]]]:
    """Return the tokens of a prompt with their weights, in pieces of at most 75; an empty prompt has an empty piece."""
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    out: list[list[tuple[int, float]]] = [[]]
    for text, weight in weighted(prompt):
        for token in tokenizer(text, add_special_tokens=False, truncation=False).input_ids:
            if len(out[-1]) == PIECE:
                commas = [place for place, (known, _) in enumerate(out[-1]) if known == comma]
                cut = commas[-1] + 1 if commas and PIECE - commas[-1] <= BACKTRACK and token != comma else PIECE
                out.append(out[-1][cut:])
                del out[-2][cut:]
            out[-1].append((token, weight))
    return out


def embed(parts: list[list[tuple[int, float]]], tokenizer: Any, encoder: Any) -> Any:
    """Return the vectors of a prompt's pieces: a tensor of 1 x (77 * pieces) x (the encoder's width)."""
    import torch

    vectors = []
    for part in parts:
        padding = PIECE - len(part)
        tokens = [tokenizer.bos_token_id, *(token for token, _ in part), tokenizer.eos_token_id]
        found = encoder(torch.tensor([tokens + [tokenizer.pad_token_id] * padding], device=encoder.device))[0]
        weights = [1.0, *(weight for _, weight in part), *[1.0] * (padding + 1)]
        if any(weight != 1 for weight in weights):
            scaled = found * torch.tensor(weights, device=found.device, dtype=found.dtype)[None, :, None]
            found = scaled * (found.float().mean() / scaled.float().mean()).to(found.dtype)
        vectors.append(found)
    return torch.cat(vectors, dim=1)
