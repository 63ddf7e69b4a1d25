#!/usr/bin/env bash
# Holds the environment that SINDRI_ENV names against what was last applied to it, and changes nothing.
#
# It leaves drift.md behind, whose first line is the same every night, and exits as `sindri drift`: with 0 where there is
# no drift, with 2 where there is. Then drift.md ends with what an apply would do about it.
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
