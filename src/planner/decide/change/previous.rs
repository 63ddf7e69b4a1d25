//! Objects that keep the previous object of a replaced resource, until they are recreated for another reason: a running
//! pod has pulled its image, so a new registry credential is no reason to recreate it.

use super::subject::Subject;
use crate::model::{Effect, Object, Resource, Value};
use crate::resource::difference::{Readings, difference};

impl Subject<'_, '_> {
    /// Makes the declared values of such attributes those of the object, unless it is recreated anyway.
    pub(super) fn keep_previous(&mut self, resource: &Resource, object: &Object) {
        let previous = self.previous(resource, object);
        if previous.is_empty() {
            return;
        }
        let mut wanted = self.wanted.clone();
        for (name, id) in &previous {
            wanted.insert((*name).to_owned(), Value::text(id));
        }
        let readings = Readings::of_resource(self.kind, resource, object, (&wanted, self.recorded.as_ref()));
        let rest = difference(&readings);
        let is_recreated = self.context.input.options.replace.contains(self.address)
            || self.broken(object).is_some()
            || rest.fields.iter().any(|field| matches!(field.effect, Effect::Restart | Effect::Replace));
        if is_recreated {
            return;
        }
        self.wanted = wanted;
        for (name, id) in previous {
            self.declared.insert(name.to_owned(), Value::text(&id));
            self.unapplied.insert(name.to_owned());
            self.previous.insert(name, id);
        }
    }

    /// The attributes of the object that name the previous object of a declared resource, with its id.
    fn previous(&self, resource: &Resource, object: &Object) -> Vec<(&'static str, String)> {
        let attributes = self.kind.attributes.iter().filter(|attribute| attribute.keeps_previous);
        let previous = attributes.filter_map(|attribute| {
            let Value::Reference(target) = resource.inputs.get(attribute.name)? else { return None };
            let seen = object.attributes.get(attribute.name)?.as_text().filter(|id| !id.is_empty())?;
            let records = &self.context.prior.resources;
            let is_replaced =
                self.unresolved.iter().any(|(address, action)| *address == **target && action.is_replacement());
            let is_current = records.get(&**target).is_some_and(|record| record.id == seen);
            let is_previous = (is_replaced && is_current) || records.contains_key(&target.deposed(seen));
            is_previous.then(|| (attribute.name, seen.to_owned()))
        });
        previous.collect()
    }
}
