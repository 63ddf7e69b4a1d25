//! The reader's options, and the context that all parts of a plan's text share.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Address, Change, Plan};

/// The reader's options, and facts that the plan does not contain.
#[derive(Clone, Debug, Default)]
pub struct PlanView {
    /// Shows every attribute, and unchanged resources too.
    pub full: bool,
    /// The configuration file as named in sentences, for example `sindri.yaml`.
    pub config: String,
    /// The date of the price catalog, for example `2026-11-23`.
    pub catalog_date: Option<String>,
    /// The plan's id, for `apply --expect`.
    pub plan_id: Option<String>,
    /// The flags that shaped the plan, for suggested commands.
    pub flags: Vec<String>,
    /// Shows only changes with these actions; all if empty. The summary counts all changes in either case.
    pub only: BTreeSet<Action>,
    /// For ages in the text; `None` shows times as they are.
    pub now: Option<jiff::Timestamp>,
}

/// Context for rendering any line.
pub(in crate::render) struct Context<'a> {
    pub plan: &'a Plan,
    pub by_address: BTreeMap<&'a Address, &'a Change>,
    pub view: &'a PlanView,
}
