"""Evaluation: in go predictions and a config's truth; out come the field's figures with bootstrap intervals.

`affect`, `classes`, `ratings`, `binary` and `mapping` hold the figures as functions of arrays, each for a kind of
truth; `predictions` reads files, `truth` configs, `evaluation` joins both by image_id, and `report` and `hub` write.
"""

from __future__ import annotations

from tools.use.evaluate.affect import affect_metrics

__all__ = ["affect_metrics"]
