# Names of programs; behind a name, the completions of that program.
function __lpp_needs_program
    test (count (commandline -opc)) -lt 2
end

function __lpp_of_program
    set -l words (commandline -opc)
    set -l name lpp-$words[2]
    type -q $name; or return
    test -n "$(complete -c $name)"; or $name --completions fish | source
    complete -C "$name $(string join ' ' -- (string escape -- $words[3..-1])) $(commandline -ct)"
end

complete -c lpp -f
complete -c lpp -n "not __lpp_needs_program" -a "(__lpp_of_program)"
complete -c lpp -n __lpp_needs_program -a "@FLAGS@"
@PROGRAMS@
