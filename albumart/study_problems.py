"""What is wrong with a study file, for people: the line, what was expected, and what came."""

import re
from collections import Counter
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import ErrorDetails


def explain_problem(problem: ErrorDetails, root: type[BaseModel], path: Path, text: str) -> str:
    """One sentence about one problem of the file at ``path``, whose text ``root`` refused."""
    location = [str(part) for part in problem["loc"]]
    if re.search(r"^\s*\[collect\]", text, re.MULTILINE) and location[:2] == ["collect", "0"]:
        del location[1]  # there the one table is the first of a list
    where = f"{path}:{_line_of(location, text)}: {'.'.join(location)}"
    if problem["type"] == "extra_forbidden":
        choices = ", ".join(_fields_at(root, location[:-1]))
        return f"{where}: unknown key; expected one of: {choices}"
    return f"{where}: {problem['msg']}; got {problem['input']!r}"


def _line_of(location: list[str], text: str) -> int:
    """Best line to look at: the key's own line inside its table, else the table's."""
    line, table, tables = 1, list[str](), Counter[str]()
    for number, content in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[+)([\w.-]+)\]+", content):
            table = header[2].split(".")
            if header[1] == "[[":  # of a list, in which the location has a number
                table.append(str(tables[header[2]]))
                tables[header[2]] += 1
            line = number if _meet(table, location) else line
        key = re.match(r"\s*([\w-]+)\s*=", content)
        if key and (path := [*table, key[1]]) == location[: len(path)]:
            return number
    return line


def _meet(table: list[str], location: list[str]) -> bool:
    """Whether a location lies in a table, or is the list that the table is one of."""
    return all(one == other for one, other in zip(table, location, strict=False))


def _fields_at(root: type[BaseModel], location: list[str]) -> list[str]:
    model = root
    for part in location:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
    return sorted(model.model_fields)
