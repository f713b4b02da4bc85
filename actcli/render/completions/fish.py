"""The completion script for fish."""

from actcli.render.completions.outline import CompletedArgument, CompletedCommand, CompletedOption, Outline

TEMPLATE = r"""# fish completion for actcli, made by: actcli completion fish

function __actcli_parameters -a name
    switch $name
@PARAMETERS@
    end
end

function __actcli_own -a name -d 'Your own functions, where actcli has read their file as it is'
    set -l list $HOME/.cache
    string match -q -- '/*' "$XDG_CACHE_HOME"; and set list $XDG_CACHE_HOME
    set list $list/actcli/functions
    set -l file $HOME/.config
    string match -q -- '/*' "$XDG_CONFIG_HOME"; and set file $XDG_CONFIG_HOME
    set file $file/actcli/functions.toml
    if set -q ACTCLI_CONFIG
        set file "$ACTCLI_CONFIG"
        test -d "$file"; and set file (string replace -r '/$' '' -- $file)/functions.toml
        string match -q -- '/*' "$file"; or set file $PWD/$file
    end
    test -f $list -a -f $file; or return 0
    test $list -nt $file -o $file -nt $list; and return 0
    begin
        read -l first
        test "$first" = "# $file"; or return 0
        while read -l -a words
            if test -z "$name"
                echo $words[1]
            else if test "$words[1]" = "$name"
                printf '%s\n' $words[2..-1]
            end
        end
    end <$list
end

function __actcli_functions
    set -l token (commandline -ct)
    if string match -q -- '*:*' $token
        set -l before (string match -r -- '^.*[:,]' $token)
        set -l function (string split -m 1 : -- $token)[1]
        for name in (__actcli_parameters $function) (__actcli_own $function)
            string match -qr -- "[:,]$name=" $token; or echo "$before$name="
        end
    else if string match -q -- '*.*' $token
        printf '%s\n' @DIALECT_NAMES@
    else
        printf '%s\n' @PLAIN_NAMES@ @DIALECTS@ (__actcli_own)
    end
end

function __actcli_at -d 'The command, and how many of its arguments stand before the cursor'
    set -l tokens (commandline -opc)
    set -l command
    set -l values 0
    set -l place 0
    set -l only_arguments
    for token in $tokens[2..-1]
        if test $values -gt 0
            set values (math $values - 1)
            continue
        end
        if set -q only_arguments[1]
            set place (math $place + 1)
            continue
        end
        switch "$command $token"
            case '* --'
                set only_arguments yes
@ARITIES@
            case '* -*'
                if string match -qr -- '^-[0-9.]' $token
                    set place (math $place + 1)
                end
            case '*'
                if set -q command[1]
                    set place (math $place + 1)
                else
                    set command $token
                end
        end
    end
    echo "$command "
    echo "$command $place"
end

function __actcli_is
    contains -- $argv[1] (__actcli_at)
end

function __actcli_after -a command first -d 'Whether the cursor stands at argument number first, or beyond'
    set -l at (string split ' ' -- (__actcli_at)[2])
    test "$at[1]" = $command; and test $at[2] -ge $first
end

complete -c actcli -f
@COMMANDS@
@OPTIONS@
@ARGUMENTS@
"""


def fish_script(outline: Outline) -> str:
    """Return the whole script: one `complete` line for each option and argument of each command."""
    arities = [
        f"            case {' '.join(_quoted(f'{command} {name}') for name in option.names)}\n"
        f"                set values {option.values}"
        for command, option in outline.meanings()
        if option.values or command != "*"
    ]
    options = [_option(option, "") for option in outline.options]
    options += [_option(option, c.name) for c in outline.commands for option in c.options]
    parts = {
        "PARAMETERS": [
            f"        case {' '.join(names)}\n            printf '%s\\n' {' '.join(parameters)}"
            for parameters, names in outline.by_parameters()
        ],
        "DIALECT_NAMES": [" ".join(outline.dialect_names)],
        "PLAIN_NAMES": [" ".join(outline.plain_names)],
        "DIALECTS": [" ".join(outline.dialects)],
        "ARITIES": arities,
        "COMMANDS": [
            f"complete -c actcli -n \"__actcli_is ' '\" -a {c.name} -d {_quoted(c.summary)}"
            for c in outline.commands
        ],
        "OPTIONS": options,
        "ARGUMENTS": [line for command in outline.commands for line in _arguments(command)],
    }
    text = TEMPLATE
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _option(option: CompletedOption, command: str) -> str:
    words = [f"complete -c actcli -n \"__actcli_is '{command} '\""]
    words += [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.kind == "file":
        words.append("-r -F")
    elif option.choices:
        words.append(f"-x -a {_quoted(' '.join(option.choices))}")
    elif option.values:
        words.append("-x")
    return " ".join([*words, "-d", _quoted(option.summary)])


def _arguments(command: CompletedCommand) -> list[str]:
    lines = []
    for place, argument in enumerate(command.arguments):
        here = f"__actcli_is '{command.name} {place}'"
        test = f"__actcli_after {command.name} {place}" if argument.repeats else here
        lines.append(f'complete -c actcli -n "{test}" {_argument(argument)}')
    return lines


def _argument(argument: CompletedArgument) -> str:
    if argument.kind == "function":
        return "-a '(__actcli_functions)'"
    return "-F" if argument.kind == "file" else f"-a {_quoted(' '.join(argument.choices))}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
