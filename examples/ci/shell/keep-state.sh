#!/usr/bin/env bash
# Commits and pushes the state of the environment in SINDRI_ENV: keep-state.sh BRANCH.
#
# This matters most after a failed apply: only the state says what was created before the failure.
set -euo pipefail
: "${SINDRI_ENV:?is the environment whose state is kept}"
branch=$1
state=state/$SINDRI_ENV.json
export GIT_AUTHOR_NAME=sindri GIT_AUTHOR_EMAIL=sindri@localhost GIT_COMMITTER_NAME=sindri GIT_COMMITTER_EMAIL=sindri@localhost

# A killed apply leaves its results in the journal, which stays on this machine. Requests that were in flight stay there too:
# the next apply finds their pods by the markers.
if ! sindri unlock; then
    echo "state/$SINDRI_ENV.journal could not be written to $state, which is committed without it. The next apply finds the" \
        "missing pods at RunPod by their markers." >&2
fi

if [ ! -e "$state" ]; then
    exit 0
fi
git add -- "$state"
if git diff --cached --quiet -- "$state"; then
    exit 0
fi
git commit --quiet --message "state: $SINDRI_ENV" --message '[skip ci]' --only -- "$state"

# Someone else may push at the same time: another environment's state, or a merge. This sets up sindri's merge driver, which
# git uses if .gitattributes names it.
git config merge.sindri.driver 'sindri state merge %O %A %B'
for pause in 1 2 4 8 16; do
    if git pull --quiet --rebase origin "$branch" && git push --quiet origin "HEAD:$branch"; then
        exit 0
    fi
    git rebase --abort 2>/dev/null || true
    sleep "$pause"
done
echo "The state of $SINDRI_ENV could not be pushed. Commit $state from this job by hand before the next apply." >&2
exit 1
