//! Tests the planner by applying its plans to an emulated RunPod: generated configurations are applied, changed,
//! altered from outside and destroyed, and the invariants are checked on the world itself.

mod support;

mod planner {
    mod answers;
    mod budget;
    mod deposed;
    mod checked;
    mod discovery;
    mod outside_changes;
    mod moves;
    mod order;
    mod properties;
    mod regressions;
    mod review;
    mod renames;
    mod small;
    mod templates;
    mod whole_truth;
}
