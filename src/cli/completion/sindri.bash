# Completion of sindri for bash. Put it into ~/.bashrc: source <(sindri completions bash)
_sindri() {
    local line=${COMP_LINE:0:COMP_POINT} program kept='' candidate
    program=$(type -P -- "$1") || program=sindri
    # Readline replaces only what follows the last word break. ':' and '=' are word breaks, and parts of addresses and flags.
    local typed=${line##*[[:space:]]}
    case $COMP_WORDBREAKS in *:*) [[ $typed == *:* ]] && kept=${typed%:*}: ;; esac
    case $COMP_WORDBREAKS in *=*) [[ ${typed#"$kept"} == *=* ]] && kept=${typed%=*}= ;; esac
    kept=${kept//[\"\'\\]/}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ -n $candidate && $candidate == "$kept"* ]]; then
            COMPREPLY+=("${candidate#"$kept"}")
        fi
    done <<<"$(SINDRI_COMPLETE=bash "$program" -- "$line" 2>/dev/null)"
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && type compopt &>/dev/null; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _sindri sindri
