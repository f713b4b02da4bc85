"""The files of recorded activations that a command line names, each with the layer that its name says."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError
from actcli.packing import without_packing
from actcli.remote import is_url, url_files
from actcli.sources.number_request import suffix_of
from actcli.terminal import without_credentials

STDIN = "-"
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file, the layer it belongs to, and whether the command line named that layer."""

    path: str
    layer: str
    is_named: bool

    @property
    def suffix(self) -> str:
        """The suffix in lower case, with its dot; `.npy` of `x.npy.gz`."""
        return suffix_of(self.path)


def expand_patterns(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return the tokens with the files that patterns on this machine match in their places, as a shell would have it.

    URLs and `layer=pattern` stay as they are. Raises DataError for a pattern that matches none.
    """
    paths: list[str] = []
    for token in tokens:
        if is_url(token) or not glob.has_magic(token) or _names_layer(token):
            paths.append(token)
        else:
            paths += matching_files(token, token)
    return tuple(paths)


def record_files(tokens: Sequence[str]) -> list[RecordFile]:
    """Return the files that tokens name: each a file, `-` for stdin, or `layer=pattern` for shards of one layer.

    `layer=-` is stdin with the name of its layer.

    Raises UsageError for a file that is named twice, DataError for a pattern that matches none.
    """
    files: list[RecordFile] = []
    for token in tokens:
        if _names_layer(token):
            layer, _, pattern = token.partition("=")
            files += (RecordFile(path, layer, is_named=True) for path in matching_files(pattern, token))
        elif is_url(token) and glob.has_magic(token):
            paths = matching_files(token, token)
            files += (RecordFile(path, _stem(path), is_named=False) for path in paths)
        else:
            files.append(RecordFile(token, "stdin" if token == STDIN else _stem(token), is_named=False))
    _require_different([file.path for file in files])
    # two files of one name in two folders are two layers
    stems = Counter(file.layer for file in files if not file.is_named)
    twice = [file.path for file in files if not file.is_named and stems[file.layer] > 1]
    names = dict(zip(twice, _names_apart(twice), strict=True))
    return [
        replace(file, layer=names[file.path]) if not file.is_named and file.path in names else file
        for file in files
    ]


def _names_layer(token: str) -> bool:
    layer, equals, _ = token.partition("=")
    return bool(equals and layer) and "/" not in layer and not os.path.exists(token)  # noqa: PTH110


def _names_apart(paths: Sequence[str]) -> list[str]:
    """Return names with the folders that tell files apart; of absolute paths those that all of them are in go."""
    names = [_without_suffix(path) for path in paths]
    if not names or not all(map(os.path.isabs, names)):
        return names
    common = os.path.commonpath(list(map(os.path.dirname, names)))
    return [os.path.relpath(name, common) for name in names]


def _require_different(paths: Sequence[str]) -> None:
    by_place: dict[str, str] = {}
    for path in paths:
        first = by_place.setdefault(path if is_url(path) else os.path.realpath(path), path)
        if first != path:
            raise UsageError(f"{first} and {path} are one file: it would count twice")
    twice = next((path for path, count in Counter(paths).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"{'stdin' if twice == STDIN else twice}: is named twice: it would count twice")


def matching_files(pattern: str, token: str) -> list[str]:
    """Return the files of a pattern, part10 after part9. Raises DataError, naming the token, where there is none."""
    if pattern == STDIN:
        return [STDIN]
    if os.path.exists(pattern):  # noqa: PTH110 - a name may hold brackets
        return [pattern]
    found = url_files(pattern) if is_url(pattern) else glob.glob(pattern, recursive=True)  # noqa: PTH207
    paths = sorted(found, key=_natural)
    if not paths:
        what = "" if pattern == token else f" {pattern or 'an empty pattern'}"
        raise DataError(f"{without_credentials(token)}: no file matches{what}")
    return paths


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(path)]


def _stem(path: str) -> str:
    return _without_suffix(os.path.basename(path)) or path  # noqa: PTH119


def _without_suffix(path: str) -> str:
    """Return a name without its suffix, and without that of its packing."""
    return os.path.splitext(without_packing(path))[0]  # noqa: PTH122
