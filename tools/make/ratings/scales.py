"""What people are asked of a picture: the controls of a Label Studio project, for each kind of config.

In goes a kind of config; out comes the labelling configuration, XML of Label Studio's documented tags, whose controls
are known by the names that stand here. What comes back of them is read by `exports`.
"""

from __future__ import annotations

import base64
import re
from typing import Literal
from xml.sax.saxutils import quoteattr

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS, MAX_RATING, SUBSETS

# The keys of a task's data. The export JSON-MIN puts the results, and `id` and `annotator`, beside them.
PICTURE, CONFIG, IMAGE = "picture", "config", "image"
EMOTION, PLANE, VALENCE, AROUSAL = "emotion", "affect", "valence", "arousal"
POINT = "face"  # the label of the one point in the plane


def control_name(emotion: str) -> str:
    """Return the name of the control of one of the 40 emotions: "Pleasure/Ecstasy" has "pleasure_ecstasy"."""
    return re.sub(r"[^a-z]+", "_", emotion.lower())


RATED = {control_name(emotion): emotion for emotion in EMONET_EMOTIONS}

# Whole numbers of pixels, and no letters: the same bytes everywhere, and no font is asked for.
_PLANE_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400" viewBox="0 0 400 400">\
<rect width="400" height="400" fill="white"/><circle cx="200" cy="200" r="199" fill="#f4f4f4" stroke="black"/>\
<path d="M0 200H400M200 0V400" stroke="black"/>\
<path d="M0 100H400M0 300H400M100 0V400M300 0V400" stroke="#bbbbbb"/></svg>"""


def kind_to_rate(config: str) -> Literal["faces", "hq"]:
    """Return the kind of a config that people can rate. Raises ValueError, with what to rate instead, for others."""
    kind = SUBSETS[config].kind
    if kind == "faces":
        return "faces"
    if kind == "hq":
        return "hq"
    why = {
        "binary": "is judged one emotion at a time, after another judgement, which is no task that can be given out",
        "big": "has ratings of models, not of people",
    }
    raise ValueError(f"{config} {why[kind]}: rate emonet_hq, whose 40 sliders are those of EmoNet-Face")


def labelling_config(kind: Literal["faces", "hq"]) -> str:
    """Return the labelling configuration of a project as XML.

    Faces: the seven classes (Choices), one of which must be chosen, and valence and arousal as one point in a plane:
    KeyPointLabels on a second Image, the circumplex, which the XML holds itself, so that nothing more is served.
    EmoNet-Face HQ: a slider (Number) from 0 to 7 for each of the 40 emotions, at 0, absent, until it is moved.
    """
    controls = _sliders() if kind == "hq" else [*_classes(), *_plane()]
    image = [f'<Image name="{IMAGE}" value="${IMAGE}" zoom="true"/>']
    columns = [*_view("flex: 1", image), *_view("flex: 1; max-height: 90vh; overflow: auto", controls)]
    lines = ["<View>", *_indented(_view("display: flex; gap: 1em", columns)), "</View>"]
    return "\n".join(lines) + "\n"


def _view(style: str, inside: list[str]) -> list[str]:
    return [f"<View style={quoteattr(style)}>", *_indented(inside), "</View>"]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _classes() -> list[str]:
    choices = [f'  <Choice value="{name}" hotkey="{key}"/>' for key, name in enumerate(EMOTIONS, 1)]
    opening = f'<Choices name="{EMOTION}" toName="{IMAGE}" choice="single" required="true" showInline="true">'
    return ['<Header value="Which emotion does the face show?"/>', opening, *choices, "</Choices>"]


def _plane() -> list[str]:
    picture = "data:image/svg+xml;base64," + base64.b64encode(_PLANE_SVG.encode()).decode()
    return [
        '<Header value="Set one point. Right: pleasant, left: unpleasant. Top: aroused, bottom: calm."/>',
        f'<KeyPointLabels name="{PLANE}" toName="plane" strokeWidth="4">',
        f'  <Label value="{POINT}" maxUsages="1" background="red" selected="true"/>',
        "</KeyPointLabels>",
        f'<Image name="plane" value={quoteattr(picture)} maxWidth="400px"/>',
    ]


def _sliders() -> list[str]:
    lines = [f'<Header value="How strong is each emotion? 0: absent, {MAX_RATING:g}: very strong."/>']
    for name, emotion in RATED.items():
        lines.append(f'<Header value={quoteattr(emotion)} size="6"/>')
        scale = f'min="0" max="{MAX_RATING:g}" step="1" slider="true" defaultValue="0" required="true"'
        lines.append(f'<Number name="{name}" toName="{IMAGE}" {scale}/>')
    return lines
