//! Summaries for requests that RunPod accepted before something failed.

use std::time::Duration;

use sindri::apply::{Event, OperationFault};
use sindri::model::{Action, Operation, Plan, Verb};
use sindri::render::{Style, Summary};

use crate::render::applies::operation;
use crate::render::fixture::{address, change, plan};

fn summary_of(verb: Verb, action: Action) -> String {
    let pod = || address("pod.z");
    let mut changed = change("pod.z", action);
    changed.id = (verb != Verb::Create).then(|| "z0".to_owned());
    let operations: Vec<Operation> = vec![operation("pod.z", verb, changed.id.as_deref())];
    let plan = Plan { operations, ..plan(vec![changed]) };
    let mut summary = Summary::expecting(&plan, "apply");
    let failed = |changed| Event::Failed {
        address: pod(),
        verb,
        id: Some("z0".into()),
        message: "it was not ready after 5 s".into(),
        help: None,
        code: OperationFault::NotReady.into(),
        changed,
    };
    for event in [Event::Accepted { address: pod(), verb, id: "z0".into() }, failed(false)] {
        summary.note(&event);
    }
    let mut out = String::new();
    summary.text(&mut out, Duration::ZERO, &Style::default()).expect("a string takes everything");
    out
}

#[test]
fn after_a_failed_wait_the_accepted_request_is_mentioned() {
    let update = summary_of(Verb::Update, Action::Update);
    assert!(update.contains("update accepted, but failed") && !update.contains("could not be updated"), "{update}");
    let start = summary_of(Verb::Start, Action::Start);
    assert!(start.contains("started, but not ready") && !start.contains("could not be started"), "{start}");
    for text in [update, start, summary_of(Verb::Create, Action::Create)] {
        assert!(!text.contains("Nothing was changed"), "{text}");
    }
}
