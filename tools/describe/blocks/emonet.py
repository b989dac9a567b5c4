"""What the card says of EmoNet-Face: facts that upstream published, and the tables that are made from them.

In goes a Description, for the configs of which there are shards; out comes Markdown. The facts are those of upstream's
card (https://huggingface.co/datasets/laion/emonet-face-binary), of its guide.json and of the paper (arXiv:2505.20033).
"""

from __future__ import annotations

from collections.abc import Callable

from DiffusionFER import EMONET_EMOTIONS, SUBSETS
from tools.describe.blocks.markdown import table
from tools.describe.facts.description import Description

CARD_URL = "https://huggingface.co/datasets/laion/emonet-face-binary"
PAPER_URL = "https://arxiv.org/abs/2505.20033"

PUBLISHED_IMAGES = {"emonet_hq": 2_500, "emonet_binary": 19_999, "emonet_big": 203_201}
PURPOSES = {"emonet_hq": "evaluate", "emonet_binary": "fine-tune", "emonet_big": "pre-train"}
PROTOCOLS = {
    "emonet_hq": "four experts rate each image on all 40 emotions, from 0 (absent) to 7 (very strong)",
    "emonet_binary": "is this emotion there or not? asked of one emotion at a time, confirmed by up to three experts",
    "emonet_big": "Gemini 2.5 Flash, a vision-language model, rates all 40 emotions; no person looked",
}
FIELDS = {
    "hq": "`ratings` {40 floats}",
    "binary": "`emotion` (ClassLabel), `present` (bool)",
    "big": "`ratings` {40 floats}",
}

# The 40 categories by the groups in which upstream's annotation platform shows them (guide.json, "buttons").
GROUPS = {
    "Positive, high energy": (
        "Amusement", "Elation", "Pleasure/Ecstasy", "Hope/Enthusiasm/Optimism", "Triumph", "Interest", "Awe",
        "Astonishment/Surprise", "Teasing",
    ),
    "Positive, low energy": (
        "Contentment", "Thankfulness/Gratitude", "Affection", "Relief", "Contemplation", "Pride",
    ),
    "Negative, high energy": (
        "Fear", "Anger", "Malevolence/Malice", "Disgust", "Impatience and Irritability", "Distress",
    ),
    "Negative, low energy": (
        "Sadness", "Bitterness", "Contempt", "Disappointment", "Shame", "Emotional Numbness", "Doubt",
        "Jealousy & Envy", "Embarrassment", "Helplessness",
    ),
    "Cognitive": ("Concentration", "Confusion"),
    "Physical": ("Pain", "Fatigue/Exhaustion", "Intoxication/Altered States of Consciousness", "Sourness"),
    "Longing and lust": ("Longing", "Sexual Lust", "Infatuation"),
}  # fmt: skip

# Percent of pictures that upstream's model gets right, by class and on average, as published.
MODEL = "EmpathicInsight-Face"
CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
ACCURACIES = {
    "FERD": ((73.68, 31.58, 78.95, 100.00, 100.00, 84.21, 78.95, 78.95), 78.29),
    "AffectNet": ((77.05, 28.75, 40.53, 69.08, 99.25, 78.96, 83.94, 98.70), 75.72),
}


def configs(description: Description) -> str:
    """Return the table of the three configs: images, purpose, protocol, and what a row says of its picture."""
    rows = []
    for config, images in PUBLISHED_IMAGES.items():
        here = description.shards.get(config)
        number = f"{sum(here.rows.values()):,} here, of {images:,}" if here else f"{images:,}"
        kind = SUBSETS[config].kind
        rows.append((f"`{config}`", number, PURPOSES[config], PROTOCOLS[config], FIELDS[kind]))
    return table(("config", "images", "made to", "annotation", "holds"), rows, numbers=("images",))


def categories(description: Description) -> str:
    """Return the table of the 40 categories by group, with the index that `emotion` has in binary."""
    index = {name: number for number, name in enumerate(EMONET_EMOTIONS)}
    rows = [
        (
            f"{group} ({len(names)})",
            ", ".join(f"{name} ({index[name]})" for name in sorted(names, key=index.__getitem__)),
        )
        for group, names in GROUPS.items()
    ]
    return table(("group", "categories, with their index"), rows)


def accuracies(description: Description) -> str:
    """Return the table of the published accuracies, and how the published average compares with that of the classes."""
    rows = [
        (name, *(f"{share:.2f}" for share in shares), f"**{average:.2f}**")
        for name, (shares, average) in ACCURACIES.items()
    ]
    columns = ("dataset", *CLASSES, "average")
    means = {name: sum(shares) / len(shares) for name, (shares, _) in ACCURACIES.items()}
    notes = [
        f"on {name} the eight classes have a mean of {mean:.2f}, not {ACCURACIES[name][1]:.2f}; "
        "upstream does not say how it weighs them"
        for name, mean in means.items()
        if abs(mean - ACCURACIES[name][1]) >= 0.01
    ]
    source = f"Percent of pictures that {MODEL} gets right; source: [upstream's card]({CARD_URL}). As published"
    return f"{table(columns, rows, numbers=columns[1:])}\n{source}{': ' if notes else ''}{'; '.join(notes)}.\n"


BLOCKS: dict[str, Callable[[Description], str]] = {
    "emonet-configs": configs,
    "emonet-categories": categories,
    "emonet-accuracies": accuracies,
}
