# Completion of sindri for fish. Save it as ~/.config/fish/completions/sindri.fish
function __sindri_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l program sindri
    if command --query $words[1]
        set program $words[1]
    end
    SINDRI_COMPLETE=fish command $program -- $words (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command sindri --no-files --keep-order --arguments '(__sindri_complete)'
