"""What croissant.json says for responsible use: how the data came about, who labelled it, what it is not good for.

In go a Description and the kinds of pictures that are published; out come the properties of the vocabulary
http://mlcommons.org/croissant/RAI/1.0. No time frame of the collection is among them: a program draws the same pictures
at any time, and for the others none is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from DiffusionFER import SUBSETS
from tools.check.sheet.read import size_of
from tools.describe.croissant import origin, use
from tools.describe.croissant.origin import ANY, DIFFUSION, EMONET, RENDERED, Texts, rendered_rows
from tools.describe.facts.description import Description
from tools.make.embedded import FAMILY

# What gives the texts of a property, and whether the vocabulary allows several of them.
PROPERTIES: dict[str, tuple[Callable[[Description], Texts], bool]] = {
    "dataCollection": (origin.collection, False),
    "dataCollectionType": (origin.collection_type, True),
    "dataCollectionRawData": (origin.raw_data, False),
    "dataCollectionMissingData": (origin.missing, False),
    "dataImputationProtocol": (origin.imputation, False),
    "dataPreprocessingProtocol": (origin.preprocessing, True),
    "dataManipulationProtocol": (origin.manipulation, False),
    "dataAnnotationProtocol": (origin.annotation_protocol, False),
    "dataAnnotationPlatform": (origin.platform, True),
    "dataAnnotationAnalysis": (origin.analysis, True),
    "annotationsPerItem": (origin.per_item, False),
    "annotatorDemographics": (origin.annotators, True),
    "machineAnnotationTools": (origin.machines, True),
    "dataBiases": (use.biases, True),
    "dataLimitations": (use.limitations, True),
    "dataUseCases": (use.use_cases, True),
    "dataSocialImpact": (use.social_impact, False),
    "personalSensitiveInformation": (use.sensitive, True),
    "dataReleaseMaintenancePlan": (use.maintenance, False),
}


def kinds_of(description: Description, configs: Collection[str]) -> list[str]:
    """Return what kinds of pictures the configs hold: rendered, diffusion, emonet; none for those of unknown origin.

    Raises ValueError where a config has shards, but the rows of its size are not described.
    """
    found: set[str] = set()
    for config in configs:
        size, kind = size_of(config), SUBSETS[config].kind
        if kind != "faces":
            found.add(EMONET)
        elif size not in description.faces:
            raise ValueError(
                f"{config} has shards, but the sheet has no row of {size}: describe both from the same data"
            )
        else:
            models = description.faces[size].models
            found |= {RENDERED if model.startswith(FAMILY) else DIFFUSION for model in models}
    return [kind for kind in (RENDERED, DIFFUSION, EMONET) if kind in found]


def summary(description: Description, kinds: Sequence[str]) -> str:
    """Return what the dataset is, in a few sentences that claim no more than what is published."""
    says = [
        "DiffusionFER: synthetic portraits, each with one of seven emotions, with valence and arousal, and a prompt."
    ]
    rows = rendered_rows(description)
    if RENDERED in kinds:
        says.append(
            f"Published is the rendered edition: {rows:,} faces that a program drew from the sheet, with labels "
            "that are true by construction; they are not the pictures that Stable Diffusion made."
        )
    if DIFFUSION in kinds:
        says.append("Pictures by Stable Diffusion are published, for which the published card names two annotators.")
    if EMONET in kinds:
        says.append("EmoNet-Face, by LAION, is published beside it in the same shape, with annotations of 40 emotions.")
    return " ".join(says)


def rai(description: Description, kinds: Sequence[str]) -> dict[str, str | list[str]]:
    """Return the properties, each as one text or a list of texts, whichever the vocabulary allows."""
    properties: dict[str, str | list[str]] = {}
    for name, (texts_of, many) in PROPERTIES.items():
        by_kind = texts_of(description)
        said = list(dict.fromkeys(text for kind in (ANY, *kinds) for text in by_kind.get(kind, [])))
        if said:
            properties[f"rai:{name}"] = said if many else " ".join(said)
    return properties
