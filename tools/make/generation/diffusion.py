"""The backend that draws with a Stable Diffusion pipeline of `diffusers`, and keeps the candidate that CLIP likes best.

Each picture has a generator of its own on the CPU, so that its noise depends on its seed alone, whatever the device and
whatever is drawn beside it. What is computed from the noise may differ in the last bits with the size of a batch.
"""

from __future__ import annotations

import functools
import io
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools.make.generation.again import all_dropped, model_of
from tools.make.generation.base import HUMAN, Backend, Batch, Made, Settings, Task
from tools.make.generation.devices import claim
from tools.make.generation.loading import load_clip, load_pipeline
from tools.make.generation.memory import Memory
from tools.make.generation.reranking import Reranker
from tools.make.generation.samplers import scheduler_of
from tools.make.generation.weighting import embed, pieces, unweighted
from tools.make.webui import PARAMETERS, write_parameters

LIBRARIES = ("torch", "diffusers", "transformers")


@dataclass
class Candidate:
    """A picture that was drawn for a task; `dropped` by the safety checker, or because it is of one colour."""

    seed: int
    image: Image.Image
    dropped: bool


class DiffusersBackend(Backend):
    """A pipeline and a CLIP model on a device, which are loaded with the first rows. Several threads may call it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock, self._notes = threading.Lock(), list[str]()

    @cached_property
    def device(self) -> str:
        """The device of this process, as torch names it."""
        return claim(self.settings.devices)

    @property
    def _precision(self) -> str:
        """The kind of number that is computed with, as torch names it: half precision on a GPU, single on a CPU."""
        return "float16" if self.device.startswith("cuda") else "float32"

    @cached_property
    def memory(self) -> Memory:
        """What is known of the device's memory."""
        return Memory(self.device, self.settings.batch, self._notes.append)

    @cached_property
    def _loaded(self) -> tuple[Any, str]:
        import torch

        model, checks = self.settings.model, self.settings.safety_checker
        with self.memory.holding(f"the model {model}"):
            pipeline, revision = load_pipeline(model, self.settings.revision)
            pipeline.to(self.device, getattr(torch, self._precision))
        if not checks and hasattr(pipeline, "safety_checker"):
            pipeline.register_modules(safety_checker=None)
        elif getattr(pipeline, "safety_checker", None) is None and checks:
            self._notes.append(f"{model} brings no safety checker: nothing is dropped")
        return pipeline, revision

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline, on its device."""
        return self._loaded[0]

    @cached_property
    def _schedule(self) -> Any:
        """The configuration of the model's own scheduler: that of one which was put in its place says more."""
        return self.pipeline.scheduler.config

    @cached_property
    def reranker(self) -> Reranker:
        """The CLIP model, on the same device."""
        with self.memory.holding(f"the CLIP model {self.settings.clip}"):
            return load_clip(self.settings.clip, self.device)

    @cached_property
    def reads_weights(self) -> bool:
        """Whether prompts are read as the web UI reads them: the pipeline has one CLIP text encoder, and no other."""
        parts = self.pipeline.components
        text = type(parts.get("text_encoder")).__name__ == "CLIPTextModel" and parts.get("tokenizer") is not None
        if not text or "text_encoder_2" in parts:
            self._notes.append(
                f"{self.settings.model} has other text encoders than Stable Diffusion 1 and 2: prompts go to it as "
                "they are, with weights such as (ugly:1.3) as words, and cut where it cuts them"
            )
            return False
        return True

    @cached_property
    def versions(self) -> str:
        """What else decides the pictures, for the sheet."""
        clip = self.settings.clip if not Path(self.settings.clip).is_dir() else Path(self.settings.clip).name
        found = [f"{name}={version(name)}" for name in LIBRARIES]
        found.append(f"clip={clip}" + (f"@{self.reranker.revision}" if self.reranker.revision else ""))
        found += [f"prompts={'webui' if self.reads_weights else 'plain'}", f"precision={self._precision}"]
        found.append(f"device={self.device.partition(':')[0]}")
        if getattr(self.pipeline, "safety_checker", None) is None:
            found.append("safety=off")
        return " ".join(found)

    def draw(self, tasks: Sequence[Task]) -> Batch:
        """Return the best candidate of each task, with its recipe in the PNG; none where all were dropped."""
        with self._lock:
            self._notes.clear()
            _ = self.pipeline, self.reranker  # both, or neither: nothing is drawn that cannot be chosen from
            candidates = self._candidates(tasks)
            made = [self._best(task, candidates[task.number]) for task in tasks]
            notes = [*self._notes]
        return Batch(made, notes)

    def _candidates(self, tasks: Sequence[Task]) -> dict[int, list[Candidate]]:
        """Draw the candidates of tasks. What one call of the pipeline draws shares all but prompts and seeds."""
        import torch

        groups: dict[tuple[Any, ...], list[tuple[Task, Any]]] = defaultdict(list)
        with torch.inference_mode():
            for task in tasks:
                with self.memory.holding("the words of one prompt"):
                    words = self._prompts(task)
                length = words["prompt_embeds"].shape[1] if "prompt_embeds" in words else 0
                key = (task.sampler, task.steps, task.cfg_scale, task.width, task.height, length)
                groups[key].append((task, words))
            out: dict[int, list[Candidate]] = defaultdict(list)
            for group in groups.values():
                # First candidates, then second ones: so a call is of as many rows as a batch has.
                most = max(len(task.seeds) for task, _ in group)
                jobs = [(task, words, seed) for k in range(most)
                        for task, words in group for seed in task.seeds[k : k + 1]]  # fmt: skip
                size = f"{group[0][0].width} x {group[0][0].height}"
                several = f"pictures of {size}"
                drawn = self.memory.in_batches(jobs, self._call, f"one picture of {size}", several)
                for (task, _, _), candidate in zip(jobs, drawn, strict=True):
                    out[task.number].append(candidate)
        return out

    def _prompts(self, task: Task) -> dict[str, Any]:
        """Return the prompt and the negative prompt of a task as arguments of the pipeline."""
        prompt, negative = task.row["prompt"].strip(), task.negative_prompt
        if not self.reads_weights:
            return {"prompt": prompt, "negative_prompt": negative}
        tokenizer, encoder = self.pipeline.tokenizer, self.pipeline.text_encoder
        both = [pieces(text, tokenizer) for text in (prompt, negative)]
        longest = max(map(len, both))
        vectors = [embed([*parts, *[[]] * (longest - len(parts))], tokenizer, encoder) for parts in both]
        return dict(zip(("prompt_embeds", "negative_prompt_embeds"), vectors, strict=True))

    def _call(self, jobs: Sequence[tuple[Task, dict[str, Any], int]]) -> list[Candidate]:
        """Draw the pictures of a batch by one call of the pipeline."""
        import torch

        task, pipeline = jobs[0][0], self.pipeline
        words: dict[str, Any] = {}
        for name in jobs[0][1]:
            given = [words[name] for _, words, _ in jobs]
            words[name] = torch.cat(given) if isinstance(given[0], torch.Tensor) else given
        pipeline.scheduler = scheduler_of(task.sampler, self._schedule)
        found = pipeline(
            **words,
            num_inference_steps=task.steps,
            guidance_scale=task.cfg_scale,
            width=task.width,
            height=task.height,
            generator=[torch.Generator("cpu").manual_seed(seed) for _, _, seed in jobs],
        )
        flags = getattr(found, "nsfw_content_detected", None) or [False] * len(jobs)
        images = [image.convert("RGB") for image in found.images]
        if any(map(_is_flat, images)) and not any(flags):  # the safety checker blackens, too
            self._notes.append(
                f"{model_of(self.settings)} drew pictures of a single colour, which are dropped: its numbers "
                "overflowed, in half precision perhaps; --device cpu draws in single precision"
            )
        return [
            Candidate(seed, image, bool(flag) or _is_flat(image))
            for (_, _, seed), image, flag in zip(jobs, images, flags, strict=True)
        ]

    def _best(self, task: Task, candidates: list[Candidate]) -> Made:
        """Choose the candidate with the highest CLIP score; of equal ones the first."""
        seeds = " ".join(str(candidate.seed) for candidate in candidates)
        kept = [candidate for candidate in candidates if not candidate.dropped]
        dropped = " ".join(str(candidate.seed) for candidate in candidates if candidate.dropped)
        if not kept:
            return Made(task, None, {"dropped": dropped, "candidate_seeds": seeds}, all_dropped(dropped))
        score = functools.partial(self.reranker.scores, unweighted(task.row["prompt"]))
        images = [candidate.image for candidate in kept]
        found = self.memory.in_batches(images, score, "one score by CLIP", "scores by CLIP")
        scores = {candidate.seed: f"{score:.4f}" for candidate, score in zip(kept, found, strict=True)}
        best = kept[found.index(max(found))]
        source = task.row.get("label_source", "")
        cells = {
            **{"negative_prompt": task.negative_prompt, "steps": str(task.steps), "sampler": task.sampler},
            **{"cfg_scale": str(task.cfg_scale).removesuffix(".0"), "width": str(task.width)},
            **{"height": str(task.height), "seed": str(best.seed), "clip_score": scores[best.seed]},
            **{"model": model_of(self.settings), "model_revision": self._loaded[1], "versions": self.versions},
            "candidate_seeds": seeds,
            # Not the numbers alone: a cell that begins with a minus is a formula to a spreadsheet.
            "candidate_scores": " ".join(f"{seed}={score}" for seed, score in scores.items()),
            "label_source": source if source in HUMAN else "prompt",
        }
        if dropped or task.row.get("dropped"):
            cells["dropped"] = dropped
        return Made(task, self._png(task, best, cells), cells)

    def _png(self, task: Task, best: Candidate, cells: dict[str, str]) -> bytes:
        settings = {
            **{"Steps": task.steps, "Sampler": task.sampler, "CFG scale": cells["cfg_scale"], "Seed": best.seed},
            **{"Size": f"{best.image.width}x{best.image.height}", "Model": model_of(self.settings)},
            **{"Model revision": cells["model_revision"], "Version": f"diffusers {version('diffusers')}"},
        }
        info, out = PngInfo(), io.BytesIO()
        info.add_text(PARAMETERS, write_parameters(task.row["prompt"], task.negative_prompt, settings))
        best.image.save(out, "PNG", pnginfo=info)
        return out.getvalue()


def _is_flat(image: Image.Image) -> bool:
    """Say whether a picture is of one colour, as one is whose numbers overflowed."""
    return all(image.getchannel(band).getextrema()[0] == image.getchannel(band).getextrema()[1] for band in "RGB")
