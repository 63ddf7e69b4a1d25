//! Large files are read with a bounded number of word comparisons.

use std::path::Path;

use super::kinds::pod::ports::ports;
use super::problem::Findings;
use super::{LoadOptions, MOST_PROBLEMS, check_text, document};
use crate::model::ProblemCode;
use crate::model::similar::comparisons;

const HEAD: &str = "version: \"3.0\"\nname: demo\ndeployment: { provider: runpod, image: ubuntu:24.04 }\nproviders:\n  \
                    runpod:\n    gpuType: NVIDIA L4\n";

fn compared(yaml: &str) -> usize {
    comparisons(|| {
        let read = check_text(Path::new("/nowhere/sindri.yaml"), yaml, &LoadOptions::alone("/nowhere"));
        assert!(read.is_err());
    })
}

/// Lines with the numbers from 0.
fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn thousands_of_unknown_names_are_compared_no_more_often_than_the_problems_that_are_shown() {
    type Lines = fn(usize) -> String;
    let lists: [(&str, Lines); 5] = [
        ("", |count| numbered(count, |index| format!("    gpuTypo{index}: 1\n"))),
        ("    region:\n", |count| numbered(count, |index| format!("      - US-XX-{index}\n"))),
        ("    pods:\n", |count| numbered(count, |index| format!("      p{index}: {{ gpuType: RTX 40{index}x }}\n"))),
        ("    pods:\n", |count| numbered(count, |index| format!("      p{index}: {{ cloudType: SEKURE{index} }}\n"))),
        ("    networkVolumes: { data: { sizeGb: 10, region: US-KS-2 } }\n    pods:\n", |count| {
            numbered(count, |index| format!("      p{index}: {{ networkVolume: dat{index} }}\n"))
        }),
    ];
    for (head, lines) in lists {
        let few = compared(&format!("{HEAD}{head}{}", lines(MOST_PROBLEMS)));
        let many = compared(&format!("{HEAD}{head}{}", lines(4 * MOST_PROBLEMS)));
        assert!(few > 0, "{head}: the names are not compared at all");
        // Longer numbers change the number of comparisons slightly.
        assert!(many <= few + few / 4, "{head}: {few} comparisons became {many}");
    }
}

#[test]
fn a_very_long_word_is_compared_with_nothing() {
    let long = "A".repeat(1_000_000);
    for field in ["gpuType", "region", "cloudType", "cpuFlavor", "networkVolume", "power"] {
        let yaml = format!("{}    {field}: {long}\n", HEAD.replace("    gpuType: NVIDIA L4\n", ""));
        assert_eq!(compared(&yaml), 0, "{field}");
    }
    assert_eq!(compared(&format!("{HEAD}    {long}: 1\n")), 0);
}

#[test]
fn every_port_of_a_machine_is_read_and_a_repeated_one_is_found() {
    let mut findings = Findings::default();
    let list = (1..=u16::MAX).chain([7]).map(|port| format!("{port}/tcp")).collect::<Vec<_>>().join(", ");
    let file = findings.sources.add("sindri.yaml".into(), &format!("ports: [{list}]\n"));
    let pod = document::parse(file, &mut findings).unwrap();
    assert_eq!(ports(&pod, false, &mut findings).len(), usize::from(u16::MAX));
    let problems: Vec<_> = findings.into_problems().iter().map(|problem| problem.code).collect();
    assert_eq!(problems, [ProblemCode::DuplicatePort]);
}
