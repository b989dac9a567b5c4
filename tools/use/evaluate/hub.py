"""Evaluation results as the Hugging Face Hub takes them, in both of its forms, from an Evaluation on data of the Hub.

`model_index` makes the block `model-index` of a model card, which names any dataset; `eval_results` makes a file for
the folder `.eval_results/` of a model, which the Hub shows for datasets that are registered as benchmarks.
"""

from __future__ import annotations

import re
from typing import Any

from tools.use.evaluate.result import Estimate, Evaluation, Headline

TASK = "image-classification"  # the Hub's list of tasks has none for valence and arousal
TASK_NAME = "Facial expression recognition"


def model_index(evaluation: Evaluation, model: str) -> str:
    """Return the YAML of `model-index` with the headlines of an evaluation, for the header of a model card.

    `model` is the model's name. Raises ValueError where the data is not of the Hub.
    """
    from huggingface_hub import EvalResult, ModelCardData

    data = _data(evaluation)
    bootstrap: Any = evaluation.about["bootstrap"]
    results = [
        EvalResult(
            task_type=TASK,
            task_name=TASK_NAME,
            dataset_type=data["repo_id"],
            dataset_name=data["repo_id"].rpartition("/")[2],
            dataset_config=data["config"],
            dataset_split=data["split"],
            dataset_revision=data["revision"],
            metric_type=headline.metric,
            metric_name=headline.name,
            metric_value=estimate.value,
            metric_args=_interval(estimate, bootstrap),
        )
        for headline, estimate in evaluation.headlines
        if estimate.value is not None
    ]
    return str(ModelCardData(model_name=model, eval_results=results).to_yaml(line_break="\n")) + "\n"


def eval_results(evaluation: Evaluation) -> str:
    """Return the YAML of a file of `.eval_results/`: one entry a headline. Raises ValueError as `model_index` does.

    The task of an entry is called CONFIG_SPLIT_FIGURE, as in small_cropped_test_valence_ccc; the dataset's `eval.yaml`
    has to name it before the Hub shows it.
    """
    try:
        from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml
    except ImportError:
        raise ValueError(
            "the Hub's newer metadata needs huggingface_hub 1.4 or later: pip install 'diffusionfer[evaluate]'"
        ) from None
    from huggingface_hub.utils import yaml_dump

    data = _data(evaluation)
    entries = [
        EvalResultEntry(
            dataset_id=data["repo_id"],
            task_id=_task(data, headline),
            value=estimate.value,
            dataset_revision=data["revision"],
            notes=_notes(headline, estimate, evaluation),
        )
        for headline, estimate in evaluation.headlines
        if estimate.value is not None
    ]
    return str(yaml_dump(eval_result_entries_to_yaml(entries), sort_keys=False, line_break="\n"))


def _data(evaluation: Evaluation) -> dict[str, Any]:
    data: Any = evaluation.about["data"]
    if not data["repo_id"]:
        raise ValueError("the Hub's metadata is about a dataset of the Hub, and this data is not from there")
    return dict(data)


def _interval(estimate: Estimate, bootstrap: dict[str, Any]) -> dict[str, Any] | None:
    if estimate.low is None:
        return None
    return {
        "confidence_interval": [estimate.low, estimate.high],
        "confidence_level": bootstrap["level"],
        "bootstrap_samples": bootstrap["samples"],
        "seed": bootstrap["seed"],
    }


def _task(data: dict[str, Any], headline: Headline) -> str:
    text = f"{data['config']}_{data['split']}_{headline.key[1]}_{headline.key[2]}"
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _notes(headline: Headline, estimate: Estimate, evaluation: Evaluation) -> str:
    level: Any = evaluation.about["bootstrap"]
    if estimate.low is None:
        return headline.name
    return f"{headline.name}; {level['level']:.0%} interval {estimate.low:.4f} to {estimate.high:.4f}"
