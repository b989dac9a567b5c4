"""Findings as SARIF 2.1.0 (OASIS), the form in which code hosts and editors take what a linter says."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from tools.check.findings import Finding, Rule, visible
from tools.check.report import Report
from tools.check.rules import RULES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOMEPAGE = "https://huggingface.co/datasets/FER-Universe/DiffusionFER"


def render_sarif(report: Report) -> str:
    """Return the findings as one SARIF log, in which each rule that was broken is described."""
    broken = sorted({rule for rule, _ in report.rules})
    driver = {
        "name": "diffusionfer",
        "informationUri": HOMEPAGE,
        "rules": [_rule(RULES[rule]) for rule in broken],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, broken.index(finding.rule)) for finding in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if line := finding.line or finding.row:
        place["region"] = {"startLine": line}
    hint = f" ({visible(finding.hint)})" if finding.hint else ""
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": visible(finding.message) + hint},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: str) -> str:
    """Return a path as a relative reference; a name that is no text has a question mark for what is none."""
    return urllib.parse.quote(path.encode("utf-8", "replace"), safe="/")
