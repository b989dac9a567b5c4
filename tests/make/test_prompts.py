"""The prompt grammar: the published tables, and the sentence they make."""

import pytest

from DiffusionFER import EMOTIONS
from tools.make.prompts import CHOICES, EMOTION_PHRASES, NEGATIVE_PROMPT, render_prompt


def test_the_published_example_is_rendered_word_for_word() -> None:
    """The card's example comes out when style and others are empty."""
    expected = "neutral emotion, white middle-aged style, a realistic portrait of man, upper body"
    assert render_prompt("neutral", "white", "middle-aged", "man") == expected


def test_style_and_others_stand_at_their_places() -> None:
    """Style stands before the gender, others at the end."""
    expected = (
        "fear emotion, fear expression, haunted, latin old style, a realistic portrait of big eyes woman, upper body"
    )
    assert render_prompt("fear", "latin", "old", "woman", "big eyes") == expected
    assert render_prompt("fear", "latin", "old", "woman", "big eyes", "camping") == f"{expected}, camping"


def test_the_phrases_stand_in_label_order() -> None:
    """There is one phrase for each emotion, in the order of the labels, and each names its emotion first."""
    assert tuple(EMOTION_PHRASES) == EMOTIONS
    assert all(phrase.startswith(f"{emotion} emotion") for emotion, phrase in EMOTION_PHRASES.items())
    assert NEGATIVE_PROMPT.startswith("sketches, ")
    assert NEGATIVE_PROMPT.endswith("(futa:1.1)")


@pytest.mark.parametrize("column", list(CHOICES))
def test_a_word_outside_the_tables_is_refused_with_what_is_allowed(column: str) -> None:
    """The message names the column, the value and every choice."""
    row = {"emotion": "sad", "race": "black", "age": "teen", "gender": "man", "style": "", "others": ""}
    with pytest.raises(ValueError, match=rf"^{column}: expected one of .*\(got 'blue'\)$") as caught:
        render_prompt(**{**row, column: "blue"})
    assert all(repr(choice) in str(caught.value) for choice in CHOICES[column])
