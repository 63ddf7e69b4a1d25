//! Plans as documents, and the schemas of output and files. stdout contains the document and nothing else.

use serde_json::Value;

use crate::support::{BARE, Emulator, PAIR, Project, fleet};

#[test]
fn a_plan_is_a_comment_or_a_page_and_stdout_contains_nothing_else() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let comment = project.run(&emulator, "plan --markdown").exits(0);
    assert!(comment.stdout.starts_with("<!-- sindri: story/default -->\n\n## Plan for `story`"), "{}", comment.stdout);
    comment.tells("+ pod.notebook  create ").tells("**3 create**");
    let page = project.run(&emulator, "plan --html --detailed-exitcode").exits(2);
    assert!(page.stdout.starts_with("<!DOCTYPE html>\n") && page.stdout.ends_with("</html>\n"), "{}", page.stdout);

    project.run(&emulator, "apply --auto-approve").exits(0);
    let calm = project.run(&emulator, "plan --markdown").exits(0);
    assert_eq!(
        calm.stdout.lines().nth(2),
        Some("`story`, environment `default`: no changes. 3 resources match `sindri.yaml`.")
    );
    project.run(&emulator, "plan --markdown --destroy").exits(0).tells("### Destroys").tells("- pod.trainer  ");
}

#[test]
fn a_byte_budget_is_kept_and_cuts_are_reported() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(3)));
    let pods: String = (0..60).map(|number| format!("      p{number}: {{ gpuType: NVIDIA RTX A4000 }}\n")).collect();
    project.write("sindri.yaml", &format!("{BARE}    pods:\n{pods}"));
    let whole = project.run(&emulator, "plan --markdown").exits(0);
    let short =
        project.run(&emulator, "plan --markdown --budget 5000").exits(0).tells("**This comment is incomplete: ");
    assert!(short.stdout.len() <= 5000 && short.stdout.len() < whole.stdout.len(), "{}", short.stdout);
}

#[test]
fn one_plan_is_one_document() {
    let project = Project::new(BARE);
    for flags in ["--markdown --html", "--markdown --json", "--html --json", "--budget 5000", "--markdown --budget 10"]
    {
        assert_eq!(project.offline(&format!("plan {flags}")).exits(64).stdout, "", "{flags}");
    }
}

#[test]
fn a_refused_plan_is_printed_whole_before_it_is_refused() {
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}budget: {{ maxHourly: 0.01 }}\n")));
    let said = project.run(&emulator, "plan --markdown").exits(6).tells("### Refused: this plan cannot be applied");
    assert!(said.stdout.contains("[budget]"), "{}", said.stdout);
}

#[test]
fn json_output_fits_the_printed_schema() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let schema = project.offline("schema plan").exits(0).json();
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let fits = |words: &str| {
        let plan: Value = project.run(&emulator, words).json();
        let faults: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{words}: {plan:#}");
        plan
    };
    fits("plan --json");
    project.run(&emulator, "apply --auto-approve").exits(0);
    fits("plan --json");
    project.edit("example/image:1", "example/image:2");
    project.edit("sizeGb: 100", "sizeGb: 120");
    let plan = fits("plan --json");
    assert!(plan["sindri"]["summary"]["replace"].as_u64() > Some(0), "{plan:#}");
    fits("plan --json --destroy --include-volumes");
}

#[test]
fn the_schema_of_the_configuration_accepts_valid_files_and_no_misspelt_keys() {
    let project = Project::new(BARE);
    let schema = project.offline("schema config").exits(0).json();
    assert_eq!(schema["title"], "sindri.yaml");
    assert!(schema["properties"]["providers"].is_object() && schema["additionalProperties"] == false, "{schema:#}");
    project.offline("schema").exits(64).warns("plan");
}
