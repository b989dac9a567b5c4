"""What the viewer is told to show: where its data are, which charts stand beside the points, how a column is drawn.

In go the points; out comes the description of the page in the viewer's own terms (its props), as a dict for JSON.
"""

from __future__ import annotations

from typing import Any

from tools.use.explore.points import PICTURE, ROW, Points, X, Y

DATABASE = {"type": "wasm", "load": True}  # DuckDB within the page, filled from data/dataset.parquet
# The viewer's tooltip is 400 pixels wide and 300 high: so large, the prompt and most labels fit below the picture.
PICTURE_STYLE = "display: block; width: 120px; max-width: 100%; aspect-ratio: 1; object-fit: contain"
TEMPLATE = f"""<img src="./pictures/{{{{ value | escape }}}}" alt="{{{{ value | escape }}}}" style="{PICTURE_STYLE}">"""
# The view of the points has no axes of its own: labels at their ends name them. Level 0 keeps them when one zooms in.
ENDS = {(1, 0): "valence 1", (-1, 0): "valence −1", (0, 1): "arousal 1", (0, -1): "arousal −1"}
LABELS = [{"x": x, "y": y, "content": content, "level": 0} for (x, y), content in ENDS.items()]
SCALE = 0.52  # of the view at first: so much of its longer side is the square from -1 to 1, which fits a desk's shorter


def describe(points: Points, name: str) -> dict[str, Any]:
    """Return what the viewer fetches as data/metadata.json; `name` stands on the tab of the charts."""
    charts: dict[str, Any] = {"points": _points_chart(points), "pictures": {"type": "instances", "title": "Pictures"}}
    charts |= {name: _count_chart(name) for name in points.categories}
    charts |= {name: _histogram(name) for name in points.scores}
    styles: dict[str, Any] = {
        PICTURE: {"display": "full", "renderer": "liquid-template", "options": {"template": TEMPLATE}}
    }
    if "prompt" in points.columns:
        styles["prompt"] = {"display": "full"}
    state = {
        "charts": charts,
        "layouts": {"1": {"type": "list", "name": name, "chartIds": list(charts)}},
        "chartStates": {"points": {"viewport": {"x": 0, "y": 0, "scale": SCALE}}},
        "columnStyles": styles,
    }
    return {
        "isStatic": True,  # there is no server to run queries or to pack the page into an archive
        "database": DATABASE,
        "props": {
            "data": {"id": ROW, "projection": {"x": X, "y": Y}},
            "embeddingViewLabels": LABELS,
            "initialState": state,
        },
    }


def _points_chart(points: Points) -> dict[str, Any]:
    category = "emotion" if "emotion" in points.columns else None
    return {"type": "embedding", "title": "Valence and arousal", "data": {"x": X, "y": Y, "category": category}}


def _count_chart(name: str) -> dict[str, Any]:
    return {"type": "count-plot", "title": name, "data": {"field": name}}


def _histogram(name: str) -> dict[str, Any]:
    """Return bars of all points, faded, and before them those of the points that are chosen; a brush chooses."""
    bars = {"mark": "bar", "encoding": {"x": {"field": name}, "y": {"aggregate": "count"}}}
    return {
        "title": name,
        "layers": [{**bars, "style": {"fillColor": "$markColorFade"}}, {**bars, "filter": "$filter"}],
        "selection": {"brush": {"encoding": "x"}},
    }
