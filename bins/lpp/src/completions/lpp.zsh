#compdef lpp

# Names of programs; behind a name, the completions of that program.
_lpp() {
    local -a programs flags=(@FLAGS@)
    programs=(
@PROGRAMS@
    )
    if (( CURRENT == 2 )); then
        if [[ $words[2] == -* ]]; then compadd -- $flags; else _describe -t commands program programs; fi
        return
    fi
    local name=lpp-$words[2]
    (( $+commands[$name] )) || return 1
    (( $+_comps[$name] )) || eval "$($name --completions zsh)"
    words=($name "${(@)words[3,-1]}")
    (( CURRENT -= 1 ))
    $_comps[$name]
}

if [ "$funcstack[1]" = "_lpp" ]; then
    _lpp "$@"
else
    compdef _lpp lpp
fi
