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
        printf '\n---\n\nThis is what an apply would do now. If it is right, apply it by hand with its id; to keep what is there, change the '
        printf 'configuration.\n\n'
        sindri plan --markdown --budget 5000 || true # A configuration that cannot be planned is no news to this report.
    } >>drift.md
fi
exit "$code"
