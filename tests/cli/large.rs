//! Large projects: what commands print is bounded, and nothing is lost from the full view.

use crate::support::{BARE, Emulator, Project};

#[test]
fn destroying_many_pods_is_short_and_every_pod_is_in_the_full_view() {
    let pods: Vec<String> = (0..30).map(|number| format!("w{number}: {{}}")).collect();
    let text = format!("{BARE}    pods: {{ {} }}\n", pods.join(", "));
    let text = text.replace("volumeSizeGb: 0", "volumeSizeGb: 10");
    let (emulator, project) = (Emulator::start(), Project::new(&text));
    let created = project.run(&emulator, "plan").exits(0).tells("... and 10 more to create; `--full` lists all");
    assert!(created.stdout.lines().count() < 80, "{}", created.stdout);
    project.run(&emulator, "apply -y").exits(0);

    let said = project.run(&emulator, "plan --destroy").exits(0);
    let said = said.tells("In all: 30 DESTROY, data at risk: 300 GB.");
    let said = said.tells("... and 10 more to destroy, 10 with data (100 GB); `--full` lists all");
    assert!(said.stdout.lines().count() < 80, "{}", said.stdout);
    let full = project.run(&emulator, "plan --destroy --full").exits(0).stdout;
    for number in 0..30 {
        assert!(full.contains(&project.id(&format!("pod.w{number}"))), "no pod.w{number} in {full}");
    }
    let refused = project.run(&emulator, "destroy -y").exits(3).warns("26 others (300 GB in total)");
    assert!(refused.stderr.lines().count() < 20, "{}", refused.stderr);

    project.write("sindri.yaml", &format!("{text}    lifecycle: {{ preventDestroy: true }}\n"));
    project.run(&emulator, "apply -y").exits(0);
    let refused = project.run(&emulator, "destroy -y --allow-data-loss").exits(3);
    let refused = refused.warns("for 30 reasons").warns("... and 10 more");
    assert!(refused.stderr.lines().count() < 80, "{}", refused.stderr);
    assert!(refused.tells("... and 10 more refusals; `--full` lists all").stdout.lines().count() < 160);
    assert_eq!(emulator.pods().len(), 30);
}
