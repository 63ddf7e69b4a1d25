//! The highest cost that resources can reach without another change: RunPod starts workers by itself.

use crate::catalog::Catalog;
use crate::kind::{self, MachineFacts};
use crate::model::{Action, Attributes, Change, Cost};

/// Sets the peaks of changes whose other costs are set.
pub fn set(changes: &mut [Change], catalog: &Catalog) {
    for change in changes {
        let estimate = kind::find(&change.address.kind).and_then(|kind| kind.pricing.peak);
        let peak = |attributes: &Attributes, hourly: Cost| match estimate {
            Some(estimate) if !attributes.is_empty() => estimate(catalog, attributes, MachineFacts::default()),
            _ => hourly,
        };
        change.peak_before = peak(&change.before, change.hourly_before);
        change.peak_after = match change.action {
            Action::Delete => Cost::ZERO,
            Action::NoOp | Action::Import | Action::Forget => change.peak_before,
            _ => peak(&change.after, change.hourly_after),
        };
    }
}
