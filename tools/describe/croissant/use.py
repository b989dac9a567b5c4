"""The sentences of croissant.json on what the pictures are good for, and on what harm they may do.

In goes a Description; out come the sentences of one property for each kind of picture, as in `origin`.
"""

from __future__ import annotations

from collections import Counter

from DiffusionFER import HOMEPAGE
from tools.describe.blocks.emonet import PURPOSES
from tools.describe.croissant.origin import ANY, DIFFUSION, EMONET, RENDERED, Texts, each, published
from tools.describe.facts.description import Description, Faces
from tools.make.design import ONLY_FOR
from tools.make.prompts import AGES, GENDERS, RACES

PLURALS = {"man": "men", "woman": "women"}
CONTACT = "https://github.com/kdhht2334/Facial-Expression-Recognition-Zoo/issues"
PROHIBITED = (
    "Do not use it to infer emotions of people at work or in education, which is prohibited in the European Union "
    "except for medical or safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f)), nor to watch, judge, hire, "
    "insure, lend to or police people."
)


def biases(description: Description) -> Texts:
    """Say what the pictures lean to, with the counts of classes and groups."""
    return {
        ANY: [_balance(faces) for faces in published(description) if faces.cells],
        RENDERED: [
            "An emotion looks as the program draws it, with little else than the convention of seven posed "
            "expressions.",
            f"Race, age and gender have {len(RACES)}, {len(AGES)} and {len(GENDERS)} values, which are words of a "
            "prompt; whoever they leave out is not in the pictures.",
            f"Style and gender are linked: in the design of the sheet, {_only_for()}.",
        ],
        DIFFUSION: [
            "A diffusion model repeats what its training pictures show most often, stereotypes of race, age and "
            "gender among it.",
            "The prompts of disgust ask for an angry expression, and those of happiness, surprise, disgust and "
            "anger for an open mouth.",
        ],
        EMONET: [
            "EmoNet-Face: the taxonomy of 40 emotions comes from Western psychology; upstream leaves open how far "
            "it holds."
        ],
    }


def limitations(description: Description) -> Texts:
    """Say what results on the pictures do not show."""
    return {
        ANY: ["Single pictures without motion, sound or context; a face does not reveal what a person feels."],
        RENDERED: [
            "Drawn faces: a model that does well on them has learnt how a program draws emotions. Results on them "
            "say nothing of photographs."
        ],
        DIFFUSION: ["Generated faces: how far results carry over to photographs has not been measured."],
        EMONET: ["EmoNet-Face: some categories are hard to tell apart even for experts."],
    }


def use_cases(description: Description) -> Texts:
    """Say what the pictures are good for."""
    return {
        RENDERED: [
            "Trying out, testing and teaching code for the recognition of facial expressions and of valence and "
            "arousal.",
            "Checking tools for datasets, for every label and every byte is known.",
        ],
        DIFFUSION: [
            "Research on facial expressions, and on how words of a prompt become expressions of a face.",
        ],
        EMONET: ["EmoNet-Face, for research on 40 emotions: " + each(description, PURPOSES, "{} to ")],
    }


def social_impact(description: Description) -> Texts:
    """Say what good and harm may come of it, and what is prohibited."""
    shared = (
        "Synthetic faces spare people from having their pictures taken and labelled. Systems that claim to read "
        f"emotions can still do harm wherever they are used on people. {PROHIBITED}"
    )
    return {ANY: [shared]}


def sensitive(description: Description) -> Texts:
    """Say what the pictures and labels reveal of people."""
    words = "Race, age and gender are words of a prompt: they describe a picture, and no person."
    return {
        ANY: [words] if published(description) else [],
        RENDERED: ["Rendered edition: the faces show nobody, for a program drew them from numbers."],
        DIFFUSION: [
            "Diffusion pictures: the model has seen photographs of people, and a picture may resemble one; whoever "
            f"finds such a picture may ask for its removal, {CONTACT}."
        ],
        EMONET: [
            "EmoNet-Face: synthetic faces; the models that made them have seen photographs of people.",
            "EmoNet-Face: ethnicity, gender and age are parts of a prompt; annotators appear under names that "
            "upstream gave them.",
        ],
    }


def maintenance(description: Description) -> Texts:
    """Say where the dataset is kept, how it changes, and who takes reports."""
    return {
        ANY: [
            f"The dataset is kept on the Hugging Face Hub, {HOMEPAGE}, by its authors. A version has a number, "
            "every change is a commit, and a former state can be loaded by its revision. No schedule is promised.",
            f"Errors, and requests to remove a picture, may be reported as issues: {CONTACT}.",
        ]
    }


def _only_for() -> str:
    links = [f'"{style}" goes to {PLURALS[gender]} only' for style, gender in ONLY_FOR.items()]
    return " and ".join(links)


def _balance(faces: Faces) -> str:
    counts, emotions = sorted(faces.cells.values()), Counter[str]()
    for (emotion, *_), rows in faces.cells.items():
        emotions[emotion] += rows
    return (
        f"The {faces.rows:,} rows of {faces.size} have {min(emotions.values()):,} to {max(emotions.values()):,} of "
        f"each emotion, and {counts[0]:,} to {counts[-1]:,} of each of the {len(counts):,} combinations of emotion, "
        "race, age and gender that occur."
    )
