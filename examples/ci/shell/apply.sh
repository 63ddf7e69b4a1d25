#!/usr/bin/env bash
# Applies the approved plan, or nothing, to the environment in SINDRI_ENV: apply.sh [PLAN-ID].
#
# If nothing is pending, it needs no approval. It writes a report to apply.md and exits with sindri's exit code.
# Always run keep-state.sh afterwards, even if this script fails.
set -euo pipefail
: "${SINDRI_ENV:?is the environment to apply to}"
approved=${1:-none}
# If the job is cancelled before the apply starts, nothing is applied.
trap 'exit 130' INT TERM

code=0
bash "$(dirname "${BASH_SOURCE[0]}")/plan.sh" || code=$?
case $code in
    0) approved=$(sindri show plan.json --id) ;; # Changes nothing at RunPod; what was found there is recorded.
    2) ;;
    *)
        cp plan.md apply.md
        exit "$code"
        ;;
esac
pending=$(sindri show plan.json --id)

if [ "$approved" = none ]; then
    message="Nothing was applied to \`$SINDRI_ENV\`: the pending plan has not been approved. Review the plan below. If it is"
    message="$message right, apply it by hand with its id, \`$pending\`."
    { printf '%s\n\n' "$message" && cat plan.md; } >apply.md
    echo "$message" >&2
    exit 3
fi

code=0
sindri apply --expect "$approved" >apply.txt &
apply=$!
# Cancelling a job signals only this script. It forwards one signal, so that requests in flight finish and are recorded.
trap 'trap "" INT TERM; kill -TERM "$apply" 2>/dev/null || true' INT TERM
wait "$apply" || true
while kill -0 "$apply" 2>/dev/null; do
    wait "$apply" || true # A signal ends a wait, and not the apply.
done
wait "$apply" || code=$?
cat apply.txt
case $code in
    0) message="\`$SINDRI_ENV\` is up to date." ;;
    5)
        message="Nothing was applied to \`$SINDRI_ENV\`: \`$approved\` was approved, but \`$pending\` is pending. Review the plan"
        message="$message below. Then apply it by hand with its id, or change it in another pull request."
        ;;
    *)
        message="The apply to \`$SINDRI_ENV\` ended with exit code $code. The state records what was done. The remaining changes"
        message="$message are another plan with its own id. Run this again to see it."
        ;;
esac
{ printf '%s\n\n' "$message" && sed 's/^/    /' apply.txt; } >apply.md
rm apply.txt
[ "$code" = 0 ] || echo "$message" >&2
exit "$code"
