"""How many annotators judge what: rules for upstream's protocol, over all annotations of a config.

In go the annotations that could be read, each with its place; out come findings. Four experts rate an image of
EmoNet-Face HQ; up to three confirm an emotion in Binary. That annotators contradict each other in Binary is said once,
with how often: people do, and `tools.check.annotations.agreement` reports on which emotions. Ratings that differ are no
contradiction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

from DiffusionFER import EMONET_EMOTIONS, Annotation
from tools.check.annotations.rules import CONTRADICTS_ITSELF, DISPUTED, JUDGED_TWICE, MORE_THAN_THREE, NOT_FOUR
from tools.check.findings import Finding, quote

Place = tuple[str, "int | None"]  # a file and the row in it

# Of the card of EmoNet-Face: "Each image was annotated by four different psychology experts" (HQ); "binary labels
# (present/absent) for specific emotions, confirmed by up to three experts" (Binary).
EXPERTS = 4
CONFIRMATIONS = 3


class Protocol:
    """Counts the judgements of one config as they are read, and says afterwards what does not fit the protocol."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        # What is judged is an emotion of an image in Binary, and an image elsewhere.
        self._annotators: Counter[tuple[str, int]] = Counter()
        self._first: dict[tuple[str, int], Place] = {}
        self._said: dict[tuple[str, int, str], tuple[Hashable, Place]] = {}
        self._first_said: dict[tuple[str, int], Hashable] = {}
        self._disputed: dict[tuple[str, int], Place] = {}  # by what is disputed, where the first other voice stands

    def add(self, annotation: Annotation, place: Place) -> Iterator[Finding]:
        """Count one annotation; yield a finding where its annotator judged the same before."""
        thing = (annotation.image, annotation.says["emotion"] if self._kind == "binary" else -1)
        key = (*thing, annotation.says["annotator"])
        said = _judgement(annotation.says)
        if key in self._said:
            yield self._again(annotation, place, said == self._said[key][0], self._said[key][1])
            return
        self._said[key] = (said, place)
        self._first.setdefault(thing, place)
        self._annotators[thing] += 1
        if self._kind == "binary" and self._first_said.setdefault(thing, said) != said:
            self._disputed.setdefault(thing, place)

    def _again(self, annotation: Annotation, place: Place, same: bool, before: Place) -> Finding:
        emotion = f" for {EMONET_EMOTIONS[annotation.says['emotion']]}" if self._kind == "binary" else ""
        where = f"row {before[1]}" if before[1] else before[0]
        annotator, image = quote(annotation.says["annotator"]), quote(annotation.image)
        rule, what = (JUDGED_TWICE, "twice") if same else (CONTRADICTS_ITSELF, "twice, and differently")
        message = f"annotator {annotator} judges image {image}{emotion} {what}: first in {where}"
        return rule.at(place[0], message, row=place[1], value=annotation.says["annotator"])

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each wrong number of annotators, and one for contradictions: how often, where first."""
        if self._kind == "hq":
            for number, (count, image, place) in self._unusual(lambda number: number != EXPERTS).items():
                message = (
                    f"{count:,} image{'s have' if count > 1 else ' has'} {number} annotator{'s' * (number != 1)}, "
                    f"expected {EXPERTS}: the first is {quote(image)}"
                )
                yield NOT_FOUR.at(place[0], message, row=place[1], value=str(number))
        if self._kind == "binary":
            for number, (count, image, place) in self._unusual(lambda number: number > CONFIRMATIONS).items():
                message = (
                    f"{count:,} emotion{'s' * (count > 1)} of an image {'are' if count > 1 else 'is'} judged by "
                    f"{number} annotators, expected at most {CONFIRMATIONS}: the first is of image {quote(image)}"
                )
                yield MORE_THAN_THREE.at(place[0], message, row=place[1], value=str(number))
            if self._disputed:
                yield self._disputes()

    def _disputes(self) -> Finding:
        (image, emotion), place = next(iter(self._disputed.items()))
        count = len(self._disputed)
        message = (
            f"{count:,} emotion{'s' * (count > 1)} of an image {'are' if count > 1 else 'is'} judged both present and "
            f"absent, by different annotators: the first is {EMONET_EMOTIONS[emotion]} of image {quote(image)}"
        )
        return DISPUTED.at(place[0], message, row=place[1], value=str(count))

    def _unusual(self, wrong: Any) -> dict[int, tuple[int, str, Place]]:
        """Return, by wrong number of annotators, how many things have it, and image and place of the first."""
        found: dict[int, tuple[int, str, Place]] = {}
        for thing, number in self._annotators.items():
            if wrong(number):
                count, image, place = found.get(number, (0, thing[0], self._first[thing]))
                found[number] = (count + 1, image, place)
        return dict(sorted(found.items()))


def _judgement(says: dict[str, Any]) -> Hashable:
    return says["present"] if "present" in says else tuple(says["ratings"].values())
