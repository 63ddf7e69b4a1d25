//! Before an object is destroyed to make room for its successor, checks everything known about whether the successor
//! can exist.
//!
//! The plan made the same checks, perhaps hours ago. Each question is asked once per run, not once per pod. Only stock,
//! which changes by the minute, is checked again after a while.

use std::time::Duration;

use super::answers::Verdict;
use super::{OperationError, RunningOperation, lock};
use crate::apply::Event;
use crate::kind::{self, Kind, Names};
use crate::model::{Address, Attributes, Operation, Verb};
use crate::observe::{any_in_stock, is_in_stock, unsendable};
use crate::planner::decide::feasible;
use crate::resource::resolved;
use crate::runpod::ErrorClass;

/// How long an answer about stock stays valid.
const STOCK_IS_FRESH: Duration = Duration::from_secs(60);

/// A reason why a successor cannot exist.
struct SuccessorObjection {
    message: String,
    help: &'static str,
    class: ErrorClass,
}

impl RunningOperation<'_, '_> {
    /// Fails, before anything is destroyed, if the successor of the object to be deleted cannot exist.
    pub(super) async fn check_successor(&self, id: &str) -> Result<(), OperationError> {
        let successor = self.operation.replaced_by.and_then(|index| self.job().plan.operations.get(index));
        let Some(successor) = successor else { return Ok(()) };
        let Some(kind) = kind::find(&successor.address.kind) else { return Ok(()) };
        let Some(SuccessorObjection { message, help, class }) = self.objection(kind, successor).await else {
            return Ok(());
        };
        self.tell(Event::Failed {
            address: self.address(),
            verb: Verb::Delete,
            id: Some(id.to_owned()),
            message,
            help: Some(help.into()),
            code: class.into(),
            changed: false,
        });
        Err(OperationError::Failed(Some(class)))
    }

    async fn objection(&self, kind: &'static Kind, successor: &Operation) -> Option<SuccessorObjection> {
        if let Some(error) = unsendable(self.api(), self.job().plan, successor) {
            return Some(SuccessorObjection {
                message: format!("its replacement cannot be created, so nothing was destroyed: {error}"),
                help: error.class.help(),
                class: error.class,
            });
        }
        let inputs = resolved(successor.inputs.clone(), &|address| self.existing_id(address));
        for (_, names, id) in kind.named(&inputs) {
            // Objects created in this run exist, even if reads do not show them yet.
            if lock(&self.executor.touched).contains_key(id) {
                continue;
            }
            if let Some(missing) = self.missing(&inputs, names, id).await {
                return Some(SuccessorObjection {
                    message: format!("its replacement cannot be created, so nothing was destroyed: {missing}"),
                    help: "correct the configuration and run the command again",
                    class: ErrorClass::NotFound,
                });
            }
        }
        let in_stock = !kind.has_capacity || self.in_stock(kind, successor).await;
        (!in_stock).then(|| SuccessorObjection {
            message: "its replacement is out of stock, so nothing was destroyed".to_owned(),
            help: "try again later, or allow more GPU types or regions",
            class: ErrorClass::NoCapacity,
        })
    }

    /// The id of a live object that this plan does not create or recreate.
    fn existing_id(&self, address: &Address) -> Option<String> {
        let created = self.executor.created_addresses.contains(address);
        lock(&self.executor.ids).get(address).filter(|_| !created).cloned()
    }

    /// Why an object named by the successor cannot be used. A missing response is no reason to refuse.
    async fn missing(&self, inputs: &Attributes, names: Names, id: &str) -> Verdict {
        match names {
            Names::Outside(outside) => {
                let ask = async || self.api().presence(outside, id).await.ok().flatten()?.objection(outside, id);
                self.executor.answers.get(&format!("{} {id}", outside.title()), None, ask).await
            }
            Names::Listed { kind, place } => {
                let target = kind::find(kind)?;
                let allowed = place.and_then(|(_, allowed)| inputs.get(allowed)).map(ToString::to_string);
                let ask = async || match self.api().read(target, id).await {
                    // Shortly after a create, a 404 proves nothing.
                    Ok(None) if !self.freshness().is_zero() => None,
                    Ok(object) => {
                        feasible::misplaced(inputs, names, id, object.as_ref().map(|object| &object.attributes))
                    }
                    Err(_) => None,
                };
                let question = format!("{kind} {id} {}", allowed.unwrap_or_default());
                self.executor.answers.get(&question, None, ask).await
            }
        }
    }

    /// Whether one of the candidates is available, according to RunPod's catalog.
    async fn in_stock(&self, kind: &'static Kind, successor: &Operation) -> bool {
        let api = self.api();
        let answer = async |key: String, inputs: Attributes| {
            let ask = async || (!is_in_stock(api, kind, &inputs).await).then(String::new);
            self.executor.answers.get(&key, Some(STOCK_IS_FRESH), ask).await.is_none()
        };
        any_in_stock(api, kind, successor, answer).await
    }
}
