//! Plans with objects that carry the marker and are in no state.

use sindri::model::{Change, Marker, Orphan, Plan};
use sindri::render::{Style, text};

use crate::render::fixture::{create, gpu_pod, kept, plan};
use crate::render::plans::view;

fn remedy(changes: Vec<Change>) -> String {
    let orphan = Orphan {
        kind: "pod".into(),
        id: "w0rph4n".into(),
        name: "trainer-2".into(),
        marker: "4f1c09aa:llm-team/prod:pod.trainer[2]:01hx2".parse::<Marker>().expect("a marker"),
        status: None,
        hourly: None,
        created_at: None,
    };
    let mut out = String::new();
    let plan = Plan { orphans: vec![orphan], ..plan(changes) };
    text::plan(&mut out, &plan, &view(), &Style::default()).expect("a string takes everything");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_orphan_is_offered_only_to_an_address_that_can_take_it() {
    let pod = || gpu_pod("NVIDIA L4", 1, "nginx:1");
    let free = remedy(vec![create("pod.trainer[2]", pod(), 0.44, 1)]);
    assert!(free.contains("created for `pod.trainer[2]`; import it with `sindri import"), "{free}");
    let taken = remedy(vec![kept("pod.trainer[2]", pod(), 0.44)]);
    assert!(taken.contains("which has another pod. Delete this one at") && !taken.contains("sindri import"), "{taken}");
    let undeclared = remedy(vec![]);
    assert!(undeclared.contains("which this plan does not declare. Declare it and import it with"), "{undeclared}");
}
