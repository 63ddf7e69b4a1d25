#!/usr/bin/env bash
# Commits the state of the environment that SINDRI_ENV names, and pushes it: keep-state.sh BRANCH.
#
# After an apply that failed it matters most: what was made until then is in the state, and nowhere else in git.
set -euo pipefail
: "${SINDRI_ENV:?is the environment whose state is kept}"
branch=$1
state=state/$SINDRI_ENV.json
export GIT_AUTHOR_NAME=sindri GIT_AUTHOR_EMAIL=sindri@localhost GIT_COMMITTER_NAME=sindri GIT_COMMITTER_EMAIL=sindri@localhost

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
