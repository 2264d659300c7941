"""Finds the functions of a C++ file by counting braces: good enough to measure them, not a parser."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
    """,
    re.VERBOSE | re.DOTALL,
)


def without_comments_and_strings(text: str) -> str:
    """`text` with every comment and literal emptied; line numbers stay."""
    return _TOKEN.sub(
        lambda found: '""' + "\n" * found[0].count("\n") if found[0][0] in "R\"'" else "\n" * found[0].count("\n"), text
    )


def _kind(introduction: str, outer: str) -> str:
    """What a block is, by the text before its brace: scope, function or other."""
    if outer != "scope":
        return "other"
    if re.search(r"\bnamespace\b", introduction) or introduction.strip().endswith('extern ""'):
        return "scope"
    if re.search(r"\b(?:class|struct|union|enum)\b", introduction) and "(" not in introduction.split("template")[0]:
        return "scope"
    if introduction.rstrip().endswith("="):
        return "other"  # a table of constants is as long as it must be
    return "function"


def functions(code: str) -> Iterator[tuple[str, int, int]]:
    """(name, first line, last line) of every function body in code without comments and strings."""
    stack: list[tuple[str, str, int]] = []
    introduction_start = 0
    line = 1
    # Preprocessor lines may hold unmatched braces.
    code = re.sub(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", lambda m: "\n" * m[0].count("\n"), code, flags=re.MULTILINE)
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == "{":
            introduction = code[introduction_start:position]
            outer = stack[-1][0] if stack else "scope"
            stack.append((_kind(introduction, outer), introduction, line))
            introduction_start = position + 1
        elif character == "}" and stack:
            kind, introduction, first = stack.pop()
            introduction_start = position + 1
            if kind == "function":
                named = re.search(r"([\w:~]+)\s*\(", introduction)
                yield (named[1] if named else "a block"), first, line
        elif character == ";":
            introduction_start = position + 1
