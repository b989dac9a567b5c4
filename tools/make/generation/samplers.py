"""The web UI's names of samplers, and the scheduler of `diffusers` that each is.

The pairs are those of the diffusers documentation ("Schedulers", the table of A1111 names), as far as they need no
other library. Nothing is loaded before a scheduler is asked for.
"""

from __future__ import annotations

from typing import Any

_MULTISTEP = {"algorithm_type": "dpmsolver++", "solver_order": 2}
_SDE = {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
_KARRAS = {"use_karras_sigmas": True}

# By the web UI's name: the class in diffusers, and what it is told beside the model's own configuration.
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "DPM++ 2M": ("DPMSolverMultistepScheduler", _MULTISTEP),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {**_MULTISTEP, **_KARRAS}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", _SDE),
    "DPM++ 2M SDE Karras": ("DPMSolverMultistepScheduler", {**_SDE, **_KARRAS}),
    "DPM2": ("KDPM2DiscreteScheduler", {}),
    "DPM2 Karras": ("KDPM2DiscreteScheduler", _KARRAS),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
    "DPM2 a Karras": ("KDPM2AncestralDiscreteScheduler", _KARRAS),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DDIM": ("DDIMScheduler", {}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}


def scheduler_of(sampler: str, config: Any) -> Any:
    """Return the scheduler of a sampler for the model whose scheduler has the configuration `config`."""
    import diffusers

    name, more = SAMPLERS[sampler]
    return getattr(diffusers, name).from_config(config, **more)
