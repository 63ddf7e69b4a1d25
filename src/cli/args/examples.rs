//! Texts below the help of a command: its effects, and examples.

pub const AFTER_HELP: &str = "\
Exit codes:
    0  done, or nothing to do
    1  error
    2  changes are pending (plan --detailed-exitcode, or left out by --target), there is drift (drift), or environments
       differ (diff)
    3  refused: consent is needed, or the state belongs to another API
    4  locked by another command
    5  not the plan that was approved
    6  over budget
    7  no capacity
    8  partly applied
   64  wrong usage
  130  interrupted

Try it without an account: sindri -C examples/training-cluster apply --sandbox";

pub const PLAN_EXAMPLES: &str = "\
Sends two list calls, takes no lock and writes nothing.

Examples:
  sindri plan                          what apply would do
  sindri plan -e prod --full           every attribute, in the environment prod
  sindri plan --detailed-exitcode      2 where anything would change
  sindri plan --updates in-place       what could be done without replacing pods
  sindri plan --only replace,destroy   what would be destroyed
  sindri plan --target pod.trainer     one resource, with what it needs
  sindri plan --out plan.json          a file for `sindri show` and `sindri apply`
  sindri plan --markdown               a comment for the pull request, on stdout alone
  sindri plan --html > plan.html       a page with the graph";

pub const DRIFT_EXAMPLES: &str = "\
Holds what RunPod shows against what was applied last, whatever the file says by now.
Takes no lock and writes nothing. Exits with 2 where something has to be settled; what is
only worth knowing does not change the exit code. Findings keep their ids from night to night.

Examples:
  sindri drift                         what left the last applied state
  sindri drift --unmanaged             and what else the account pays for
  sindri drift -e prod --markdown      a report for an issue
  sindri drift --json";

pub const APPLY_EXAMPLES: &str = "\
Shows the plan and asks. Running it again is always safe: what exists is found, not made twice.

Examples:
  sindri apply                                     ask at the terminal
  sindri apply --auto-approve                      in CI; refused where data would be lost
  sindri apply --auto-approve --allow-data-loss    in CI, with consent to that too
  sindri apply --expect 3f9c0a1b2c3d4e5f           exactly the plan of that id, without asking
  sindri apply plan.json                           a plan saved by `plan --out`, without asking
  sindri apply --sandbox                           a rehearsal without an account";

pub const SHOW_EXAMPLES: &str = "\
Reads the file alone: no configuration, no state, no account.

Examples:
  sindri show plan.json
  sindri show plan.json --full
  sindri show plan.json --id           for `sindri apply --expect`
  sindri show plan.json --json         the shape that Terraform's tools read";

pub const DESTROY_EXAMPLES: &str = "\
Shows the plan and asks. Network volumes stay, and go on to cost, unless --include-volumes is given.

Examples:
  sindri destroy                       everything of the environment but network volumes
  sindri destroy 'pod.trainer[3]'      one pod";

pub const CONNECT_EXAMPLES: &str = "\
Goes straight to the pod where RunPod maps port 22, else through RunPod's proxy.

Examples:
  sindri connect                       the only pod
  sindri connect 'pod.trainer[3]'      one of several
  sindri connect trainer -- nvidia-smi
  sindri connect trainer --print       the ssh command alone";

pub const WAIT_EXAMPLES: &str = "\
Takes no lock and writes nothing. Exits with 0 when all are ready, with 1 at the timeout, and at once
where waiting does not help: a pod is stopped, in error or gone.

Examples:
  sindri wait                                  every pod that is to run
  sindri wait trainer --for ssh                until its ssh server greets
  sindri wait api --for http:8000/health --timeout 15m
  sindri wait --for ports                      until every declared port answers";

pub const STATUS_EXAMPLES: &str = "\
Totals come first. From 12 resources on, replicas that are alike share one row.

Examples:
  sindri status                          everything, with ids, URLs and ssh commands
  sindri status trainer                  all replicas of one pod
  sindri status 'pod.trainer[3]' network_volume.data
  sindri status --short                  one line for each
  sindri status --watch --interval 10s   until interrupted (exit code 130)";

pub const OUTPUT_EXAMPLES: &str = "\
Examples:
  sindri output                        every value
  sindri output pod.trainer.id         one value alone, for scripts
  sindri output --json";

pub const CATALOG_EXAMPLES: &str = "\
Reads the snapshot in the binary: prices are estimates, stock is not in it.

Examples:
  sindri catalog                       GPU types
  sindri catalog gpus a100             those with a100 in any column
  sindri catalog regions";

pub const IMPORT_EXAMPLES: &str = "\
Examples:
  sindri import pod.trainer 7kq2m9x4ab3c1d
  sindri import network_volume.datasets agv6w2qcg7
  sindri import --discover             after the state file was lost
  sindri import --all --name llm-team  an account made by hand becomes a configuration";

pub const MERGE_EXAMPLES: &str = "\
Exits with 1 where both sides changed the same resource; its block then shows both.

Once per clone, and once per repository:
  git config merge.sindri.driver 'sindri state merge %O %A %B'
  echo 'state/*.json merge=sindri' >> .gitattributes";

pub const DIFF_EXAMPLES: &str = "\
Reads files alone. Exits with 0 where they ask for the same, with 2 where they do not.

Examples:
  sindri diff staging prod
  sindri diff -e staging -e prod --json";

pub const UNLOCK_NOTE: &str = "\
A lock ends with its process, however that ends, so there is none to break: a living holder is
named, and keeps it (exit code 4). What a dead one knew is written from its journal into the state
file, for whoever commits that; RunPod is not asked. What it had begun stays in the journal, and is
settled by the next command that changes something.";

pub const SERVE_EXAMPLES: &str = "\
Prints `listening on URL` once it does. Any bearer token is a key; /_emu/ looks into the world and changes it.

Examples:
  sindri emulator serve &
  sindri --api-url http://127.0.0.1:4010 apply
  sindri emulator serve --faults flaky --seed 7 --quota documented";

pub const INIT_EXAMPLES: &str = "\
Examples:
  sindri init
  sindri init --name trainer --gpu 'RTX 4090' --region EU-RO-1
  sindri init --gpu 'NVIDIA L4,NVIDIA A40' --image ghcr.io/owner/name:1.2.3";
