#!/usr/bin/env bash
# Commits the state of the environment that SINDRI_ENV names, and pushes it: keep-state.sh BRANCH.
#
# After an apply that failed it matters most: what was made until then is in the state, and nowhere else in git.
set -euo pipefail
: "${SINDRI_ENV:?is the environment whose state is kept}"
branch=$1
state=state/$SINDRI_ENV.json
export GIT_AUTHOR_NAME=sindri GIT_AUTHOR_EMAIL=sindri@localhost GIT_COMMITTER_NAME=sindri GIT_COMMITTER_EMAIL=sindri@localhost

# What an apply knew that was killed is in its journal alone, which stays on this machine. What it had in flight stays there:
# the next apply finds pods by their markers.
if ! sindri unlock; then
    echo "state/$SINDRI_ENV.journal was not written into $state, which is committed as it is. Whatever else the journal knows," \
        "the next apply has to find by markers at RunPod." >&2
fi

if [ ! -e "$state" ]; then
    exit 0
fi
git add -- "$state"
if git diff --cached --quiet -- "$state"; then
    exit 0
fi
git commit --quiet --message "state: $SINDRI_ENV" --message '[skip ci]' --only -- "$state"

# Somebody else may push at the same moment: another environment's state, or a merge. Where .gitattributes names sindri's
# merge driver, this is it.
git config merge.sindri.driver 'sindri state merge %O %A %B'
for pause in 1 2 4 8 16; do
    if git pull --quiet --rebase origin "$branch" && git push --quiet origin "HEAD:$branch"; then
        exit 0
    fi
    git rebase --abort 2>/dev/null || true
    sleep "$pause"
done
echo "The state of $SINDRI_ENV could not be pushed. Commit $state of this job by hand before anything is applied again." >&2
exit 1
