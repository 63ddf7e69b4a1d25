//! Members: resources that exist only within their parent's request, such as the ports of a pod.

use std::collections::BTreeMap;

use crate::kind;
use crate::model::natural::natural;
use crate::model::{Address, Attributes, Value};

/// Whether an address belongs to a part of another resource.
pub fn is_member(address: &Address) -> bool {
    kind::find(&address.kind).is_some_and(|kind| kind.member_of.is_some())
}

/// The address of the parent of `member`.
pub fn parent_of(member: &Address) -> Option<Address> {
    let membership = kind::find(&member.kind)?.member_of.as_ref()?;
    Some(Address { kind: membership.parent.into(), member: None, ..member.clone() })
}

/// The id of a member: its parent's id plus the part that distinguishes it.
pub fn id_of_member(parent_id: &str, address: &Address) -> String {
    format!("{parent_id}:{}", address.member.as_deref().unwrap_or_default())
}

/// Members grouped by parent.
pub fn by_parent<'a>(addresses: impl Iterator<Item = &'a Address>) -> BTreeMap<Address, Vec<&'a Address>> {
    let mut grouped: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
    for address in addresses {
        if let Some(parent) = parent_of(address) {
            grouped.entry(parent).or_default().push(address);
        }
    }
    grouped
}

/// The inputs of `parent` with its members (from the result of [`by_parent`]) in the attribute that lists them.
pub fn folded(parent: &Address, inputs: &Attributes, members: &BTreeMap<Address, Vec<&Address>>) -> Attributes {
    fold_members(parent, inputs, members.get(parent).map_or(&[], Vec::as_slice))
}

/// Inserts the members of `parent` into the attribute of its request that lists them.
pub fn fold_members(parent: &Address, inputs: &Attributes, members: &[&Address]) -> Attributes {
    let mut folded = inputs.clone();
    for membership in kind::KINDS.iter().filter_map(|kind| kind.member_of.as_ref()).filter(|m| m.parent == parent.kind)
    {
        let mut names: Vec<&str> = members.iter().filter_map(|member| member.member.as_deref()).collect();
        names.sort_by(|one, other| natural(one, other));
        // Without members the list is empty. But if something else supplies the list, it stays absent unless the inputs
        // set it.
        let supplied = kind::find(&parent.kind)
            .and_then(|kind| kind.attribute(membership.attribute))
            .is_some_and(|attribute| attribute.supplier(inputs).is_some());
        if !names.is_empty() || !supplied {
            folded.insert(membership.attribute.to_owned(), Value::texts(names));
        }
    }
    folded
}

/// Reverses [`fold_members`], because records hold only their own inputs. An empty list that prevents something else
/// from supplying the members (`ports: []` with a template) stays an input.
pub fn unfold_members(kind: &str, mut inputs: Attributes) -> Attributes {
    for membership in kind::KINDS.iter().filter_map(|kind| kind.member_of.as_ref()).filter(|m| m.parent == kind) {
        let attribute = kind::find(kind).and_then(|kind| kind.attribute(membership.attribute));
        let list = inputs.remove(membership.attribute);
        let supplied = attribute.is_some_and(|attribute| attribute.supplier(&inputs).is_some());
        if let Some(list) = list.filter(|list| supplied && list.as_list().is_some_and(<[Value]>::is_empty)) {
            inputs.insert(membership.attribute.to_owned(), list);
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_fold_into_their_pod_in_numeric_order() {
        let pod: Address = "pod.a[1]".parse().unwrap();
        let ports: Vec<Address> =
            ["port.a[1]:8888/http", "port.a[1]:22/tcp"].iter().map(|text| text.parse().unwrap()).collect();
        let grouped = by_parent(ports.iter());
        let folded = fold_members(&pod, &Attributes::new(), &grouped[&pod]);
        assert_eq!(folded["ports"], Value::texts(["22/tcp", "8888/http"]));
        assert!(unfold_members("pod", folded).is_empty());
    }
}
