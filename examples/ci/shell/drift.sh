#!/usr/bin/env bash
# Compares the environment in SINDRI_ENV with its last apply. Changes nothing.
#
# It writes drift.md, whose first line is the same every night, and exits with the exit code of `sindri drift`: 0 without
# drift, 2 with drift. With drift, drift.md ends with the plan that an apply would run.
set -euo pipefail
: "${SINDRI_ENV:?is the environment to look at}"

code=0
sindri drift --markdown >drift.md || code=$?
if [ "$code" = 2 ]; then
    {
        printf '\n---\n\nThis is what an apply would do now. To undo the drift, apply this plan by hand with its id. To keep the '
        printf 'changes, update the configuration.\n\n'
        sindri plan --markdown --budget 5000 || true # A plan that fails is not part of this report.
    } >>drift.md
fi
exit "$code"
