# Names of programs; behind a name, the completions of that program.
_lpp() {
    local name=lpp-${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "@PROGRAMS@ @FLAGS@" -- "${COMP_WORDS[1]}"))
        return
    fi
    type -P "$name" >/dev/null || return
    complete -p "$name" &>/dev/null || eval "$("$name" --completions bash)"
    [[ $(complete -p "$name") =~ -F\ ([^ ]+) ]] || return
    COMP_WORDS=("$name" "${COMP_WORDS[@]:2}")
    ((COMP_CWORD -= 1))
    "${BASH_REMATCH[1]}" "$name" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}
complete -F _lpp -o bashdefault -o default lpp
