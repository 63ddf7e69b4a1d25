#!/usr/bin/env bash
# Plans the environment in SINDRI_ENV. Changes nothing. It writes:
#
#   plan.json  the plan, for `sindri show` and `sindri apply`, without secrets or state
#   plan.md    a review comment; its first line is <!-- sindri-plan ENVIRONMENT PLAN-ID EXIT-CODE CHECKSUM -->, which
#              changes whenever the comment does
#
# It exits with 0 if there are no changes, with 2 if there are, and otherwise with sindri's exit code; plan.md then explains
# the failure. With PLAN_REFRESH=false, it plans from the state alone and needs no key.
set -euo pipefail
: "${SINDRI_ENV:?is the environment to plan}"

rm -f plan.json
code=0
sindri plan --detailed-exitcode --refresh="${PLAN_REFRESH:-true}" --out plan.json --markdown >body.md 2>errors.txt || code=$?
cat errors.txt >&2

id=none
if [ -e plan.json ]; then
    id=$(sindri show plan.json --id)
fi
{
    cat body.md
    if [ "$code" != 0 ] && [ "$code" != 2 ]; then
        printf '\n%s\n\n' "**This plan cannot be applied to \`$SINDRI_ENV\`**: \`sindri plan\` ended with exit code $code."
        # Indenting by four makes it code, whatever it contains. Lines for GitHub's log are dropped. Cut short, `sed` fails.
        { sed -e '/^::/d' -e 's/^/    /' errors.txt || true; } | head -c 4000
    fi
} >comment.md
checksum=$(cksum <comment.md)
{
    echo "<!-- sindri-plan $SINDRI_ENV $id $code ${checksum%% *} -->"
    cat comment.md
} >plan.md
rm body.md comment.md errors.txt
exit "$code"
