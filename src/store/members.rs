//! Ids of parts: a port's begins with its pod's, and says nothing of its own.

use crate::graph;
use crate::model::State;
use crate::planner::record::id_of_member;

/// Gives every part the id that follows from its parent's. The two can come apart where a merge takes a new pod from one
/// side and a new port of its predecessor from the other.
pub(super) fn follow_parents(state: &mut State) {
    let due: Vec<_> = state
        .resources
        .iter()
        .filter_map(|(address, record)| {
            let parent = state.resources.get(&graph::parent_of(address)?)?;
            let id = id_of_member(&parent.id, address);
            (record.id != id).then(|| (address.clone(), id))
        })
        .collect();
    for (address, id) in due {
        if let Some(record) = state.resources.get_mut(&address) {
            record.id = id;
        }
    }
}
