#compdef sindri
# Completion of sindri for zsh. Save it as _sindri in a folder of $fpath, or put into ~/.zshrc, below compinit:
# source <(sindri completions zsh)
_sindri() {
    local program=${words[1]} line
    [[ $program == */* ]] && program=${~program} || program=${commands[$program]:-sindri}
    local -a found values shown folders
    found=("${(@f)$(SINDRI_COMPLETE=zsh $program -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in $found; do
        [[ -z $line ]] && continue
        if [[ $line == */ ]]; then
            folders+=("$line")
        else
            values+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/  -- }")
        fi
    done
    (( $#values )) && compadd -l -d shown -a values
    (( $#folders )) && compadd -S '' -a folders
}
if [[ $funcstack[1] == _sindri ]]; then
    _sindri "$@"
elif (( $+functions[compdef] )); then
    compdef _sindri sindri
fi
