"""An evaluation from end to end: in go predictions and their truth, out come tables with intervals.

`Data` says where truth comes from, as reports and the Hub's metadata name it. Which figures there are follows from what
the truth has and what was predicted.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tools.use.evaluate.affect import METRICS, AffectSums, affect_metrics
from tools.use.evaluate.binary import THRESHOLD, Binary, Scored
from tools.use.evaluate.bootstrap import LEVEL, SAMPLES, Floats, resample
from tools.use.evaluate.classes import Classes, Indices
from tools.use.evaluate.mapping import Mapped, Mapping40
from tools.use.evaluate.matching import places
from tools.use.evaluate.predictions import AFFECT, Predictions
from tools.use.evaluate.ratings import Rated
from tools.use.evaluate.result import Confusion, Estimate, Evaluation, Headline, Key, Part, Row, Table, estimates
from tools.use.evaluate.truth import NO_CLASS, Faces, Judged, Rated40, Truth

AFFECT_TABLE = "valence_and_arousal"
SIGNS = (
    "population statistics; SAGR: the share of pictures where both have the same sign, a zero being a sign of its own"
)


@dataclass(frozen=True)
class Data:
    """What was predicted: a config and a split, of a repository at a revision where it came from the Hub; or a set of
    somebody else, which has a `name` alone."""

    name: str
    config: str | None = None
    split: str | None = None
    repo_id: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        """Return the data as messages name it."""
        return f"split {self.split} of {self.config}" if self.config else self.name


@dataclass(frozen=True)
class Settings:
    """How it is evaluated: the number of resamples and their seed, the threshold of binary scores, the mapping."""

    samples: int = SAMPLES
    seed: int = 0
    threshold: float = THRESHOLD
    mapping: Mapping40 | None = None


class Affect:
    """Valence and arousal {name: (truth (n,), prediction (n,))}, as a part; NaN in a truth is a picture without."""

    def __init__(self, given: dict[str, tuple[Floats, Floats]]) -> None:
        self._known = {name: np.flatnonzero(~np.isnan(truth)) for name, (truth, _) in given.items()}
        self._given = {name: tuple(of[self._known[name]] for of in pair) for name, pair in given.items()}
        self._sums = {name: AffectSums(*pair) for name, pair in self._given.items()}
        self.keys: list[Key] = [(AFFECT_TABLE, name, metric.upper()) for name in given for metric in METRICS]
        self.headlines = [Headline(key[2].lower(), f"{key[2]} of {key[1]}", key) for key in self.keys]

    def values(self) -> list[float | None]:
        """Return the figures."""
        found = [affect_metrics(*pair) for pair in self._given.values()]
        return [figures[metric] for figures in found for metric in METRICS]

    def resampled(self, weights: Floats) -> Floats:
        """Return the figures for weights (k, pictures)."""
        every = weights.shape[1]
        each = [
            sums.resampled(weights if len(self._known[name]) == every else weights[:, self._known[name]])
            for name, sums in self._sums.items()
        ]
        return np.concatenate(each, axis=1)

    def tables(self, at: Callable[[Key], Estimate]) -> list[Table]:
        """Return the table."""
        columns = [metric.upper() for metric in METRICS]
        rows = [
            Row(name, len(truth), {column: at((AFFECT_TABLE, name, column)) for column in columns})
            for name, (truth, _) in self._given.items()
        ]
        notes = [SIGNS]
        for name, pair in self._given.items():
            for of, what, lacks in zip(pair, ("truth", "prediction"), ("CCC and PCC are", "PCC is"), strict=True):
                if np.ptp(of) == 0:
                    notes.append(f"{name}: every {what} is {of[0]:g}, so {lacks} not defined")
        return [Table(AFFECT_TABLE, "Valence and arousal", columns, rows, notes)]


@dataclass
class _Plan:
    """The parts of an evaluation, the confusion matrix where there is one, and what a reader must know."""

    parts: list[Part] = field(default_factory=list)
    confusion: Confusion | None = None
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


def columns_for(predictions: Predictions, mapping: Mapping40 | None) -> list[str]:
    """Return the columns of faces that predictions are compared with: no other needs to be read."""
    classes = predictions.classes is not None or mapping is not None
    return ["emotion"] * classes + [name for name in AFFECT if name in predictions.affect]


def evaluate(
    predictions: Predictions,
    truth: Truth,
    data: Data,
    settings: Settings,
    advance: Callable[[int], object] = lambda done: None,
) -> Evaluation:
    """Return the evaluation of predictions, one for each picture of the truth. `advance` is told of resamples done.

    Raises ValueError where ids do not fit, where nothing that was predicted has a truth, or where a library is missing.
    """
    _need_libraries()
    predictions = predictions.taken(places(predictions.name, predictions.ids, truth.ids, str(data)))
    if isinstance(truth, Faces):
        plan = _faces(predictions, truth, settings.mapping)
    elif isinstance(truth, Rated40):
        plan = _rated(predictions, truth)
    else:
        plan = _judged(predictions, truth, settings.threshold)
    if not plan.parts:
        raise ValueError(f"{data} has no truth for what {predictions.name} predicts")
    pictures = len(truth.ids)
    statistics = [part.resampled for part in plan.parts]
    resampled = resample(pictures, settings.samples, settings.seed, statistics, advance)
    tables, headlines = [], []
    for part, values in zip(plan.parts, resampled, strict=True):
        found = estimates(part, values)
        tables += part.tables(found.__getitem__)
        headlines += [(headline, found[headline.key]) for headline in part.headlines]
    about = {
        "data": {
            "name": data.name, "repo_id": data.repo_id, "revision": data.revision, "config": data.config,
            "split": data.split, "pictures": pictures,
        },
        "predictions": {"file": predictions.name, "sha256": predictions.sha256},
        "bootstrap": {"samples": settings.samples, "seed": settings.seed, "level": LEVEL, "interval": "percentile"},
        **plan.about,
    }  # fmt: skip
    return Evaluation(about, tables, headlines, plan.confusion, plan.notes)


def _need_libraries() -> None:
    try:
        for name in ("scipy", "sklearn"):
            importlib.import_module(name)
    except ImportError as error:
        raise ValueError(
            f"evaluate needs {error.name}, which is not installed: pip install 'diffusionfer[evaluate]'"
        ) from None


def _faces(predictions: Predictions, truth: Faces, mapping: Mapping40 | None) -> _Plan:
    plan = _Plan()
    known = None if truth.emotion is None else np.flatnonzero(truth.emotion != NO_CLASS)
    if known is not None and (lacking := len(truth.ids) - len(known)):
        plan.notes.append(f"{_pictures(lacking)} without a class left out of the classes")
    every = known is not None and len(known) == len(truth.ids)
    pictures = None if every else known
    if known is not None and truth.emotion is not None and len(known):
        emotion, predicted = truth.emotion[known], None
        if mapping is not None:
            predicted = _mapped(plan, predictions, truth.classes, emotion, mapping, known, pictures).top
        elif predictions.classes is not None:
            predicted = predictions.classes[known]
        if predicted is not None:
            part = Classes(emotion, predicted, truth.classes, pictures)
            plan.parts.append(part)
            plan.confusion = part.confusion()
    given = {}
    for name in (name for name in AFFECT if name in predictions.affect and name in truth.affect):
        if lacking := int(np.isnan(truth.affect[name]).sum()):
            plan.notes.append(f"{_pictures(lacking)} without {name} left out of it")
        if lacking < len(truth.ids):
            given[name] = (truth.affect[name], predictions.affect[name])
    if given:
        plan.parts.append(Affect(given))
    if lost := [name for name in predictions.affect if name not in truth.affect]:
        plan.notes.append(f"without a truth, so not scored: {', '.join(lost)}")
    absent = ["emotion"] * (predictions.classes is None and mapping is None)
    absent += [name for name in AFFECT if name not in predictions.affect]
    if absent and truth.classes is EMOTIONS:  # a set of somebody else has no other truth
        plan.notes.append(f"not predicted, so not scored: {', '.join(absent)}")
    return plan


def _mapped(
    plan: _Plan,
    predictions: Predictions,
    classes: Sequence[str],
    emotion: Indices,
    mapping: Mapping40,
    known: Indices,
    pictures: Indices | None,
) -> Mapped:
    mapping, left_out = mapping.within(classes)
    if left_out:
        plan.notes.append(f"emotions that map to none of these classes left out: {', '.join(left_out)}")
    if missing := [name for name in mapping.of if name not in predictions.scores]:
        raise ValueError(
            f"{predictions.name} has no score of {len(missing)} emotions that mapping {mapping.name} maps: "
            f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}"
        )
    if unused := [name for name in predictions.scores if name not in mapping.of and name not in left_out]:
        plan.notes.append(f"scores of emotions that are not mapped left out: {', '.join(unused)}")
    every = len(known) == len(predictions.ids)
    scores = {name: predictions.scores[name] if every else predictions.scores[name][known] for name in mapping.of}
    mapped = Mapped(mapping, classes, emotion, scores, pictures)
    plan.parts.append(mapped)
    plan.about["mapping"] = {"name": mapping.name, "of": dict(mapping.of)}
    return mapped


def _rated(predictions: Predictions, truth: Rated40) -> _Plan:
    plan = _Plan(notes=_unpredicted(predictions))
    rated = {name for name, values in truth.ratings.values.items() if not np.isnan(values).all()}
    scores = {name: predictions.scores[name] for name in EMONET_EMOTIONS if name in predictions.scores}
    if unrated := [name for name in scores if name not in rated]:
        plan.notes.append(f"nobody rated, so not scored: {', '.join(unrated)}")
    scores = {name: values for name, values in scores.items() if name in rated}
    if scores:
        plan.parts.append(Rated(truth.ratings, scores))
    return plan


def _judged(predictions: Predictions, truth: Judged, threshold: float) -> _Plan:
    plan = _Plan(notes=_unpredicted(predictions), about={"threshold": threshold})
    emotions, unjudged = {}, []
    for index, name in enumerate(EMONET_EMOTIONS):
        if name in predictions.scores:
            of = truth.emotion == index
            pictures = truth.picture[of]
            if len(pictures):
                scores = predictions.scores[name][pictures]
                emotions[name] = Scored(truth.present[of], scores, pictures, threshold)
            else:
                unjudged.append(name)
    if unjudged:
        plan.notes.append(f"nobody judged, so not scored: {', '.join(unjudged)}")
    if emotions:
        plan.parts.append(Binary(emotions, threshold, truth.tied))
    return plan


def _unpredicted(predictions: Predictions) -> list[str]:
    absent = [name for name in EMONET_EMOTIONS if name not in predictions.scores]
    return [f"not predicted, so not scored: {', '.join(absent)}"] if absent else []


def _pictures(count: int) -> str:
    return f"{count:,} picture{'s' * (count != 1)}"
