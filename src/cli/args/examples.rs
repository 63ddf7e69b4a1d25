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
  sindri plan                          the changes that apply would make
  sindri plan -e prod --full           every attribute, in the environment prod
  sindri plan --detailed-exitcode      exit code 2 if anything would change
  sindri plan --updates in-place       changes that do not replace pods
  sindri plan --only replace,destroy   only the resources that would be destroyed
  sindri plan --target pod.trainer     one resource and its dependencies
  sindri plan --out plan.json          a file for `sindri show` and `sindri apply`
  sindri plan --markdown               a comment for the pull request, on stdout
  sindri plan --html > plan.html       a page with the graph";

pub const DRIFT_EXAMPLES: &str = "\
Compares RunPod with the last applied state. The configuration does not matter.
Takes no lock and writes nothing. Exits with 2 if a finding needs action; findings for information
do not change the exit code. A finding keeps its id from run to run.

Examples:
  sindri drift                         differences from the last applied state
  sindri drift --unmanaged             also other objects the account pays for
  sindri drift -e prod --markdown      a report for an issue
  sindri drift --json";

pub const APPLY_EXAMPLES: &str = "\
Shows the plan and asks. It is always safe to run it again: it finds existing objects
and does not create them twice.

Examples:
  sindri apply                                     ask at the terminal
  sindri apply --auto-approve                      in CI; refused if data would be lost
  sindri apply --auto-approve --allow-data-loss    in CI, with consent to data loss
  sindri apply --expect 3f9c0a1b2c3d4e5f           exactly the plan with that id, without asking
  sindri apply plan.json                           a plan saved by `plan --out`, without asking
  sindri apply --sandbox                           a rehearsal without an account";

pub const SHOW_EXAMPLES: &str = "\
Reads only the file: no configuration, no state, no account.

Examples:
  sindri show plan.json
  sindri show plan.json --full
  sindri show plan.json --id           for `sindri apply --expect`
  sindri show plan.json --json         Terraform's JSON format, for its tools";

pub const DESTROY_EXAMPLES: &str = "\
Shows the plan and asks. Network volumes are kept and still billed unless
--include-volumes is given.

Examples:
  sindri destroy                       everything in the environment except network volumes
  sindri destroy 'pod.trainer[3]'      one pod";

pub const CONNECT_EXAMPLES: &str = "\
Connects directly if RunPod maps port 22, otherwise through RunPod's proxy.

Examples:
  sindri connect                       the only pod
  sindri connect 'pod.trainer[3]'      one of several
  sindri connect trainer -- nvidia-smi
  sindri connect trainer --print       only the ssh command";

pub const WAIT_EXAMPLES: &str = "\
Takes no lock and writes nothing. Exits with 0 when all are ready, and with 1 at the timeout or as
soon as a pod is stopped, in error or gone.

Examples:
  sindri wait                                  every pod that should be running
  sindri wait trainer --for ssh                until its ssh server answers
  sindri wait api --for http:8000/health --timeout 15m
  sindri wait --for ports                      until every declared port answers";

pub const STATUS_EXAMPLES: &str = "\
Totals come first. From 12 resources on, identical replicas share one row.

Examples:
  sindri status                          everything, with ids, URLs and ssh commands
  sindri status trainer                  all replicas of one pod
  sindri status 'pod.trainer[3]' network_volume.data
  sindri status --short                  one line for each
  sindri status --watch --interval 10s   until interrupted (exit code 130)";

pub const OUTPUT_EXAMPLES: &str = "\
Examples:
  sindri output                        every value
  sindri output pod.trainer.id         one value, for scripts
  sindri output --json";

pub const CATALOG_EXAMPLES: &str = "\
Reads the snapshot in the binary. Prices are estimates; stock is not included.

Examples:
  sindri catalog                       GPU types
  sindri catalog gpus a100             rows with a100 in any column
  sindri catalog regions";

pub const IMPORT_EXAMPLES: &str = "\
Examples:
  sindri import pod.trainer 7kq2m9x4ab3c1d
  sindri import network_volume.datasets agv6w2qcg7
  sindri import --discover             after the state file was lost
  sindri import --all --name llm-team  writes a configuration for manually created resources";

pub const MERGE_EXAMPLES: &str = "\
Exits with 1 if both sides changed the same resource; its block then shows both versions.

Once per clone, and once per repository:
  git config merge.sindri.driver 'sindri state merge %O %A %B'
  echo 'state/*.json merge=sindri' >> .gitattributes";

pub const DIFF_EXAMPLES: &str = "\
Reads only files. Exits with 0 if both environments declare the same, with 2 if they differ.

Examples:
  sindri diff staging prod
  sindri diff -e staging -e prod --json";

pub const UNLOCK_NOTE: &str = "\
A lock ends with its process, so there is never a lock to break. If the holder is running, this
command shows it and exits with 4. If it is dead, its recorded results are written from its journal
to the state file, which you can then commit; RunPod is not contacted. Requests with unknown
outcome remain in the journal, and the next command that changes something resolves them.";

pub const SERVE_EXAMPLES: &str = "\
Prints `listening on URL` when it is ready. Any bearer token is accepted as a key. The routes
under /_emu/ inspect and change the emulated account.

Examples:
  sindri emulator serve &
  sindri --api-url http://127.0.0.1:4010 apply
  sindri emulator serve --faults flaky --seed 7 --quota documented";

pub const INIT_EXAMPLES: &str = "\
Examples:
  sindri init
  sindri init --name trainer --gpu 'RTX 4090' --region EU-RO-1
  sindri init --gpu 'NVIDIA L4,NVIDIA A40' --image ghcr.io/owner/name:1.2.3";
