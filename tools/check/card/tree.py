"""Reads the YAML of a card's header into nodes, which know where they stand, and into values.

A header is untrusted: it is bounded in size, in depth and in what its aliases expand to before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.reader import Reader

LARGEST_HEADER = 10**6  # characters; a header that names 20,000 classes has fewer
DEEPEST = 100  # levels; the deepest features of published datasets take about twenty
MOST_VALUES = 10**5  # values, aliases written out
LONGEST_NUMBER = 100  # characters
# libyaml reads some ten times faster, but is not in every build of PyYAML.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")


@dataclass(eq=False)
class TreeError(Exception):
    """Why a header cannot be read: `kind` is "yaml" or "size", `index` the character where it shows (or None)."""

    kind: str
    message: str
    index: int | None = None


def compose(text: str) -> yaml.Node | None:
    """Return the root of a header's YAML, None where there is nothing in it. Raises TreeError."""
    if len(text) > LARGEST_HEADER:
        raise TreeError("size", f"the header has {len(text):,} characters, expected at most {LARGEST_HEADER:,}")
    if found := Reader.NON_PRINTABLE.search(text):
        name = f"U+{ord(found[0]):04X}"
        raise TreeError("yaml", f"the header holds the character {name}, which YAML forbids", found.start())
    try:
        _bound(text)
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.problem, error.context) if part)
        raise TreeError("yaml", f"the header is not YAML: {words}", mark.index if mark else None) from error
    except (yaml.YAMLError, ValueError) as error:
        raise TreeError("yaml", f"the header is not YAML: {' '.join(str(error).split())}") from error
    if root is not None:
        _refuse_expansion(root)
    return root


def _bound(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=LOADER)):
        if number > MOST_VALUES:
            raise TreeError("size", f"the header has more than {MOST_VALUES:,} values", _index(event))
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > DEEPEST:
                message = f"the header nests more than {DEEPEST} levels deep"
                raise TreeError("size", message, _index(event))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _index(event: yaml.Event) -> int | None:
    return event.start_mark.index if event.start_mark else None


def children(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the nodes right below a node, keys and values."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _refuse_expansion(root: yaml.Node) -> None:
    """Raise TreeError where aliases make the header, written out, larger than any header is, or endless."""
    sizes: dict[int, int] = {}  # of what was written out; 0 while a node is
    waiting = [root]
    while waiting:
        node = waiting[-1]
        below = [child for child in children(node) if id(child) not in sizes]
        if id(node) not in sizes and below:
            sizes[id(node)] = 0
            waiting += below
            continue
        waiting.pop()
        if sizes.get(id(node)):
            continue  # an alias of it was written out meanwhile
        parts = [sizes.get(id(child), 0) for child in children(node)]
        total = 1 + sum(parts)
        if 0 in parts or total > MOST_VALUES:
            what = "never end" if 0 in parts else f"make more than {MOST_VALUES:,} values"
            words = f"the aliases of the header {what} when they are written out"
            raise TreeError("size", words, node.start_mark.index)
        sizes[id(node)] = total


def construct(root: yaml.Node) -> Any:
    """Return the values of a tree, as `yaml.safe_load` has them. Raises TreeError for a value that is none."""
    for node in walk(root):
        # Python takes the square of the digits' number to make a number, and refuses to print it.
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            words = f"the header holds a number of {len(node.value):,} characters"
            raise TreeError("yaml", words, node.start_mark.index)
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"the header is not plain YAML: {error.problem or error.context}"
        raise TreeError("yaml", words, mark.index if mark else None) from error
    # A tag that its value does not fit makes PyYAML raise nearly anything: `!!int ''`, `!!bool x`, 2022-13-45.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TreeError("yaml", f"the header holds a value that YAML cannot make: {error}") from error


def duplicates(root: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the first and each further key of the same name in one mapping, anywhere in the tree."""
    for node in walk(root):
        if isinstance(node, yaml.MappingNode):
            first: dict[tuple[str, str], yaml.Node] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    known = first.setdefault((key.tag, key.value), key)
                    if known is not key:
                        yield known, key


def walk(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node of a tree once."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        yield node
        for child in children(node):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def lookup(root: yaml.Node | None, path: tuple[str | int, ...]) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that names what stands at `path` (its key, or in a list itself) and the node of its value.

    Of keys that stand twice it is the last, as `yaml.safe_load` has it; None where there is nothing.
    """
    found = None
    for step in path:
        if isinstance(root, yaml.MappingNode):
            pairs = [(key, value) for key, value in root.value if isinstance(step, str) and key.value == step]
            found = pairs[-1] if pairs else None
        elif isinstance(root, yaml.SequenceNode) and isinstance(step, int) and step < len(root.value):
            found = (root.value[step], root.value[step])
        else:
            found = None
        if found is None:
            return None
        root = found[1]
    return found
