"""`actcli remove`: a function of one's own goes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from actcli.commands.build import build_command
from actcli.commands.declaration import Argument
from actcli.commands.own.change import File, change_functions
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations.personal import Entry
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli remove my_gate
  actcli list --own
"""


@dataclass(frozen=True, kw_only=True)
class RemoveOptions:
    """The command line of `remove`."""

    name: Annotated[str, Argument("NAME", help="The name, or an alias, of a function of your own.")]
    functions: File = None


def remove_function(options: RemoveOptions, session: "Session") -> None:
    """Remove a function of your own.

    Its lines go from functions.toml; the rest of that file stays as it is. A
    function that others use stays: remove those first.
    """
    from actcli.activations.names import normalise
    from actcli.sources.functions.functions_text import without_entry

    removed: list[str] = []

    def make(content: bytes, path: str, entries: "list[Entry]") -> bytes:
        named = next((one for one in entries if normalise(options.name) in one.names), None)
        if named is None:
            from difflib import get_close_matches

            from actcli.activations.catalogue import find_catalogued
            from actcli.activations.names import offer

            if find_catalogued(options.name):
                raise UsageError(
                    f"{options.name} is in the catalogue; only functions of your own can be removed"
                )
            near = get_close_matches(options.name, [one.name for one in entries], n=3)
            raise UsageError(
                f"{options.name!r} is not in {path}{offer(near) or '; actcli list --own shows yours'}"
            )
        removed.append(named.name)
        return without_entry(content, path, named.name)

    path = change_functions(options.name, options.functions, make, session)
    session.terminal.say(f"actcli: {removed[0]} is removed from {path}")


command = build_command("remove", RemoveOptions, remove_function, epilog=EPILOG)
