//! Checks a plan against an earlier approval, given as an id or a file. sindri applies only what was approved.

use std::path::{Path, PathBuf};

use super::args::{ChangeFlags, Global};
use super::consent;
use super::console::Console;
use super::exit::{Exit, Failure, FailureCode};
use super::saved;
use crate::model::{Plan, State};
use crate::planner::review::identity;
use crate::planner::review::saved::{SavedPlan, SavedPlanComparison};
use crate::planner::{Input, PlanOptions};
use crate::render::words;

/// Maximum number of differences to list; more would bury them.
const TOLD: usize = 20;

/// The approval given with the command.
pub enum Approval {
    /// None yet; flags or a person will decide.
    None,
    /// The whole plan with this id. With the file, differences can be listed.
    Expected { id: String, saved: Option<Box<SavedPlan>> },
    /// The content of this file, regardless of other pending changes.
    Saved(Box<SavedPlan>),
}

impl Approval {
    /// The approval on the command line. Relative paths start from `-C`.
    pub fn of(file: Option<&Path>, change: &ChangeFlags, global: &Global) -> Result<Self, Failure> {
        let placed = |path: PathBuf| global.directory.clone().unwrap_or_default().join(path);
        let expected = match change.expect.as_deref() {
            None => None,
            Some(id) if is_id(id) => Some((id.to_ascii_lowercase(), None)),
            Some(word) => {
                let path = placed(word.into());
                if !path.is_file() {
                    return Err(Failure::message(
                        Exit::Usage,
                        FailureCode::NoPlanId,
                        format!("`{word}` is neither a plan id nor a file"),
                        Some("`sindri plan` prints the id, which has 16 hex digits; nothing was requested".into()),
                    ));
                }
                let saved = saved::read(&path)?;
                Some((saved.plan_id.clone(), Some(Box::new(saved))))
            }
        };
        let Some(file) = file else {
            return Ok(match expected {
                None => Self::None,
                Some((id, saved)) => Self::Expected { id, saved },
            });
        };
        let saved = saved::read(&placed(file.to_owned()))?;
        match expected {
            Some((id, _)) if id != saved.plan_id => Err(Failure::message(
                Exit::Stale,
                FailureCode::UnexpectedPlan,
                format!("`{}` contains the plan `{}`, but `{id}` was expected", file.display(), saved.plan_id),
                Some("pass the file of the plan that was approved; nothing was requested".into()),
            )),
            _ => Ok(Self::Saved(Box::new(saved))),
        }
    }

    /// Whether everything that the plan does is already approved.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Refuses, before any request is sent, if there is no approval and no way to ask for it.
    pub fn can_be_given(&self, change: &ChangeFlags, console: &Console, command: &str) -> Result<(), Failure> {
        if self.is_given() { Ok(()) } else { consent::can_be_given(change, console, command) }
    }

    /// The planner options of the saved plan: the same options as then, limited to the resources in the file.
    pub fn options(&self, prior: &State) -> Option<PlanOptions> {
        match self {
            Self::Saved(saved) => Some(saved.options_now(prior)),
            Self::None | Self::Expected { .. } => None,
        }
    }

    /// A saved plan is complete in itself. Report that it is limited to some addresses only if other changes are
    /// pending, or if it was limited from the start.
    pub fn clear_partial(&self, plan: &mut Plan) {
        let Self::Saved(saved) = self else { return };
        if saved.options.targets.is_empty() && !plan.leaves_out() {
            plan.partial = None;
        }
    }

    /// Whether changes outside the plan affect the exit code. A saved plan was complete when it was made, and later
    /// changes are for the next plan. Success still requires that everything is ready.
    pub fn reports_pending(&self, plan: &Plan) -> bool {
        match (self, &plan.partial) {
            (_, None) => false,
            (Self::Saved(saved), Some(partial)) if saved.options.targets.is_empty() => !partial.not_ready.is_empty(),
            (_, Some(partial)) => partial.leaves_out(),
        }
    }

    /// Checks that the new plan is the approved one.
    pub fn verify(&self, input: &Input<'_>, plan: &Plan) -> Result<(), Failure> {
        match self {
            Self::None => Ok(()),
            Self::Expected { id, saved } => {
                let now = identity::id(plan);
                if now == *id {
                    return Ok(());
                }
                let listed =
                    saved.as_ref().map(|saved| differences(&saved.compare(input, plan), true)).unwrap_or_default();
                let state = if plan.is_empty() {
                    "there is nothing left to do".to_owned()
                } else if !plan.changes_anything() {
                    format!("it only remains to wait for {}", words::count(plan.waits.len(), "resource"))
                } else {
                    format!("this is `{now}`")
                };
                Err(Failure::message(
                    Exit::Stale,
                    FailureCode::UnexpectedPlan,
                    format!("the plan `{id}` was expected, but {state}{listed}"),
                    Some(match (plan.is_empty(), plan.changes_anything()) {
                        (true, _) => "if it was already applied, no action is needed; nothing was changed".into(),
                        (_, false) => "`sindri wait` waits until everything is ready; nothing was changed".into(),
                        _ => format!(
                            "review the plan above, and pass `--expect {now}` if it is right; nothing was changed"
                        ),
                    }),
                ))
            }
            Self::Saved(saved) => {
                let comparison = saved.compare(input, plan);
                if comparison.differences.is_empty() {
                    return Ok(());
                }
                let changed = words::count(comparison.differences.len(), "difference");
                Err(Failure::message(
                    Exit::Stale,
                    FailureCode::StalePlan,
                    format!(
                        "the plan `{}` is stale: {changed} since it was made{}",
                        saved.plan_id,
                        differences(&comparison, false)
                    ),
                    Some("`sindri plan --out FILE` writes a new one to review; nothing was changed".into()),
                ))
            }
        }
    }
}

/// 16 hex digits are an id; anything else is a file name.
fn is_id(word: &str) -> bool {
    word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The differences, one line each; `done` includes actions that are no longer necessary.
fn differences(comparison: &SavedPlanComparison, done: bool) -> String {
    let settled =
        comparison.done.iter().filter(|_| done).map(|address| format!("`{address}`: there is nothing left to do"));
    let lines: Vec<String> = comparison.differences.iter().map(ToString::to_string).chain(settled).collect();
    let mut text = String::new();
    for line in lines.iter().take(TOLD) {
        text.push_str(&format!("\n  {line}"));
    }
    if lines.len() > TOLD {
        text.push_str(&format!("\n  ... and {}", words::count(lines.len() - TOLD, "other difference")));
    }
    text
}
