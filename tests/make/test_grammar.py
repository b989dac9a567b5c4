"""Grammars: the packaged ones against what is published, prompts and back as a law, and what is refused."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS, EMOTIONS
from tools.check.annotations.demographics import ETHNICITIES, GENDERS, OLDEST, YOUNGEST
from tools.make import design
from tools.make.generation import base
from tools.make.generation.samplers import SAMPLERS
from tools.make.grammar import Grammar
from tools.make.grammar_file import KEYS, PACKAGED, load, made
from tools.make.grammar_settings import BOUNDS

# --- the packaged grammars ------------------------------------------------------------------------------------------


def test_the_tables_are_those_of_the_published_card(shared: Path) -> None:
    """Every word of the card's table of categories and of its settings, in its order, and its template."""
    card = (shared / "cards" / "diffusionfer_card.md").read_text(encoding="utf-8")
    grammar = load("diffusionfer")
    for column, table in grammar.tables.items():
        (cell,) = re.findall(rf"\| `{column.capitalize()}` *\|(.*?)\|", card)
        assert [text.strip() for text in cell.split("<br>") if text.strip() != "..."] == list(table.values())
    (published,) = re.findall(r'Basic format is as follows: "(.*)"\.', card)
    assert re.sub(r"[\[\]]", "", grammar.template) == re.sub(
        r"`(\w+)`", lambda match: f"{{{match[1].lower()}}}", published
    )
    block = card.partition("### Prompt Engineering")[2]
    names = {"negative prompt": "negative_prompt", "sampling method": "sampler", "CFG scale": "cfg_scale"}
    settings_ = dict(re.findall(r'"([\w ]+)": "?(.*?)"?,?\n', block))
    ours = {name: str(value) for name, value in grammar.settings.items()}
    assert {names.get(name, name.lower()): value for name, value in settings_.items()} == ours


def test_the_rules_are_those_of_the_embedded_design() -> None:
    """Who is handsome, and how many rows have a style and a scene, is what dataset_sheet.csv was made with."""
    grammar = load("diffusionfer")
    rules = {style: {"gender": (gender,)} for style, gender in design.ONLY_FOR.items()}
    assert grammar.only_with == {"style": rules}
    assert grammar.shares == {"style": design.STYLED, "others": design.PLACED}
    assert tuple(grammar.tables["emotion"]) == EMOTIONS


def test_the_words_of_emonet_are_those_of_its_guide(shared: Path) -> None:
    """40 categories with all words of guide.json, 14 ethnicities, three genders, ages from 20 to 80."""
    grammar = load("emonet")
    guide = json.loads((shared / "emonet" / "guide.json").read_text(encoding="utf-8"))["options"]["labels"]
    assert tuple(grammar.tables["emotion"]) == EMONET_EMOTIONS == tuple(guide)
    for emotion, text in grammar.tables["emotion"].items():
        once = {word.casefold(): word for word in reversed(guide[emotion])}  # the first of those that stand twice
        assert text.split(", ") == sorted(once.values(), key=guide[emotion].index)
    assert tuple(grammar.tables["ethnicity"]) == ETHNICITIES
    assert tuple(grammar.tables["gender"]) == GENDERS
    assert [int(age) for age in grammar.tables["age"]] == list(range(YOUNGEST, OLDEST + 1, 10))


def test_a_prompt_of_emonet_reads_as_the_published_ones_do() -> None:
    """The wording that the Hub's viewer shows for EmoNet-Face."""
    values = {"emotion": "Awe", "ethnicity": "Indian", "age": "60", "gender": "man"}
    assert load("emonet").render(values) == (
        "a focused close-up photo of a Indian man of 60 years with soft smooth skin who seems to genuinely experience "
        "awe, awestruck, wonder. Strong facial expression of awe, awestruck, wonder. No wrinkles"
    )


def test_every_prompt_of_the_published_grammar_is_taken_apart_again() -> None:
    """All 6,300 prompts: each is read back as the values that made it, and no two are alike."""
    grammar = load("diffusionfer")
    seen = set()
    for values in _allowed(grammar):
        prompt = grammar.render(values)
        seen.add(prompt)
        assert grammar.parse(prompt) == values
    assert len(seen) == 7 * 3 * 3 * (10 + 10) * 5


@given(st.data())
def test_a_prompt_of_emonet_is_taken_apart_again(data: st.DataObject) -> None:
    """parse(render(x)) == x, though the emotion stands in the prompt twice."""
    grammar = load("emonet")
    values = {column: data.draw(st.sampled_from(list(table)), column) for column, table in grammar.tables.items()}
    assert grammar.parse(grammar.render(values)) == values


@pytest.mark.parametrize("name", PACKAGED)
def test_what_is_shown_of_a_grammar_makes_it_again(name: str) -> None:
    """The JSON of a grammar is that grammar."""
    grammar = load(name)
    assert made(json.loads(json.dumps(grammar.as_json())), "again") == grammar


def _allowed(grammar: Grammar) -> list[dict[str, str]]:
    found = product(*(grammar.choices(column) for column in grammar.tables))
    every = (dict(zip(grammar.tables, values, strict=True)) for values in found)
    return [values for values in every if not grammar.breach(values)]


# --- any grammar ----------------------------------------------------------------------------------------------------

WORDS = st.text("ab ", min_size=1, max_size=3).filter(str.strip)
# Pieces of a template: text, a column that is always there, a column in brackets with text around it.
PIECES = st.lists(
    st.one_of(
        st.tuples(st.just("text"), WORDS, st.just(""), st.just("")),
        st.tuples(st.just("must"), st.just(""), st.sampled_from("xyz"), st.just("")),
        st.tuples(st.just("may"), st.text("ab ", max_size=2), st.sampled_from("uv"), st.text("ab ", max_size=2)),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def raw_grammars(draw: st.DrawFn) -> tuple[list[tuple[str, str, str, str]], dict[str, Any]]:
    """Draw the pieces of a template, with the content of the grammar's file."""
    pieces = draw(PIECES.filter(lambda some: any(piece[2] for piece in some)))
    columns = sorted({piece[2] for piece in pieces if piece[2]})
    values = st.lists(WORDS.map(str.strip), min_size=1, max_size=3, unique=True)
    tables: dict[str, Any] = {}
    for column in columns:
        names = draw(values)
        tables[column] = {name: draw(st.one_of(st.just(name), WORDS)) for name in names}
    rules: dict[str, Any] = {}
    if len(columns) > 1 and draw(st.booleans()):
        column, other = draw(st.permutations(columns))[:2]
        some = draw(st.lists(st.sampled_from(list(tables[other])), min_size=1, unique=True))
        rules = {column: {draw(st.sampled_from(list(tables[column]))): {other: some}}}
    shapes = {"text": "{0}", "must": "{{{1}}}", "may": "[{0}{{{1}}}{2}]"}
    template = "".join(shapes[kind].format(before, column, after) for kind, before, column, after in pieces)
    return pieces, {"name": "drawn", "template": template, "tables": tables, "only_with": rules}


def _texts(pieces: list[tuple[str, str, str, str]], raw: dict[str, Any]) -> list[tuple[dict[str, str], str]]:
    """Return all choices that the rules allow, with their prompt: without the code that is tested."""
    columns = list(raw["tables"])
    open_ = [[*([""] if column in "uv" else []), *raw["tables"][column]] for column in columns]
    out = []
    for values in (dict(zip(columns, some, strict=True)) for some in product(*open_)):
        rules = (raw["only_with"].get(column, {}).get(value, {}) for column, value in values.items())
        if all(values[other] in some for rule in rules for other, some in rule.items()):
            text = ""
            for kind, before, column, after in pieces:
                if kind == "text":
                    text += before
                elif values[column]:
                    text += before + raw["tables"][column][values[column]] + after
            out.append((values, text))
    return out


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(raw_grammars())
def test_a_grammar_is_refused_exactly_where_two_prompts_read_the_same(
    drawn: tuple[list[tuple[str, str, str, str]], dict[str, Any]],
) -> None:
    """Where all prompts differ, each is taken apart again; else the message shows a prompt that two choices make."""
    pieces, raw = drawn
    pairs = _texts(pieces, raw)
    texts = [text for _, text in pairs]
    if len(set(texts)) < len(texts):
        with pytest.raises(ValueError, match=r"^drawn\.json: ambiguous: ") as caught:
            made(raw, "drawn.json")
        assert any(texts.count(text) > 1 and str(caught.value).endswith(f" does: {text!r}") for text in texts)
        return
    grammar = made(raw, "drawn.json")
    for values, text in pairs:
        assert grammar.render(values) == text
        assert grammar.parse(text) == values


@given(st.text(max_size=30))
def test_no_other_text_is_a_prompt(text: str) -> None:
    """Whatever text comes, it is refused in one line that names the grammar."""
    with pytest.raises(ValueError, match=r"^not a prompt of the grammar 'diffusionfer': character \d+, at "):
        load("diffusionfer").parse(text)


# --- messages -------------------------------------------------------------------------------------------------------

PROMPT = (
    "sad emotion, with tears, lowered head, droopy eyebrows, latin old style, a realistic portrait of man, upper body"
)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (PROMPT.replace("latin", "asian"), "character 57, at 'asian old style, a realistic portrait of': expected race "
         "'white', 'black' or 'latin'"),
        (PROMPT.replace("old style", "old stile"), "character 69, at 'ile, a realistic portrait of man, upper ': "
         "expected 'yle, a realistic portrait of '"),
        (PROMPT[:-4], "character 109, at its end: expected 'body'"),
        (PROMPT + ", beach", "character 113, at ', beach': expected others ', cyberpunk', ', camping', ', ancient' or "
         "', medieval Europe' or the end"),
        (PROMPT.replace("man", "pretty man"), "style 'pretty' goes only with gender 'woman' (got 'man')"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_prompt_is_told_where_it_stops_to_fit(prompt: str, message: str) -> None:
    """Character, what stands there, and what was expected."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load("diffusionfer").parse(prompt)
    assert str(caught.value) == f"not a prompt of the grammar 'diffusionfer': {message}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"race": "blue"}, "race: expected one of 'white', 'black', 'latin' (got 'blue')"),
        ({"race": ""}, "race: expected one of 'white', 'black', 'latin' (got '')"),
        ({"hair": "red"}, "'hair' is no column of the grammar 'diffusionfer': emotion, race, age, gender, style, "
         "others"),
        ({"style": "handsome"}, "style 'handsome' goes only with gender 'man' (got 'woman')"),
    ],
)  # fmt: skip
def test_values_that_make_no_prompt_are_told(change: dict[str, str], message: str) -> None:
    """Column, value, and what is allowed."""
    values = {"emotion": "sad", "race": "latin", "age": "old", "gender": "woman"}
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load("diffusionfer").render({**values, **change})
    assert str(caught.value) == message


def test_a_value_that_is_missing_is_named() -> None:
    """A column that may not be empty has to be given."""
    with pytest.raises(ValueError, match=r"^emotion: no value is given, and it may not be empty$"):
        load("diffusionfer").render({"race": "latin"})


NULL = object()  # null in the file; None is what is not there
GOOD: dict[str, Any] = {"name": "mine", "template": "a {x} b[ {u}]", "tables": {"x": ["one", "two"], "u": ["more"]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "name is not there, expected text"),
        ({"templat": "a"}, "'templat' is no part of a grammar: name, extends, sources, template, tables, add, "
         "only_with, crossed, shares, settings"),
        ({"extends": "mine"}, "extends 'mine', expected one of diffusionfer, emonet"),
        ({"template": "a {x} {hair} b[ {u}]"}, "template: {hair} has no table: x, u"),
        ({"template": "a {x"}, "template, character 3: expected a column in braces, as in {emotion}"),
        ({"template": "a {} b"}, "template, character 3: expected a column in braces, as in {emotion}"),
        ({"template": "a } b"}, "template, character 3: no brace is open that this one closes: write }} for the sign"),
        ({"template": "{x}[ {u}"}, "template: a bracket is not closed: write [[ for the sign"),
        ({"template": "{x}[ b]"}, "template, character 7: a part in brackets needs one {column} and no other"),
        ({"template": "{x}[ {u}{u}]"}, "template, character 12: a part in brackets needs one {column} and no other"),
        ({"template": "{x}]"}, "template, character 4: a part in brackets needs one {column} and no other"),
        ({"template": "{x}[[{u}[ [{u}]]"}, "template, character 11: a bracket within a bracket"),
        ({"template": "{x}{u}[ {u}]"}, "template: {u} stands in brackets and without: put all its places in brackets, "
         "or none"),
        ({"template": "a {x}"}, "table 'u' has no place in the template: write {u} there, or remove it"),
        ({"tables": []}, "tables is a list, expected an object"),
        ({"tables": {"x": [], "u": ["more"]}}, "table 'x' is empty: give it a value, or remove it and its place in the "
         "template"),
        ({"tables": {"x": ["one", ""], "u": ["more"]}}, "table 'x', value 2 is empty"),
        ({"tables": {"x": ["one", 2], "u": ["more"]}}, "table 'x', value 2 is a number, expected text"),
        ({"tables": {"x": ["one", "one"], "u": ["more"]}}, "table 'x': 'one' stands there twice"),
        ({"tables": {"x": {"one": "  "}, "u": ["more"]}}, "table 'x': the text of 'one' is empty"),
        ({"tables": {"x": ["one\n"], "u": ["more"]}}, "table 'x', value 1 holds a line break or another character that "
         "nobody sees: 'one\\n'"),
        ({"tables": {"x": ["=1+1"], "u": ["more"]}}, "table 'x': value '=1+1' begins or ends with a blank, or begins "
         "as a formula does"),
        ({"tables": {"x": "one", "u": ["more"]}}, "table 'x' is text, expected a list of values, or an object with a "
         "text for each"),
        ({"add": {"y": ["one"]}}, "add: there is no table 'y' to add to: x, u"),
        ({"add": {"x": ["two"]}}, "add 'x': 'two' is in the table already"),
        ({"only_with": {"x": {"three": {"u": ["more"]}}}}, "only_with, x 'three': no table has x 'three'"),
        ({"only_with": {"x": {"one": {"u": ["less"]}}}}, "only_with, x 'one': no table has u 'less': give others, or "
         "{} for 'one' to go with all"),
        ({"only_with": {"x": {"one": {"u": []}}}}, "only_with, x 'one': expected another column and a list of its "
         "values"),
        ({"crossed": ["u"]}, "crossed: 'u' is no column that is always there"),
        ({"crossed": [["x"]]}, "crossed: ['x'] is no column that is always there"),
        ({"only_with": {"x": {"one": {"u": [["more"]]}}}}, "only_with, x 'one': no table has u ['more']: give others, "
         "or {} for 'one' to go with all"),
        ({"tables": {"x": NULL, "u": ["more"]}}, "table 'x' is null, expected a list of values, or an object with a "
         "text for each"),
        ({"name": NULL}, "name is null, expected text"),
        ({"tables": {"X": ["one"]}}, "tables: 'X' is no name of a column: a small letter, then small letters, digits "
         "and '_'"),
        ({"crossed": ["x", "x"]}, "crossed is a list, expected a list of columns, each once"),
        ({"shares": {"x": 0.5}}, "shares: 'x' is no column in brackets, which alone may be empty"),
        ({"shares": {"u": 60}}, "shares: 'u' is 60, expected a number from 0.01 to 1"),
        ({"settings": {"stpes": 50}}, "settings: 'stpes' is none of negative_prompt, steps, sampler, width, height, "
         "cfg_scale, seed"),
        ({"settings": {"steps": "50"}}, "settings: 'steps' is text, expected a whole number"),
        ({"settings": {"steps": -5}}, "settings: 'steps' is -5, expected 1 to 1000"),
        ({"settings": {"steps": True}}, "settings: 'steps' is a truth value, expected a whole number"),
        ({"settings": {"cfg_scale": float("inf")}}, "settings: 'cfg_scale' is inf, expected 0 to 100"),
        ({"settings": {"cfg_scale": float("nan")}}, "settings: 'cfg_scale' is nan, expected 0 to 100"),
        ({"settings": {"width": 500}}, "settings: 'width' is 500, expected a multiple of 8 pixels"),
        ({"settings": {"height": 8192}}, "settings: 'height' is 8192, expected 8 to 4096"),
        ({"settings": {"seed": 7}}, "settings: 'seed' is 7, expected -1: a design gives each row a seed of its own"),
        ({"settings": {"sampler": "nope"}}, "settings: 'sampler' is 'nope', expected one of "
         f"{', '.join(SAMPLERS)}"),
        ({"settings": {"negative_prompt": "=1+1"}}, "settings: 'negative_prompt' is '=1+1', expected text on one line "
         "that does not begin as a formula does"),
        ({"settings": {"negative_prompt": None}}, "settings: 'negative_prompt' is null, expected text"),
        ({"tables": {"x": {"one": "same", "two": "same"}, "u": ["more"]}}, "ambiguous: x 'one' reads as x 'two' does: "
         "'a same b more'"),
        ({"template": "{x}[{u}]", "tables": {"x": ["big", "big eyes"], "u": [" eyes"]}}, "table 'u': value ' eyes' "
         "begins or ends with a blank, or begins as a formula does"),
        ({"template": "{x}[ {u}]", "tables": {"x": ["big", "big eyes"], "u": ["eyes"]}}, "ambiguous: x 'big' with u "
         "'eyes' reads as x 'big eyes' with u '' does: 'big eyes'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_grammar_is_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    """Each message begins with the file and names the place and the value."""
    raw = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    raw = {key: None if value is NULL else value for key, value in raw.items()}
    if isinstance(raw.get("tables"), dict):
        raw["tables"] = {column: None if table is NULL else table for column, table in raw["tables"].items()}
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        made(raw, "mine.json")
    assert str(caught.value) == f"mine.json: {message}"


def test_signs_that_mean_something_can_be_written() -> None:
    """Doubled braces and brackets are the characters themselves."""
    grammar = made({"name": "mine", "template": "{{{x}}} [[now]]", "tables": {"x": ["one"]}}, "mine.json")
    assert grammar.render({"x": "one"}) == "{one} [now]"


def test_a_file_extends_a_packaged_grammar(tmp_path: Path) -> None:
    """What is given replaces, what is added comes behind, the rest stays; and the rules stay with it."""
    file = tmp_path / "mine.json"
    file.write_text(
        json.dumps({"name": "mine", "extends": "diffusionfer", "add": {"style": ["curly hair"]},
                    "tables": {"others": ["beach"]}, "shares": {"others": 1}, "settings": {"steps": 30}})
    )  # fmt: skip
    mine, published = load(file), load("diffusionfer")
    assert list(mine.tables["style"]) == [*published.tables["style"], "curly hair"]
    assert list(mine.tables["others"]) == ["beach"]
    assert (mine.name, mine.only_with, mine.crossed) == ("mine", published.only_with, published.crossed)
    assert mine.shares == {"style": 0.6, "others": 1}
    assert (mine.settings["steps"], mine.settings["sampler"]) == (30, "DPM++ 2M Karras")


def test_rules_are_inherited_value_by_value(tmp_path: Path) -> None:
    """A rule of one's own leaves the others, {} takes one away, and a value that is gone takes its rule with it."""

    def rules(**more: Any) -> Any:
        return made({"name": "mine", "extends": "diffusionfer", **more}, "mine").only_with

    man, woman, old = {"gender": ("man",)}, {"gender": ("woman",)}, {"age": ("old",)}
    own = {"style": {"gentle": {"age": ["old"]}}}
    assert rules(only_with=own) == {"style": {"handsome": man, "pretty": woman, "gentle": old}}
    assert rules(only_with={"style": {"pretty": {}}}) == {"style": {"handsome": man}}
    assert rules(tables={"style": ["curly hair", "pretty"]}) == {"style": {"pretty": woman}}
    assert rules(tables={"style": ["curly hair"]}) == {}
    with pytest.raises(ValueError, match=r"^mine: only_with, style 'handsome': no table has gender 'man': give others"):
        rules(tables={"gender": ["boy", "girl"]})


def test_the_bounds_are_those_of_generation() -> None:
    """What a grammar may say is what generation takes."""
    assert BOUNDS["steps"] == (1, base.MOST_STEPS)
    assert BOUNDS["width"] == BOUNDS["height"] == (8, base.LARGEST_SIDE)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(["x", "u", "one", "more", "emotion", "style", "man", *KEYS]) | st.text(max_size=3)
ANYTHING = st.recursive(
    SCALARS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500)
@given(
    st.sampled_from([GOOD, load("diffusionfer").as_json(), {"name": "mine", "extends": "diffusionfer"}]),
    st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=3) | ANYTHING,
)
def test_any_json_is_a_grammar_or_refused_in_one_line(good: dict[str, Any], change: Any) -> None:
    """Whatever stands in place of whatever: never another error than the one line."""
    message = "mine.json: "
    try:
        made({**good, **change} if isinstance(change, dict) else change, "mine.json")
    except ValueError as error:
        message = str(error)
    assert message.startswith("mine.json: ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "{file}: not the JSON of a grammar: Expecting property name enclosed in double quotes: line 1 column 2 "
         "(char 1)"),
        (b"[]", "{file}: the grammar is a list, expected an object"),
        (b'{"name": "a", "name": "b"}', "{file}: not the JSON of a grammar: 'name' stands twice in one object"),
        (b"\xff", "{file}: not the JSON of a grammar: 'utf-8' codec can't decode byte 0xff in position 0: invalid "
         "start byte"),
        (None, "{file} cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    """One line, whatever the file holds or is."""
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load(file)
    assert str(caught.value) == message.replace("{file}", str(file))


def test_a_name_that_is_none_is_told() -> None:
    """The packaged names are listed."""
    with pytest.raises(
        ValueError, match=r"^difusionfer is no grammar: give one of diffusionfer, emonet, or a JSON file$"
    ):
        load("difusionfer")


def test_a_large_grammar_is_checked_in_full() -> None:
    """Thousands of values, whose clash is found all the same."""
    values = [f"v{number}" for number in range(3000)]
    raw = {"name": "many", "template": "{x} {y}", "tables": {"x": values, "y": values}}
    assert len(made(raw, "many").tables["x"]) == 3000
    clashing = {**raw, "tables": {"x": [*values, "v7 v8"], "y": [*values, "v8 v9"]}}
    with pytest.raises(
        ValueError, match=r"^many: ambiguous: x 'v7' with y 'v8 v9' reads as x 'v7 v8' with y 'v9' does:"
    ):
        made(clashing, "many")
