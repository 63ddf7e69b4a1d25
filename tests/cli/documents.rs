//! Plans as documents, and the schemas of output and files. stdout contains the document and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{BARE, Emulator, PAIR, Project, Said, fleet, sindri};

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

/// A user who follows the tour: answers prompts with `yes`, and changes the image when the tour opens an editor.
struct Tourist {
    folder: PathBuf,
    has_edited: bool,
}

impl Tourist {
    fn run(&mut self, line: &str) {
        let command = line.split(" #").next().unwrap_or_default().trim();
        let words: Vec<&str> = command.split_whitespace().take_while(|word| *word != ">").collect();
        match words.as_slice() {
            ["cargo", ..] | [] => {}
            ["cd", folder] => self.folder = self.folder.join(folder),
            ["cp", from, to] => drop(fs::copy(self.folder.join(from), self.folder.join(to)).expect("a copy")),
            ["$EDITOR", file] => {
                let path = self.folder.join(file);
                let text = fs::read_to_string(&path).expect("the file");
                let image = text.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("an image");
                fs::write(&path, text.replacen(image, &format!("{image}-next"), 1)).expect("written");
                self.has_edited = true;
            }
            ["sindri", rest @ ..] => self.call(command, rest),
            other => panic!("the tour has a command that this test does not know: {other:?}"),
        }
    }

    fn call(&mut self, line: &str, words: &[&str]) {
        let asks = matches!(words.first(), Some(&"apply" | &"destroy"));
        let has_changes = words.contains(&"--detailed-exitcode") && self.has_edited;
        let said = Said::of(sindri(&self.folder).args(words).args(asks.then_some("--auto-approve")));
        let code = if has_changes { 2 } else { 0 };
        assert_eq!(said.code, Some(code), "{line}\n{}\n{}", said.stdout, said.stderr);
        self.has_edited &= !asks;
    }
}

#[test]
fn the_commands_of_the_tour_in_the_readme_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let (_, rest) = readme.split_once("### Tour of the sandbox").expect("the tour");
    let (tour, _) = rest.split_once("\n## ").expect("its end");
    let copy = tempfile::tempdir().expect("a folder");
    for example in ["training-cluster", "serverless-inference"] {
        let to = copy.path().join("examples").join(example);
        fs::create_dir_all(&to).expect("a folder");
        for entry in fs::read_dir(root.join("examples").join(example)).expect("the example") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
            }
        }
    }
    let mut tourist = Tourist { folder: copy.path().to_owned(), has_edited: false };
    // The quick start ends with this.
    let first = copy.path().join("examples/training-cluster");
    Said::of(sindri(&first).args(["apply", "--sandbox", "--auto-approve"])).exits(0);
    let blocks: Vec<&str> = tour.split("```sh\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert_eq!(blocks.len(), 2, "{tour}");
    blocks.iter().flat_map(|block| block.lines()).for_each(|line| tourist.run(line));
    assert!(tourist.folder.ends_with("serverless-inference"));
}
