"""The sentences of croissant.json on how the pictures and their labels came about, by what they are said of.

In goes a Description; out come, for each kind of picture, the sentences of one property. Rendered faces, diffusion
pictures and EmoNet-Face differ in nearly all of it, so that each has sentences of its own, which `rai` takes as
long as such pictures are published. Every number is the Description's, every fact of EmoNet-Face is upstream's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from DiffusionFER import SUBSETS
from tools.check.sheet.read import size_of
from tools.describe.blocks.emonet import CARD_URL, PROTOCOLS
from tools.describe.facts.description import Description, Faces
from tools.make.embedded import FAMILY

RENDERED, DIFFUSION, EMONET = "rendered", "diffusion", "emonet"
ANY = "any"  # what holds of every picture
PER_ITEM = {
    "emonet_hq": "four annotators, 40 ratings each",
    "emonet_binary": "one or more answers of yes or no, by up to three annotators an emotion",
    "emonet_big": "40 ratings by a model, none by a person",
}

# Of the diffusion pictures, which the first published card lists (March 2023).
IN_PLACE = (
    "The first published card lists the small diffusion pictures (1.5 K, 647 MB, cropped 322 MB) under the names of "
    "this edition; what is published now under small_original and small_cropped is the rendered edition in their place."
)

Texts = dict[str, list[str]]  # of each kind of picture, its sentences


# --- how it came about ----------------------------------------------------------------------------------------------


def collection(description: Description) -> Texts:
    """Say how the pictures came about."""
    return {
        RENDERED: [
            f"Rendered edition: nothing was collected. A program designed {rendered_rows(description):,} rows of "
            "emotion, race, age, gender, style, scene, valence, arousal and seed, wrote a prompt for each by the "
            "published grammar, and drew the face from the row. The crop is cut out of the original around the "
            "face box.",
            *[IN_PLACE for faces in published(description) if faces.size == "small"],
        ],
        DIFFUSION: [
            "Diffusion pictures: Stable Diffusion made them from prompts of the published grammar, whose words and "
            "settings stand in each row as far as they are known."
        ],
        EMONET: [
            "EmoNet-Face: LAION made the pictures with Midjourney v6 and FLUX.1 [dev] from prompts that balance "
            "emotions over 14 ethnic groups, ages from 20 to 80 and three gender identities, and experts looked "
            "through them for quality. Pictures, prompts and annotations are taken over as upstream ships them."
        ],
    }


def collection_type(description: Description) -> Texts:
    """Name the kind of collection in the vocabulary's words."""
    return {
        RENDERED: ["Software Collection"],
        DIFFUSION: ["Software Collection"],
        EMONET: ["Secondary Data analysis"],
    }


def raw_data(description: Description) -> Texts:
    """Say what the pictures were made from, and where it is."""
    return {
        RENDERED: [
            "Rendered edition: dataset_sheet.csv with the program that draws from it; the same program and the "
            "same version of Pillow give the same bytes."
        ],
        DIFFUSION: ["Diffusion pictures: the files that the image generator wrote; their bytes are what is published."],
        EMONET: [f"EmoNet-Face: the files that LAION publishes, {CARD_URL}."],
    }


def missing(description: Description) -> Texts:
    """Say what is null, and in how many rows."""
    says = []
    for faces in published(description):
        rows = faces.rows
        nulls = {column.name: column.nulls for column in faces.columns if column.nulls}
        always = ", ".join(name for name, count in nulls.items() if count == rows)
        partly = ", ".join(f"{name} ({count:,})" for name, count in nulls.items() if count < rows)
        parts = [f"in all {rows:,} rows {always}"] if always else []
        parts += [f"in some {partly}"] if partly else []
        if parts:
            says.append(f"Null where something is unknown or has no meaning; of {faces.size}: {'; '.join(parts)}.")
    return {
        ANY: says,
        EMONET: ["EmoNet-Face: prompt and demographics are null where upstream's files do not give them."],
    }


def imputation(description: Description) -> Texts:
    """Say what stands in for unknown values."""
    return {
        ANY: ["Nothing is filled in: what is not known is null."],
        EMONET: ["EmoNet-Face: an emotion that a rating leaves out counts as 0, which the scale calls absent."],
    }


def preprocessing(description: Description) -> Texts:
    """Say what was done to the files before they were published."""
    return {
        ANY: ["The bytes of a picture are never encoded again: what is published is the file as it was."],
        RENDERED: [
            "The crops are squares around the face, cut out of the originals by the program that drew them.",
        ],
        EMONET: [
            "EmoNet-Face: the category Hopelessness of upstream's binary.csv is read as Helplessness, which its "
            "taxonomy has.",
            "EmoNet-Face: ratings of dimensions other than the 40 emotions are left out, and so are the ratings of "
            "models among those of experts.",
        ],
    }


def manipulation(description: Description) -> Texts:
    """Say what was set and not observed."""
    return {
        RENDERED: [
            "Valence and arousal were chosen at random from a disc of the circumplex for each emotion, whose centre "
            "was read from a figure of AffectNet and whose radius was chosen; no label was changed after the "
            "drawing."
        ],
    }


# --- annotation -----------------------------------------------------------------------------------------------------


def annotation_protocol(description: Description) -> Texts:
    """Say who labelled, and after which protocol."""
    return {
        RENDERED: [
            "Rendered edition: the label comes first and the picture after it. Emotion, valence and arousal move "
            "brows, lids, mouth and jaw of the drawing, so that the label is true by construction; nobody "
            "annotated."
        ],
        DIFFUSION: [
            "Diffusion pictures: one of seven emotions, valence and arousal, after Russell's circumplex model and "
            "AffectNet; the published card names two annotators. How they settled a disagreement is not recorded."
        ],
        EMONET: ["EmoNet-Face: " + each(description, PROTOCOLS, "in {}, ")],
    }


def platform(description: Description) -> Texts:
    """Say with what people labelled."""
    return {
        RENDERED: ["Rendered edition: none, for no person annotated."],
        DIFFUSION: ["Diffusion pictures: not recorded."],
        EMONET: ["EmoNet-Face: upstream's own platform, which is open source."],
    }


def analysis(description: Description) -> Texts:
    """Say what is known of the agreement of annotators."""
    return {
        RENDERED: [
            "Rendered edition: there is no disagreement to measure. Whether people see the intended emotion in a "
            "drawn face has not been studied."
        ],
        DIFFUSION: ["Diffusion pictures: no agreement between the two annotators is published."],
        EMONET: [
            "EmoNet-Face: every annotation is kept with its annotator, and none is averaged; upstream says that "
            "experts agree less on some categories."
        ],
    }


def per_item(description: Description) -> Texts:
    """Say how many labels a picture has."""
    return {
        RENDERED: ["Rendered edition: none by a person; one emotion, one valence and one arousal by the program."],
        DIFFUSION: [
            "Diffusion pictures: one emotion, one valence and one arousal; how two annotators came to one is not "
            "recorded."
        ],
        EMONET: [each(description, PER_ITEM, "{}: ")],
    }


def annotators(description: Description) -> Texts:
    """Say who the annotators are."""
    return {
        RENDERED: ["Rendered edition: no person annotated."],
        DIFFUSION: ["Diffusion pictures: the published card names two annotators, and says nothing else of them."],
        EMONET: [
            "EmoNet-Face: 13 people with a degree in psychology rated hq and binary; upstream's card says no more."
        ],
    }


def machines(description: Description) -> Texts:
    """Name the programs that labelled."""
    models = sorted({model for faces in published(description) for model in faces.models if model.startswith(FAMILY)})
    return {
        RENDERED: [
            f"{model}: the program that draws the faces, part of the tools of this dataset." for model in models
        ],
        EMONET: ["Gemini 2.5 Flash: the ratings of emonet_big."] if "emonet_big" in description.shards else [],
    }


# --- helpers --------------------------------------------------------------------------------------------------------


def published(description: Description) -> list[Faces]:
    """Return the sizes of which there are shards, in their order."""
    sizes = dict.fromkeys(size_of(config) for config in SUBSETS if config in description.shards)
    return [description.faces[size] for size in sizes if size in description.faces]


def rendered_rows(description: Description) -> int:
    """Return how many of the published rows a program drew."""
    made = Counter[str]()
    for faces in published(description):
        made.update(faces.models)
    return sum(rows for model, rows in made.items() if model.startswith(FAMILY))


def each(description: Description, facts: Mapping[str, str], before: str) -> str:
    """Return what is known of each EmoNet config that is published, as one sentence."""
    says = [before.format(config) + text for config, text in facts.items() if config in description.shards]
    return f"{'; '.join(says)}."
