//! Consistency rules for the records of one state, as one pure check. `state verify`, the plan checker, the store and
//! the tests all use it.

use std::collections::BTreeMap;
use std::fmt;

use crate::kind;
use crate::model::{Address, Record, State, Value};
use crate::resource::members;

use super::references::forget_lost;

/// One record that contradicts the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub address: Address,
    pub fault: RecordFault,
}

/// The problem with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// Its kind differs from that of its address.
    OtherKind(String),
    UnknownKind(String),
    /// Another address records the same object.
    SameObject {
        id: String,
        other: Address,
    },
    /// An entry of `depends_on` that is not in the state, with its index in the list.
    Dependency {
        index: usize,
        to: Address,
    },
    /// An input that refers to an address that is not in the state.
    Reference {
        attribute: String,
        to: Address,
    },
    /// The parent resource is not in the state.
    NoParent(Address),
    /// The id of a part does not match its parent's id.
    PartId {
        expected: String,
    },
    /// A deposed object whose successor is not in the state.
    NoSuccessor(Address),
}

impl RecordFault {
    /// Whether the record makes planning impossible. Other flaws are repaired when a state is read ([`repaired`]).
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::OtherKind(_) | Self::UnknownKind(_) | Self::SameObject { .. } | Self::Dependency { .. } => true,
            Self::Reference { .. } | Self::NoParent(_) | Self::PartId { .. } | Self::NoSuccessor(_) => false,
        }
    }

    /// Whether an interrupted replacement or destroy leaves this flaw for the next command to resolve.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::NoSuccessor(_))
    }
}

impl Flaw {
    /// The keys and indices that lead to the flaw within the record.
    pub fn path(&self) -> Vec<String> {
        let path: Vec<&str> = match &self.fault {
            RecordFault::OtherKind(_) | RecordFault::UnknownKind(_) => vec!["kind"],
            RecordFault::SameObject { .. } | RecordFault::PartId { .. } => vec!["id"],
            RecordFault::Dependency { index, .. } => return vec!["depends_on".to_owned(), index.to_string()],
            RecordFault::Reference { attribute, .. } => vec!["inputs", attribute],
            RecordFault::NoParent(_) | RecordFault::NoSuccessor(_) => Vec::new(),
        };
        path.into_iter().map(str::to_owned).collect()
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match &self.fault {
            RecordFault::OtherKind(kind) => write!(formatter, "`{address}` is recorded as a `{kind}`"),
            RecordFault::UnknownKind(kind) => {
                write!(formatter, "this version of sindri does not know the kind `{kind}`")
            }
            RecordFault::SameObject { id, other } => write!(formatter, "`{address}` and `{other}` are both `{id}`"),
            RecordFault::Dependency { to, .. } => {
                write!(formatter, "`{address}` depends on `{to}`, which is not in the state")
            }
            RecordFault::Reference { attribute, to } => {
                write!(formatter, "`{attribute}` of `{address}` refers to `{to}`, which is not in the state")
            }
            RecordFault::NoParent(parent) => {
                write!(formatter, "`{address}` is part of `{parent}`, which is not in the state")
            }
            RecordFault::PartId { expected } => {
                write!(formatter, "the id of `{address}` does not match its parent's; it should be `{expected}`")
            }
            RecordFault::NoSuccessor(successor) => {
                write!(formatter, "`{address}` waits for `{successor}`, which is not in the state")
            }
        }
    }
}

/// All records that contradict another one; empty for a consistent state.
pub fn flaws(state: &State) -> Vec<Flaw> {
    let mut found = Vec::new();
    let mut owners: BTreeMap<(&str, &str), &Address> = BTreeMap::new();
    for (address, record) in &state.resources {
        let mut refuse = |fault| found.push(Flaw { address: address.clone(), fault });
        if record.kind != address.kind {
            refuse(RecordFault::OtherKind(record.kind.to_string()));
        } else if kind::find(&record.kind).is_none() {
            refuse(RecordFault::UnknownKind(record.kind.to_string()));
        }
        if let Some(other) = owners.insert((&record.kind, &record.id), address) {
            refuse(RecordFault::SameObject { id: record.id.clone(), other: other.clone() });
        }
        of_edges(state, record, &mut refuse);
        match members::parent_of(address).map(|parent| (state.resources.get(&parent), parent)) {
            None => {}
            Some((None, parent)) => refuse(RecordFault::NoParent(parent)),
            Some((Some(parent), _)) => {
                let expected = members::id_of_member(&parent.id, address);
                if record.id != expected {
                    refuse(RecordFault::PartId { expected });
                }
            }
        }
        if let Some(successor) = address.successor().filter(|successor| !state.resources.contains_key(successor)) {
            refuse(RecordFault::NoSuccessor(successor));
        }
    }
    found
}

/// Reports references and dependencies whose target is not in the state.
fn of_edges(state: &State, record: &Record, refuse: &mut dyn FnMut(RecordFault)) {
    for (index, to) in record.depends_on.iter().enumerate() {
        if !state.resources.contains_key(to) {
            refuse(RecordFault::Dependency { index, to: to.clone() });
        }
    }
    for (attribute, value) in &record.inputs {
        for to in Value::references(value).into_iter().filter(|to| !state.resources.contains_key(to)) {
            refuse(RecordFault::Reference { attribute: attribute.to_string(), to: to.clone() });
        }
    }
}

/// Repairs everything that can be derived from other records: parts get the ids derived from their parents, parts
/// without a parent are removed, and inputs that refer to nothing become unknown.
///
/// A line-based merge, a manual edit or an earlier version may leave such records. Their original values cannot be
/// recovered.
pub fn repaired(mut state: State) -> State {
    let is_loose = |address: &Address| {
        members::parent_of(address).is_some_and(|parent| !state.resources.contains_key(&parent)) //
    };
    let loose: Vec<Address> = state.resources.keys().filter(|address| is_loose(address)).cloned().collect();
    for address in loose {
        state.resources.remove(&address);
    }
    follow_parents(&mut state);
    forget_lost(&mut state);
    state
}

/// Gives every part the id derived from its parent's. They can diverge if a merge takes a new pod from one side and a
/// new port of its predecessor from the other.
pub fn follow_parents(state: &mut State) {
    let due: Vec<(Address, String)> = state
        .resources
        .iter()
        .filter_map(|(address, record)| {
            let parent = state.resources.get(&members::parent_of(address)?)?;
            let id = members::id_of_member(&parent.id, address);
            (record.id != id).then(|| (address.clone(), id))
        })
        .collect();
    for (address, id) in due {
        if let Some(record) = state.resources.get_mut(&address) {
            record.id = id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Attributes;

    fn record(kind: &str, id: &str) -> Record {
        Record {
            kind: kind.into(),
            id: id.into(),
            inputs: Attributes::new(),
            chosen: BTreeMap::new(),
            marked: None,
            depends_on: Vec::new(),
            power: None,
            prevent_destroy: false,
            ignored: Default::default(),
            tainted: false,
            awaiting_ready: None,
        }
    }

    fn state(records: &[(&str, Record)]) -> State {
        let mut state = State::new("l".into(), "default".into(), "runpod".into());
        state.resources = records.iter().map(|(at, record)| (at.parse().unwrap(), record.clone())).collect();
        state
    }

    fn mounting(id: &str, volume: &str) -> Record {
        let volume: Address = volume.parse().unwrap();
        let inputs = Attributes::from([("network_volume".to_owned(), Value::reference(volume.clone()))]);
        Record { inputs, depends_on: vec![volume], ..record("pod", id) }
    }

    #[test]
    fn every_contradiction_is_found() {
        let state = state(&[
            ("network_volume.a", record("network_volume", "v1")),
            ("network_volume.b", record("network_volume", "v1")),
            ("network_volume.c", record("pod", "p9")),
            ("pod.a", mounting("p1", "network_volume.gone")),
            ("pod.b:deposed-p0", record("pod", "p0")),
            ("port.a:22/tcp", record("port", "p7:22/tcp")),
            ("port.c:22/tcp", record("port", "p8:22/tcp")),
        ]);
        let reported: Vec<String> = flaws(&state).iter().map(ToString::to_string).collect();
        assert_eq!(
            reported,
            [
                "`network_volume.b` and `network_volume.a` are both `v1`",
                "`network_volume.c` is recorded as a `pod`",
                "`pod.a` depends on `network_volume.gone`, which is not in the state",
                "`network_volume` of `pod.a` refers to `network_volume.gone`, which is not in the state",
                "`pod.b:deposed-p0` waits for `pod.b`, which is not in the state",
                "the id of `port.a:22/tcp` does not match its parent's; it should be `p1:22/tcp`",
                "`port.c:22/tcp` is part of `pod.c`, which is not in the state",
            ]
        );
    }

    #[test]
    fn derivable_values_are_repaired() {
        let mut pod = mounting("p1", "network_volume.gone");
        pod.depends_on.clear();
        let broken = state(&[
            ("pod.a", pod),
            ("port.a:22/tcp", record("port", "p7:22/tcp")),
            ("port.c:22/tcp", record("port", "p8:22/tcp")),
        ]);
        let repaired = repaired(broken);
        assert_eq!(flaws(&repaired), []);
        let kept: Vec<String> = repaired.resources.keys().map(ToString::to_string).collect();
        assert_eq!(kept, ["pod.a", "port.a:22/tcp"]);
        assert!(repaired.resources[&"pod.a".parse().unwrap()].inputs.is_empty(), "what it mounted cannot be told");
    }
}
