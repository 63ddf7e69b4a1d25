//! Whether an update that was accepted was also done.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{OperationError, Run};
use crate::apply::Event;
use crate::apply::recover::updated;
use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Entry, Intent, Object, Outcome, Value, Verb};
use crate::planner::diff::{Readings, difference};

/// How long answers may go on showing old values. Source: contract, section 13.
const STALE: Duration = Duration::from_secs(90);

impl Run<'_, '_> {
    /// The object as soon as it shows the new values. An accepted update may leave a field as it was, and until an answer or
    /// a list shows otherwise that looks the same as an answer of yesterday (contract, section 13).
    pub(super) async fn landed(
        &self,
        intent: &Intent,
        changes: &Attributes,
        answer: Object,
    ) -> Result<Object, OperationError> {
        let mut missing = unchanged(self.kind, changes, &answer);
        let Some(watch) = self.carrier.watches.get(self.kind.name).filter(|_| !missing.is_empty()) else {
            return Ok(answer);
        };
        self.release();
        let landed = watch.until(Instant::now() + STALE, |sighting| {
            let object = sighting.objects.get(&answer.id)?;
            missing = unchanged(self.kind, changes, object);
            missing.is_empty().then(|| object.clone())
        });
        let mut interrupt = self.job().interrupt.clone();
        let landed = tokio::select! {
            biased;
            landed = landed => landed,
            // Its intent stays pending; the next command sees what came of it.
            _ = interrupt.wait_for(|stop| *stop) => {
                self.unfinished(&answer.id);
                return Err(OperationError::Interrupted);
            }
        };
        if let Some(object) = landed {
            return Ok(object);
        }
        let outcome = self.updated_but(intent, &missing);
        self.record(Entry::Outcome(outcome)).await?;
        let fields = missing.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let verb = if missing.len() == 1 { "is" } else { "are" };
        self.tell(Event::Failed {
            address: self.address(),
            verb: Verb::Update,
            id: Some(answer.id),
            message: format!(
                "RunPod accepted the update, but {fields} {verb} as before after {} s; the rest is done",
                STALE.as_secs()
            ),
            help: Some(
                "what was not done stays planned: apply again, or change it in the RunPod console. If RunPod goes on to \
                 ignore it, `lifecycle: { updates: recreate }` replaces the object instead"
                    .into(),
            ),
            code: "update_not_done".into(),
            changed: true,
        });
        Err(OperationError::Failed(None))
    }

    /// The records after an update that left some fields as they were: of those the old values stand.
    fn updated_but(&self, intent: &Intent, missing: &BTreeSet<String>) -> Outcome {
        let mut outcome = updated(intent);
        let before = self.job().store.record_of(&self.operation.address);
        for name in missing.iter().map(|path| path.split('.').next().unwrap_or(path)) {
            let member = |address: &Address| {
                kind::find(&address.kind)
                    .and_then(|kind| kind.member_of.as_ref())
                    .is_some_and(|membership| membership.attribute == name)
            };
            outcome.records.retain(|address, _| !member(address));
            let Some(Some(record)) = outcome.records.get_mut(&self.operation.address) else { continue };
            match before.as_ref().and_then(|before| before.inputs.get(name)) {
                Some(value) => drop(record.inputs.insert(name.to_owned(), value.clone())),
                None => drop(record.inputs.remove(name)),
            }
        }
        outcome
    }
}

/// The paths of `changes` that `object` does not show.
fn unchanged(kind: &'static Kind, changes: &Attributes, object: &Object) -> BTreeSet<String> {
    let mut wanted = changes.clone();
    for value in wanted.values_mut() {
        if let Value::Map(map) = value {
            map.retain(|_, value| !value.is_null()); // taken away
        }
    }
    let mut seen = object.attributes.clone();
    seen.retain(|name, _| changes.contains_key(name));
    let readings = Readings { recorded: Some(changes), ..Readings::of_record(kind, &wanted, &seen) };
    let difference = difference(&readings);
    let refused = difference.refused.into_iter().map(|(field, _)| field);
    difference.fields.into_iter().chain(refused).map(|field| field.path).collect()
}
