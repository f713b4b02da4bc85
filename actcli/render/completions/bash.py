"""The completion script for bash 3.2 and newer, which needs no bash-completion package."""

from actcli.render.completions.outline import CompletedArgument, CompletedCommand, CompletedOption, Outline

TEMPLATE = r"""# bash completion for actcli, made by: actcli completion bash

_actcli_parameters() { # the parameters of function $1
    case $1 in
@PARAMETERS@
    esac
}

_actcli_own() { # your own functions, where actcli has read their file as it is: names, or parameters of function $1
    local list=$XDG_CACHE_HOME file=$XDG_CONFIG_HOME name parameters
    [[ $list == /* ]] || list=$HOME/.cache
    [[ $file == /* ]] || file=$HOME/.config
    list=$list/actcli/functions file=$file/actcli/functions.toml
    if [[ ${ACTCLI_CONFIG+set} ]]; then
        file=$ACTCLI_CONFIG
        [[ -d $file ]] && file=${file%/}/functions.toml
        [[ $file == /* ]] || file=$PWD/$file
    fi
    [[ -f $list && -f $file && ! $list -nt $file && ! $file -nt $list ]] || return 0
    {
        IFS= read -r name && [[ $name == "# $file" ]] || return 0
        while read -r name parameters; do
            if [[ ! $1 ]]; then echo "$name"; elif [[ $name == "$1" ]]; then echo "$parameters"; fi
        done
    } <"$list"
}

_actcli_functions() { # the words that complete function $1
    case $1 in
    *:*)
        local before=${1%"${1##*[:,]}"} name
        for name in $(_actcli_parameters "${1%%:*}") $(_actcli_own "${1%%:*}"); do
            [[ $1 == *[:,]"$name="* ]] || echo "$before$name="
        done
        ;;
    *.*) echo '@DIALECT_NAMES@' ;;
    *) echo '@PLAIN_NAMES@ @DIALECTS@' && _actcli_own ;;
    esac
}

_actcli_values() { # the values of option $2 of command $1; fails where they are files
    case "$1 $2" in
@VALUES@
    esac
}

_actcli_options() { # the options of command $1
    case $1 in
@OPTIONS@
    esac
}

_actcli_arguments() { # the words that complete $3, argument $2 of command $1; fails where they are files
    case "$1 $2" in
@ARGUMENTS@
    esac
}

_actcli() {
    # bash splits words at : and =, so the words come from the line itself
    local line=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n'
    local current=${line##*[[:space:]]}
    local -a words
    read -r -a words <<<"${line%"$current"}"

    local command='' option='' word values=0 place=0 only_arguments=''
    for word in "${words[@]:1}"; do
        if ((values > 0)); then
            values=$((values - 1))
            continue
        fi
        if [[ $only_arguments ]]; then
            place=$((place + 1))
            continue
        fi
        case "$command $word" in
        *\ --) only_arguments=yes ;;
@ARITIES@
        *\ -[0-9.]*) place=$((place + 1)) ;;
        *\ -?*) ;;
        *) if [[ $command ]]; then place=$((place + 1)); else command=$word; fi ;;
        esac
    done

    local candidates='' before=''
    if ((values > 0)); then
        candidates=$(_actcli_values "$command" "$option") || { compopt -o default; return; }
    elif [[ $current == --*=* ]]; then
        before=${current%%=*}=
        candidates=$(_actcli_values "$command" "${current%%=*}") || { compopt -o default; return; }
    elif [[ $current == -* && ! $only_arguments ]]; then
        candidates=$(_actcli_options "$command")
    elif [[ ! $command ]]; then
        candidates='@COMMANDS@'
    else
        candidates=$(_actcli_arguments "$command" "$place" "$current") || { compopt -o default; return; }
    fi

    # readline's word begins after the last : or =
    local seen=''
    [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && seen=${current%"${current##*:}"}
    [[ $COMP_WORDBREAKS == *=* && ${current#"$seen"} == *=* ]] && seen=${current%"${current##*=}"}
    for word in $candidates; do
        word=$before$word
        [[ $word == "$current"* ]] || continue
        COMPREPLY+=("${word#"$seen"}")
        [[ $word == *[=.] ]] && compopt -o nospace
    done
} 2>/dev/null # bash 3 has no compopt

complete -F _actcli actcli
"""


def bash_script(outline: Outline) -> str:
    """Return the whole script: shell functions that only compare words, so that TAB starts no program."""
    options = outline.meanings()
    parts = {
        "PARAMETERS": [
            f"    {'|'.join(names)}) echo '{' '.join(parameters)}' ;;"
            for parameters, names in outline.by_parameters()
        ],
        "VALUES": [line for command, option in options if (line := _values(command, option))],
        "OPTIONS": [
            *(f"    {command.name}) echo '{_names(command.options)}' ;;" for command in outline.commands),
            f"    *) echo '{_names(outline.options)}' ;;",
        ],
        "ARGUMENTS": [line for command in outline.commands for line in _arguments(command)],
        "ARITIES": [
            f"        {_typed(command, option)}) values={option.values} option=$word ;;"
            for command, option in options
            if option.values or command != "*"
        ],
        "DIALECT_NAMES": [" ".join(outline.dialect_names)],
        "PLAIN_NAMES": [" ".join(outline.plain_names)],
        "DIALECTS": [" ".join(outline.dialects)],
        "COMMANDS": [" ".join(command.name for command in outline.commands)],
    }
    text = TEMPLATE
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _names(options: tuple[CompletedOption, ...]) -> str:
    return " ".join(name for option in options for name in option.names)


def _values(command: str, option: CompletedOption) -> str:
    if option.kind == "file":
        return f"    {_typed(command, option)}) return 1 ;;"
    if option.choices:
        return f"    {_typed(command, option)}) echo '{' '.join(option.choices)}' ;;"
    return f"    {_typed(command, option)}) ;;" if command != "*" else ""


def _typed(command: str, option: CompletedOption) -> str:
    """Return the shell pattern of a command with one of the option's names."""
    return "|".join(rf"{command}\ {name}" for name in option.names)


def _arguments(command: CompletedCommand) -> list[str]:
    return [
        f"    '{command.name} '{'*' if argument.repeats else place}) {_argument(argument)} ;;"
        for place, argument in enumerate(command.arguments)
    ]


def _argument(argument: CompletedArgument) -> str:
    if argument.kind == "function":
        return '_actcli_functions "$3"'
    if argument.kind == "file":
        return "return 1"
    return f"echo '{' '.join(argument.choices)}'"
