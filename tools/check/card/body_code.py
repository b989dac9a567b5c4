"""Checks that the code of a card parses as the language that it claims; nothing of it is ever run."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import textwrap
import warnings
from collections.abc import Iterator

from tools.check.card.body_text import Block, Body
from tools.check.card.rules_body import CODE_EMPTY, CODE_JSON, CODE_PYTHON, CODE_SHELL, CODE_YAML
from tools.check.findings import Finding, Rule, quote

LONGEST_CODE = 100_000  # characters of a block that are parsed
TIMEOUT = 2.0  # seconds for bash, which takes 2 ms
PYTHON = ("python", "python3", "py", "pycon", "ipython")
SHELL = ("bash", "sh", "shell", "zsh")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_CUT = re.compile(r"\.\.\.|…|//|^\s*#|/\*", re.MULTILINE)  # left out for the reader, or said to them
_BLANK = re.compile(r"[\s,]*")
_PROMPT = re.compile(r"(?m)^[ \t]*(?:>>>|\.\.\.)(?: |$)")
_REPR = re.compile(r"<[A-Za-z_][^<>\n]{0,400}>")
_MAGIC = re.compile(r"(?m)^([ \t]*)(?:[!%]|%%)[^\n]*$|(?<=[\w)\]])\?{1,2}[ \t]*$")
_TREE = re.compile(r"(?m)^[ \t]*(?:[├└│]|â”[œ”‚])[^\n]*$")
_DOLLAR = re.compile(r"[ \t]*(?:\([\w.-]{1,40}\) )?(?:[\w.-]{1,40}@[^\s$]{1,80})?\$ ")
_BASH = re.compile(r"line (\d+): ([^\n]*)")
_JSON_WANTS = (
    ("Expecting ',' delimiter", "a comma before"),
    ("Expecting ':' delimiter", "a colon before"),
    ("Expecting property name", "a name in double quotes"),
    ("Illegal trailing comma", "a name in double quotes"),
    ("Expecting value", "a value"),
    ("Unterminated string", "the end of a string"),
)


def _found(rule: Rule, body: Body, block: Block, line: int, wanted: str, what: str = "the block") -> Finding:
    """Return the finding that a block does not parse at a line of its own, from 1."""
    lines = block.text.split("\n")
    nth = min(max(line, 1), len(lines))
    while nth > 1 and not lines[nth - 1].strip():
        nth -= 1
    message = f"{what} does not parse, expected {wanted}, got {quote(lines[nth - 1].strip())}"
    return rule.at(body.name, message, line=block.line + nth - 1, value=lines[nth - 1].strip())


def _code(body: Body, *languages: str) -> Iterator[Block]:
    for block in body.blocks:
        if block.kind == "code" and block.language in languages and len(block.text) <= LONGEST_CODE:
            yield block


def empty_code(body: Body) -> Iterator[Finding]:
    """Yield blocks of code that hold nothing."""
    for block in body.blocks:
        if block.kind == "code" and not block.text.strip() and not block.language.startswith("{"):
            fence = block.line - 1
            yield CODE_EMPTY.at(body.name, "the block of code is empty, expected code", line=fence)


def bad_json(body: Body) -> Iterator[Finding]:
    """Yield blocks that claim to be JSON, or look it and claim nothing, and do not parse.

    What is cut ('...') or commented is for the reader, and left to them.
    """
    for block in _code(body, "json", ""):
        claimed = block.language == "json"
        bare = _STRING.sub('""', block.text)
        looks = re.match(r'\s*\{\s*"', block.text) and block.text.rstrip().endswith("}")
        if _CUT.search(bare) or not (claimed or (looks and not re.search(r"<\w", bare))):
            continue
        problem = _json_problem(block.text)
        part = "{" + block.text.strip().rstrip(",") + "}"  # some keys of an object, shown without its braces
        if problem and (_json_problem(part) if claimed else _python_problem(block.text.strip(), "eval")):
            line, wanted = problem
            what = "the block of JSON" if claimed else "the block looks like JSON and"
            yield _found(CODE_JSON, body, block, line, wanted, what)


def _json_problem(text: str) -> tuple[int, str] | None:
    """Return line and what was expected where a text is not JSON, nor several values of it one after the other."""
    decoder = json.JSONDecoder()
    position = 0
    while (position := _end(_BLANK.match(text, position))) < len(text):
        try:
            _, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            wanted = next((words for begin, words in _JSON_WANTS if error.msg.startswith(begin)), error.msg.lower())
            return error.lineno, wanted
        except (ValueError, RecursionError):
            return None  # a number of thousands of digits, or brackets a thousand deep: not what a reader trips over
    return None


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0


def bad_python(body: Body) -> Iterator[Finding]:
    """Yield blocks that claim to be Python and do not parse; prompts, IPython's magics and <objects> are understood."""
    for block in _code(body, *PYTHON):
        typed = ">>> " in block.text or block.language == "pycon"
        source = _session(block.text) if typed else block.text
        problem = _python_problem(source)
        lenient = _MAGIC.sub(r"\1pass", _REPR.sub("_", textwrap.dedent(source))).replace("...", "_")
        if problem and _python_problem(lenient):
            line, wanted = problem
            yield _found(CODE_PYTHON, body, block, line, f"Python ({wanted})", "the block of Python")


def _session(text: str) -> str:
    """Return what was typed in a session of Python, what was printed being blank lines."""
    lines = []
    for line in text.split("\n"):
        prompt = _PROMPT.match(line)
        lines.append(line[prompt.end() :] if prompt else "")
    return "\n".join(lines)


def _python_problem(source: str, mode: str = "exec") -> tuple[int, str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(textwrap.dedent(source), mode=mode)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def bad_yaml(body: Body) -> Iterator[Finding]:
    """Yield blocks that claim to be YAML and do not parse; aliases are not expanded."""
    for block in _code(body, "yaml", "yml"):
        import yaml

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            for _ in yaml.parse(block.text, Loader=loader):
                pass
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            missing = re.search(r"expected ([^\n]{1,40}?)(?:, but|$)", error.problem or "")
            wanted = f"{missing[1]} in it" if missing else "YAML"
            yield _found(CODE_YAML, body, block, mark.line + 1 if mark else 1, wanted, "the block of YAML")
        except (yaml.YAMLError, ValueError, RecursionError):
            yield _found(CODE_YAML, body, block, 1, "YAML of printable characters", "the block of YAML")


def bad_shell(body: Body) -> Iterator[Finding]:
    """Yield blocks that claim to be shell commands and are drawn trees of files, or nothing that `bash -n` takes.

    All blocks are read by one bash; where it finds a fault, or two that hide each other, each block gets its own.
    """
    blocks = []
    for block in _code(body, *SHELL):
        if tree := _TREE.search(block.text):
            line = block.text.count("\n", 0, tree.start()) + 1
            yield _found(CODE_SHELL, body, block, line, "commands and no tree of files", "the block of commands")
        elif block.text.strip():
            blocks.append(block)
    bash = shutil.which("bash") if blocks else None
    if bash is None or _shell_problem(bash, "\n".join(_commands(block.text) for block in blocks)) is None:
        return
    for block in blocks[:50]:
        if wrong := _shell_problem(bash, _commands(block.text)):
            yield _found(CODE_SHELL, body, block, wrong, "what `bash -n` takes", "the block of commands")


def _commands(text: str) -> str:
    """Return the commands of a block: without prompts and what was printed, with a word for each <placeholder>."""
    lines = text.split("\n")
    if any(map(_DOLLAR.match, lines)):
        kept, goes_on = [], False
        for line in lines:
            prompt = _DOLLAR.match(line)
            kept.append(line[prompt.end() :] if prompt else line if goes_on else "")
            goes_on = bool((prompt or goes_on) and line.rstrip().endswith("\\"))
        lines = kept
    return re.sub(r"<[A-Za-z][\w .:/-]{0,80}>|\[[A-Za-z][\w .:/|-]{0,80}\]", "word", "\n".join(lines)) + "\n"


def _shell_problem(bash: str, commands: str) -> int | None:
    """Return the line at which bash cannot read commands, which it reads and does not run."""
    try:
        ran = subprocess.run(
            [bash, "--norc", "--noprofile", "-n"],
            input=commands.replace("\0", "").encode("utf-8", "replace"),
            capture_output=True,
            timeout=TIMEOUT,
            env={"LC_ALL": "C", "PATH": ""},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = _BASH.search(ran.stderr.decode("utf-8", "replace"))
    return int(said[1]) if ran.returncode and said else None
