"""All rules of the linter, and the choice of some of them by id or by the beginning of an id."""

from __future__ import annotations

from collections.abc import Iterable

import tools.check.annotations.rules
import tools.check.card.rules_body
import tools.check.card.rules_header
import tools.check.faces.rules
import tools.check.images.rules
import tools.check.repo.rules
import tools.check.sheet.rules
from tools.check.findings import Rule

FAMILIES = {
    "SH": ("the sheet", [tools.check.sheet.rules]),
    "IM": ("raw folders and images", [tools.check.images.rules]),
    "FC": ("crops of faces", [tools.check.faces.rules]),
    "AN": ("EmoNet annotations", [tools.check.annotations.rules]),
    "CA": ("dataset cards", [tools.check.card.rules_header, tools.check.card.rules_body]),
    "RE": ("repository folders", [tools.check.repo.rules]),
}
RULES: dict[str, Rule] = {
    rule.id: rule
    for _, modules in FAMILIES.values()
    for module in modules
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}


def chosen(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    """Return the ids that `select` names (all, where it names none) without those that `ignore` names.

    Each name is an id or the beginning of one, in any case. Raises ValueError for a name that no rule has.
    """
    wanted, unwanted = _ids(select), _ids(ignore)
    return frozenset((wanted or RULES.keys()) - unwanted)


def _ids(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        ids = {rule for rule in RULES if name and rule.startswith(name.upper())}
        if not ids:
            raise ValueError(f"no rule is called {name!r} or begins so: `diffusionfer rules` lists them")
        found |= ids
    return found
