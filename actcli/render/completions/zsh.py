"""The completion script for zsh."""

from actcli.render.completions.outline import CompletedArgument, CompletedCommand, CompletedOption, Outline

TEMPLATE = r"""#compdef actcli
# zsh completion for actcli, made by: actcli completion zsh

_actcli_own() { # your own functions, where actcli has read their file as it is: names, or parameters of function $1
  local list=$XDG_CACHE_HOME file=$XDG_CONFIG_HOME name parameters
  reply=()
  [[ $list == /* ]] || list=$HOME/.cache
  [[ $file == /* ]] || file=$HOME/.config
  list=$list/actcli/functions file=$file/actcli/functions.toml
  if [[ -n ${ACTCLI_CONFIG+set} ]]; then
    file=$ACTCLI_CONFIG
    [[ -d $file ]] && file=${file%/}/functions.toml
    [[ $file == /* ]] || file=$PWD/$file
  fi
  [[ -f $list && -f $file && ! $list -nt $file && ! $file -nt $list ]] || return 0
  {
    IFS= read -r name && [[ $name == "# $file" ]] || return 0
    while read -r name parameters; do
      if [[ -z $1 ]]; then reply+=($name); elif [[ $name == "$1" ]]; then reply+=(${=parameters}); fi
    done
  } <$list
}

_actcli_functions() {
  local -a parameters left reply
  local name
  if [[ $PREFIX == *:* ]]; then
    case ${PREFIX%%:*} in
@PARAMETERS@
    esac
    _actcli_own ${PREFIX%%:*}
    for name in $parameters $reply; do
      [[ $PREFIX == *[:,]$name=* ]] || left+=($name=)
    done
    compset -P '*[:,]'
    compadd -S '' -- $left
  elif [[ $PREFIX == *.* ]]; then
    compadd -- @DIALECT_NAMES@
  else
    _actcli_own
    compadd -- @PLAIN_NAMES@ $reply
    compadd -S '' -- @DIALECTS@
  fi
}

_actcli() {
  local curcontext=$curcontext state state_descr line ret=1
  local -A opt_args
  local -a commands
  commands=(
@COMMANDS@
  )
  _arguments -C \
@OPTIONS@
    '1:command:->command' \
    '*::argument:->argument' && ret=0
  case $state in
  command) _describe -t commands command commands && ret=0 ;;
  argument)
    curcontext=${curcontext%:*:*}:actcli-$line[1]:
    case $line[1] in
@CASES@
    esac
    ;;
  esac
  return ret
}

# Sourced from a start-up file, the script registers itself; found in $fpath, it is called.
if [[ $funcstack[1] == _actcli ]]; then
  _actcli "$@"
else
  compdef _actcli actcli
fi
"""


def zsh_script(outline: Outline) -> str:
    """Return the whole script, in the words of zsh's own `_arguments`."""
    cases = []
    for command in outline.commands:
        specs = [*map(_option, command.options), *_arguments(command)]
        cases += [
            f"    {command.name})",
            "      _arguments -s -S \\",
            _lines(specs, 8) + " && ret=0",
            "      ;;",
        ]
    parts = {
        "PARAMETERS": [
            f"    {'|'.join(names)}) parameters=({' '.join(parameters)}) ;;"
            for parameters, names in outline.by_parameters()
        ],
        "DIALECT_NAMES": [" ".join(outline.dialect_names)],
        "PLAIN_NAMES": [" ".join(outline.plain_names)],
        "DIALECTS": [" ".join(outline.dialects)],
        "COMMANDS": [f"    {_quoted(f'{c.name}:{c.summary}')}" for c in outline.commands],
        "OPTIONS": [_lines(list(map(_option, outline.options)), 4) + " \\"],
        "CASES": cases,
    }
    text = TEMPLATE
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _lines(specs: list[str], indent: int) -> str:
    return " \\\n".join(" " * indent + spec for spec in specs)


def _option(option: CompletedOption) -> str:
    """Return an option's specification: `'(-i --input)'{-i+,--input=}'[help]:FILE:_files'`."""
    summary = _escaped(option.summary)
    labels = option.label.split() if option.values > 1 else [option.label] * option.values
    values = "".join(f":{_escaped(label)}:{_action(option.kind, option.choices)}" for label in labels)
    what = f"[{summary}]{values}"
    # --range takes two words, so it has no `=` form
    ends = {0: ("", ""), 1: ("+", "=")}.get(option.values, ("", ""))
    names = [name + ends[name.startswith("--")] for name in option.names]
    if len(names) == 1:
        return _quoted(names[0] + what)
    return f"{_quoted('(' + ' '.join(option.names) + ')')}{{{','.join(names)}}}{_quoted(what)}"


def _arguments(command: CompletedCommand) -> list[str]:
    return [
        _quoted(f"{'*' if argument.repeats else place}:{argument.label}:{_argument(argument)}")
        for place, argument in enumerate(command.arguments, 1)
    ]


def _argument(argument: CompletedArgument) -> str:
    return "_actcli_functions" if argument.kind == "function" else _action(argument.kind, argument.choices)


def _action(kind: str, choices: tuple[str, ...]) -> str:
    if choices:
        return f"({' '.join(choices)})"
    return "_files" if kind == "file" else " "


def _escaped(text: str) -> str:
    for character in r"\[]:":
        text = text.replace(character, "\\" + character)
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
