//! Budgets on the command line.

use crate::support::{Emulator, Project};

const CONFIG: &str = r#"version: "3.0"
name: demo
budget: { maxHourly: 100 }
deployment: { image: "example/image:1" }
providers: { runpod: { gpuType: "Tesla T4", volumeSizeGb: 0 } }
"#;

#[test]
fn an_unknown_price_does_not_bypass_the_budget() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    for command in ["plan", "plan --refresh=false", "plan --target pod.demo", "apply --auto-approve"] {
        let said = project.run(&emulator, command).exits(6);
        assert!(said.stderr.contains("`Tesla T4`") && said.stderr.contains("`pod.demo`"), "{command}: {said:?}");
        assert!(said.stderr.contains("remove `budget.maxHourly`"), "{command}: {said:?}");
    }
    project.write("sindri.yaml", &CONFIG.replace("budget: { maxHourly: 100 }\n", ""));
    let plan = project.run(&emulator, "plan").exits(0);
    assert!(
        plan.stdout.contains("price not known") && plan.stdout.contains("1 machine without a known price"),
        "{plan:?}"
    );
}

#[test]
fn the_catalog_distinguishes_hardware_not_offered_from_unknown_prices() {
    let project = Project::new(CONFIG);
    let row = |filter: &str| {
        let said = project.offline(&format!("catalog gpus {filter}")).exits(0);
        let line = said.stdout.lines().nth(1).unwrap_or_default().to_owned();
        line.split_whitespace().rev().take(4).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("t4"), ["?", "?", "?", "?"]);
    assert_eq!(row("a40"), ["-", "-", "10", "$0.44"]);
}
