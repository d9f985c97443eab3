"""YAML files read with the line of every node, so that a message can name the place."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fjo_pipeline.core.errors import Refused

MAXIMUM_DEPTH = 50
MAXIMUM_ALIASES = 100
Location = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Lines:
    """The line (from 1) on which each node of a YAML file begins."""

    by_location: dict[Location, int]

    def of(self, location: Location) -> int:
        """The line of a node, or of the nearest node above it that is there."""
        for end in range(len(location), -1, -1):
            if location[:end] in self.by_location:
                return self.by_location[location[:end]]
        return 1


# libyaml's loader, where PyYAML was built with it, reads a contract six times faster.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc, valid-type]
    """SafeLoader, but what looks like a date and is none stays text, for the model to refuse with its line."""


def _date_or_text(loader: _Loader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_or_text)


def read_yaml_with_lines(path: Path) -> tuple[object, Lines]:
    """The content of a YAML file and its lines; Refused where it is no YAML."""
    return parse_yaml_with_lines(path.name, path.read_bytes())


def parse_yaml_with_lines(name: str, written: bytes) -> tuple[object, Lines]:
    """The content of a file's bytes and its lines; Refused, by the file's name, where they are no YAML."""
    root: yaml.Node | None = None
    try:
        text = written.decode("utf-8")
        _refuse_what_grows(name, text)
        root = yaml.compose(text, Loader=_Loader)
        content: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Refused(f"{name}, line {line}: this is no YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Refused(f"{name} is no YAML: it has characters that are not text in UTF-8") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        # What a tag such as !!int says that a value is, and it is not; or more digits than a number may have.
        raise Refused(
            f"{name}, line {_line_of_no_value(root)}: this value is not of the type that it looks like"
        ) from None
    found: dict[Location, int] = {}
    if root is not None:
        _collect(root, (), found)
    return content, Lines(found)


def read_model(path: Path, model: type[Model], what: str) -> Model:
    """A YAML file as a model; Refused where it is none, with file, line, place and rule of each mistake in `what`."""
    content, lines = read_yaml_with_lines(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path.name}, line {lines.of(each['loc'])}, {'.'.join(map(str, each['loc'])) or what}: {each['msg']}"
            for each in error.errors()
        ]
    # Raised outside the handler, so that not even its context keeps what was read.
    raise Refused(f"{what} is not usable:\n  " + "\n  ".join(problems))


def _refuse_what_grows(name: str, text: str) -> None:
    """Refused for what a small file could use to fill the memory: deep nesting, and aliases of parts with aliases."""
    anchored: list[bool] = []
    aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            anchored.append(event.anchor is not None)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchored.pop()
        aliases += isinstance(event, yaml.AliasEvent)
        line = event.start_mark.line + 1 if event.start_mark else 1
        if len(anchored) > MAXIMUM_DEPTH:
            raise Refused(f"{name}, line {line}: parts within parts more than {MAXIMUM_DEPTH} deep")
        if aliases > MAXIMUM_ALIASES or (isinstance(event, yaml.AliasEvent) and any(anchored)):
            raise Refused(
                f"{name}, line {line}: write out what this alias stands for: a file has at most {MAXIMUM_ALIASES}, "
                "and none within a part that has an anchor itself"
            )


def _line_of_no_value(node: yaml.Node | None) -> int:
    """The line of the first value that cannot be made of its text."""
    if isinstance(node, yaml.ScalarNode):
        try:
            _Loader("").construct_object(node)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, yaml.YAMLError):
            return int(node.start_mark.line) + 1
    parts = node.value if isinstance(node, yaml.CollectionNode) else []
    for part in parts:
        for each in part if isinstance(part, tuple) else (part,):
            if line := _line_of_no_value(each):
                return line
    return 0


def _collect(node: yaml.Node, location: Location, found: dict[Location, int]) -> None:
    found[location] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _collect(value, (*location, str(key.value)), found)
            found[(*location, str(key.value))] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*location, index), found)
