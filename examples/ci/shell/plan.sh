#!/usr/bin/env bash
# Plans the environment that SINDRI_ENV names, and changes nothing. It leaves behind:
#
#   plan.json  the plan, for `sindri show` and `sindri apply`; neither secrets nor state are in it
#   plan.md    a comment for the review; its first line is <!-- sindri-plan ENVIRONMENT PLAN-ID EXIT-CODE CHECKSUM -->,
#              and another one as soon as anything in the comment is
#
# It exits with 0 where nothing is to be done, with 2 where something is, and else as sindri did; plan.md then says why.
# With PLAN_REFRESH=false the plan is made from the state alone, and needs no key.
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
        # Indented by four it is code, whatever is in it. Lines for GitHub's log are no news here. Cut short, `sed` fails.
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
