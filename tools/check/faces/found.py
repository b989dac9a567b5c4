"""From what cropping says of a picture to findings, which every form of output of the linter can show."""

from __future__ import annotations

from tools.check.faces.rules import CUT_OFF, OTHERWISE, PASSED_OVER, REFUSED, SEVERAL, UNUSABLE, WHOLE
from tools.check.findings import Finding, Rule
from tools.make.faces.one import Kind, Trouble

RULES: dict[Kind, Rule] = {
    "unusable": UNUSABLE,
    "refused": REFUSED,
    "passed over": PASSED_OVER,
    "whole": WHOLE,
    "several": SEVERAL,
    "cut off": CUT_OFF,
    "otherwise": OTHERWISE,
}


def finding_of(trouble: Trouble) -> Finding:
    """Return the finding for something that cropping says of a picture."""
    rule = RULES[trouble.kind]
    message = f"picture {trouble.message}"
    return rule.at(trouble.file, message, row=trouble.row, column=trouble.column, value=trouble.value)
