//! The rules accept the examples, and each rule is seen to fail on a breach.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ci::rules;
use crate::ci::stage::examples;

fn files(folder: &str, ending: &str) -> Vec<(String, PathBuf, String)> {
    let entries = fs::read_dir(examples().join(folder)).expect("a folder").map(|entry| entry.expect("an entry").path());
    let named = entries.filter(|path| path.to_string_lossy().ends_with(ending));
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, path.clone(), fs::read_to_string(path).expect("text"))
    };
    named.map(read).collect()
}

#[test]
fn workflows_and_scripts_keep_to_the_rules() {
    let mut problems = Vec::new();
    for (name, _, text) in files("github", ".yml") {
        problems.extend(rules::github(&name, &text));
    }
    for (name, _, text) in files("gitlab", ".yml") {
        problems.extend(rules::gitlab(&name, &text));
    }
    for (name, _, text) in files("shell", ".sh") {
        problems.extend(rules::script(&name, &text));
    }
    for name in ["examples/ci/README.md", "docs/ci.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("text");
        problems.extend(rules::document(name, &text));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn external_linters_pass_if_installed() {
    let workflows: Vec<_> = files("github", ".yml");
    let scripts: Vec<_> = files("shell", ".sh");
    for (program, files) in [("actionlint", &workflows), ("shellcheck", &scripts)] {
        let paths: Vec<&Path> = files.iter().map(|(_, path, _)| path.as_path()).collect();
        assert_eq!(rules::others(&paths, program), None, "{program}");
    }
}

/// A file, the text to replace, the replacement, and the expected breach.
type Breach = (&'static str, &'static str, &'static str, &'static str);

const BREACHES: &[Breach] = &[
    (
        "sindri-plan.yml",
        "    runs-on: ubuntu-24.04\n",
        "    runs-on: ubuntu-24.04\n    runs-on: other\n",
        "duplicate entry",
    ),
    ("sindri-plan.yml", "permissions: {}", "permissions: write-all", "must take away"),
    ("sindri-plan.yml", "    shell: bash\n", "    shell: sh\n", "shell: bash"),
    ("sindri-plan.yml", "  pull_request:\n", "  pull_request_target:\n", "hands secrets"),
    (
        "sindri-plan.yml",
        "    permissions:\n      contents: read\n      pull-requests: write\n",
        "",
        "list its `permissions`",
    ),
    ("sindri-plan.yml", "    runs-on: ubuntu-24.04\n", "", "`runs-on`"),
    ("sindri-plan.yml", "    timeout-minutes: 20\n", "", "timeout-minutes"),
    (
        "sindri-plan.yml",
        "    env:\n      SINDRI_ENV",
        "    env:\n      KEY: ${{ secrets.RUNPOD_READ_KEY }}\n      SINDRI_ENV",
        "for the steps",
    ),
    ("sindri-apply.yml", "      cancel-in-progress: false\n", "      cancel-in-progress: true\n", "in the midst"),
    (
        "sindri-apply.yml",
        "      group: sindri-apply-${{ matrix.environment }}\n",
        "      group: sindri-apply\n",
        "one apply at a time",
    ),
    ("sindri-apply.yml", "    environment: ${{ matrix.environment }}\n", "", "for a gate"),
    (
        "sindri-apply.yml",
        "        if: ${{ always() && steps.apply.outcome != 'skipped' }}\n        env:\n          BRANCH",
        "        env:\n          BRANCH",
        "after a failure as well",
    ),
    (
        "sindri-apply.yml",
        "    runs-on: ubuntu-24.04\n",
        "    runs-on: ubuntu-24.04\n    needs: [review]\n",
        "no job `review`",
    ),
    ("sindri-plan.yml", "actions/checkout@v4", "actions/checkout@main", "names no version"),
    ("sindri-plan.yml", "cat plan.md >>", "echo ${{ github.event.pull_request.title }} >>", "is code"),
    ("sindri-plan.yml", "          set -euo pipefail\n          code=0\n", "          code=0\n", "must begin with"),
    ("sindri-plan.yml", "          if [ -z \"$found\" ]; then\n", "          if [ -z \"$found\" ]\n", "bash says"),
    ("sindri-plan.yml", "bash ci/plan.sh ||", "sindri plan --detailed-exit-code ||", "no flag `--detailed-exit-code`"),
    ("sindri-plan.yml", "bash ci/plan.sh ||", "sindri pln --markdown ||", "no command `pln`"),
    ("sindri-plan.yml", "bash ci/plan.sh", "bash ci/plans.sh", "no script `ci/plans.sh`"),
    ("sindri-plan.yml", "        id: plan\n", "", "`steps.plan.outputs.plan_id` refers to nothing"),
    (
        "sindri-plan.yml",
        "\"plan_id=$plan_id\"",
        "\"planid=$plan_id\"",
        "`steps.plan.outputs.plan_id` refers to nothing",
    ),
    (
        "sindri-plan.yml",
        "${{ matrix.environment }}\n          path: plan",
        "${{ matrix.place }}\n          path: plan",
        "`matrix.place`",
    ),
    ("sindri-plan.yml", "PLAN_REFRESH: ${{ env.TRUSTED }}", "PLAN_REFRESH: ${{ env.TRUST }}", "`env.TRUST`"),
    ("sindri-apply.yml", "PLAN_ID: ${{ inputs.plan_id }}", "PLAN_ID: ${{ inputs.plan }}", "`inputs.plan`"),
    ("sindri-plan.yml", "secrets.RUNPOD_READ_KEY", "secrets.RUNPOD_KEY", "does not say what `RUNPOD_KEY` is"),
    (".gitlab-ci.yml", "  stage: drift\n", "  stage: night\n", "not among the `stages`"),
    (
        ".gitlab-ci.yml",
        "  extends: .sindri\n  stage: plan\n",
        "  extends: .other\n  stage: plan\n",
        "extends is not there",
    ),
    (".gitlab-ci.yml", "  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n", "", "when it runs"),
    (".gitlab-ci.yml", "  timeout: 20m\n", "", "have a `timeout`"),
    (".gitlab-ci.yml", "    - set -euo pipefail\n", "", "must begin with"),
    (".gitlab-ci.yml", "      when: manual\n", "", "wait for a person"),
    (".gitlab-ci.yml", "  resource_group: sindri-$SINDRI_ENV\n", "", "one apply at a time"),
    (".gitlab-ci.yml", "  environment:\n    name: $SINDRI_ENV\n", "", "for a gate"),
    (".gitlab-ci.yml", "$SINDRI_PUSH_TOKEN", "$SINDRI_TOKEN", "does not say what `SINDRI_TOKEN` is"),
    (".gitlab-ci.yml", "esac >/dev/null", ">/dev/null", "bash says"),
    ("plan.sh", "set -euo pipefail\n", "", "must begin with"),
    ("plan.sh", "--markdown", "--mark-down", "no flag `--mark-down`"),
    ("apply.sh", "$(sindri show plan.json --id)", "$(sindri show plan.json --ids)", "no flag `--ids`"),
];

#[test]
fn every_rule_is_seen_to_fail() {
    let all: Vec<_> = [("github", ".yml"), ("gitlab", ".yml"), ("shell", ".sh")]
        .into_iter()
        .flat_map(|(folder, ending)| files(folder, ending))
        .collect();
    for (file, from, to, says) in BREACHES {
        let (name, _, text) = all.iter().find(|(name, ..)| name == file).expect("a file");
        assert!(text.contains(from), "no `{from}` in {file}");
        let broken = text.replacen(from, to, 1);
        let problems = match name.as_str() {
            ".gitlab-ci.yml" => rules::gitlab(name, &broken),
            _ if name.ends_with(".sh") => rules::script(name, &broken),
            _ => rules::github(name, &broken),
        };
        assert!(
            problems.iter().any(|problem| problem.contains(says)),
            "`{to}` in {file} should be said to be `{says}`: {problems:#?}"
        );
    }
    let document = rules::document("x.md", "```sh\nsindri -e prod aply\n```\n");
    assert!(document.iter().any(|problem| problem.contains("no command")), "{document:?}");
}
