"""How emotions and classes are spelled: in go names from files of strangers, out come those of the taxonomy.

Everything is matched by name, never by its place, so that no order of classes can be taken for another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from DiffusionFER import EMONET_ALIASES, EMONET_EMOTIONS

# What the models of EmoNet-Face call their outputs: model_pleasure_ecstasy_best.
_HEAD = re.compile(r"^model_(.*)_best$")
# Outputs of these models that are none of the 40 emotions.
OTHER_HEADS = frozenset(f"model_{name}_best" for name in ("valence", "arousal", "dominance", "emotional_vulnerability"))


def _letters(name: str) -> str:
    head = _HEAD.match(name)
    return re.sub(r"[^a-z]", "", (head[1] if head else name).lower())


_EMOTIONS = {_letters(name): name for name in EMONET_EMOTIONS}
_EMOTIONS |= {_letters(alias): name for alias, name in EMONET_ALIASES.items()}


def emotion_named(name: str) -> str | None:
    """Return the one of the 40 emotions that `name` spells, None where there is none.

    Letters count, their case and what stands between them do not; the names of upstream's models are known as well.
    """
    return _EMOTIONS.get(_letters(name))


# Words for the classes of published sets: those of this dataset and of AffectNet, FERD and their like.
_CLASSES = {
    "neutral": ("neutral",),
    "happy": ("happy", "happiness"),
    "sad": ("sad", "sadness"),
    "surprise": ("surprise", "surprised"),
    "fear": ("fear", "fearful"),
    "disgust": ("disgust", "disgusted"),
    "angry": ("angry", "anger"),
    "contempt": ("contempt", "contemptuous"),
}
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words}


def class_named(name: str, classes: Iterable[str]) -> str | None:
    """Return which of `classes` `name` spells, None where there is none. "Surprised" is surprise, anger angry."""
    known = list(classes)
    if name in known:
        return name

    def plain(word: str) -> str:
        return _CLASS_OF.get(word.strip().lower(), word.strip().lower())

    found = [known_name for known_name in known if plain(known_name) == plain(name)]
    return found[0] if len(found) == 1 else None
