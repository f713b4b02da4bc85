"""Static completion scripts for bash, zsh and fish, from an outline of the command line."""

from actcli.render.completions.outline import CompletedArgument, CompletedCommand, CompletedOption, Outline

__all__ = ["CompletedArgument", "CompletedCommand", "CompletedOption", "Outline", "script"]


def script(shell: str, outline: Outline) -> str:
    """Return the completion script for `bash`, `zsh` or `fish`."""
    if shell == "bash":
        from actcli.render.completions.bash import bash_script as write
    elif shell == "zsh":
        from actcli.render.completions.zsh import zsh_script as write
    else:
        from actcli.render.completions.fish import fish_script as write
    return write(outline)
