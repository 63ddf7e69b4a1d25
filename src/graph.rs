//! The dependency graph: resources as nodes, with typed edges from each dependent to what it needs.
//!
//! Built from a configuration's resources or a state's records. Provides an order in which every resource follows its
//! dependencies, or an error with the cycle as a path of addresses. Knows nothing about actions.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::kind;
use crate::model::{Address, Record, Resource, State, Value};
use crate::resource::members;

/// Why one resource needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// An attribute names the other resource: a pod and the volume it mounts.
    Refers,
    /// It is part of the other resource and created by its request: a port and its pod.
    PartOf,
}

/// The graph cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum GraphError {
    #[error("`{from}` needs `{to}`, which does not exist")]
    #[diagnostic(code(sindri::graph::unknown_reference), help("declare `{to}`, or remove the reference from `{from}`"))]
    Unknown { from: Box<Address>, to: Box<Address> },
    #[error("resources depend on each other in a cycle: {}", path(.0))]
    #[diagnostic(code(sindri::graph::cycle), help("remove one of these references"))]
    Cycle(Vec<Address>),
}

fn path(addresses: &[Address]) -> String {
    addresses.iter().chain(addresses.first()).map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

/// Resources and their dependencies.
#[derive(Debug, Clone, Default)]
pub struct ResourceGraph {
    graph: DiGraph<Address, Edge>,
    nodes: BTreeMap<Address, NodeIndex>,
    order: Vec<Address>,
}

impl ResourceGraph {
    /// The graph of the resources in a configuration.
    pub fn of_resources(resources: &BTreeMap<Address, Resource>) -> Result<Self, GraphError> {
        Self::build(resources.iter().map(|(address, resource)| {
            let refers = resource.inputs.values().flat_map(Value::references).map(|to| (to, Edge::Refers));
            let needs = resource.needs.iter().map(|to| (to, Edge::Refers));
            let part_of = resource.parent.iter().map(|to| (to, Edge::PartOf));
            (address, refers.chain(needs).chain(part_of).collect())
        }))
    }

    /// The graph of the records in a state. Dependencies on missing records are dropped, because a killed apply can
    /// leave such records and they must not block the next one.
    pub fn of_state(state: &State) -> Result<Self, GraphError> {
        let ids = AddressesById::of(state);
        Self::build(state.resources.iter().map(|(address, record)| {
            let edge = if members::is_member(address) { Edge::PartOf } else { Edge::Refers };
            let named = record.depends_on.iter().chain(record.inputs.values().flat_map(Value::references));
            let there = named.filter(|to| state.resources.contains_key(to)).chain(ids.needed(record));
            (address, there.filter(|to| *to != address).map(|to| (to, edge)).collect())
        }))
    }

    fn build<'a>(needs: impl Iterator<Item = (&'a Address, Vec<(&'a Address, Edge)>)>) -> Result<Self, GraphError> {
        let needs: Vec<_> = needs.collect();
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<Address, NodeIndex> =
            needs.iter().map(|(address, _)| ((*address).clone(), graph.add_node((*address).clone()))).collect();
        for (from, edges) in needs {
            for (to, edge) in edges {
                let target = nodes
                    .get(to)
                    .ok_or_else(|| GraphError::Unknown { from: Box::new(from.clone()), to: Box::new(to.clone()) })?;
                // Two attributes may name the same resource; one edge is enough.
                graph.update_edge(nodes[from], *target, edge);
            }
        }
        let order = order(&graph, &nodes)?;
        Ok(Self { graph, nodes, order })
    }

    /// All addresses, each after its dependencies; ties are in address order.
    pub fn order(&self) -> &[Address] {
        &self.order
    }

    /// The direct dependencies of `address`.
    pub fn dependencies(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.neighbours(address, Direction::Outgoing)
    }

    /// The direct dependents of `address`.
    pub fn dependents(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.neighbours(address, Direction::Incoming)
    }

    fn neighbours(&self, address: &Address, direction: Direction) -> impl Iterator<Item = &Address> {
        let node = self.nodes.get(address).copied();
        node.into_iter()
            .flat_map(move |node| self.graph.neighbors_directed(node, direction))
            .map(|node| &self.graph[node])
    }

    /// All edges, from the dependent to what it needs.
    pub fn edges(&self) -> impl Iterator<Item = (&Address, &Address, Edge)> {
        self.graph.edge_indices().filter_map(|edge| {
            let (from, to) = self.graph.edge_endpoints(edge)?;
            Some((&self.graph[from], &self.graph[to], self.graph[edge]))
        })
    }
}

/// Addresses by the ids of possible reference targets. The record of an adopted object may contain only the id.
struct AddressesById<'s>(BTreeMap<(&'s str, &'s str), &'s Address>);

impl<'s> AddressesById<'s> {
    fn of(state: &'s State) -> Self {
        let referred = state.resources.iter().filter(|(address, _)| kind::is_referred_to(&address.kind));
        Self(referred.map(|(address, record)| ((record.kind.as_str(), record.id.as_str()), address)).collect())
    }

    fn needed(&self, record: &'s Record) -> impl Iterator<Item = &'s Address> {
        let named = kind::find(&record.kind).into_iter().flat_map(|kind| kind.references(&record.inputs));
        named.filter_map(|target| self.0.get(&target).copied())
    }
}

/// Kahn's algorithm with a sorted frontier. petgraph's `toposort` is correct, but its order among independent nodes is
/// hard to read.
fn order(graph: &DiGraph<Address, Edge>, nodes: &BTreeMap<Address, NodeIndex>) -> Result<Vec<Address>, GraphError> {
    let mut open: Vec<usize> = graph.node_indices().map(|node| graph.neighbors(node).count()).collect();
    let mut frontier: BTreeSet<&Address> =
        nodes.iter().filter(|(_, node)| open[node.index()] == 0).map(|(address, _)| address).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(address) = frontier.pop_first() {
        order.push(address.clone());
        for dependent in graph.neighbors_directed(nodes[address], Direction::Incoming) {
            open[dependent.index()] -= 1;
            if open[dependent.index()] == 0 {
                frontier.insert(&graph[dependent]);
            }
        }
    }
    if order.len() == nodes.len() {
        return Ok(order);
    }
    let circle = tarjan_scc(graph)
        .into_iter()
        .find(|group| group.len() > 1 || group.iter().any(|node| graph.contains_edge(*node, *node)))
        .unwrap_or_default();
    Err(GraphError::Cycle(walk(graph, &circle)))
}

/// One cycle through a strongly connected group, in walking order.
fn walk(graph: &DiGraph<Address, Edge>, group: &[NodeIndex]) -> Vec<Address> {
    let Some(&start) = group.iter().min_by_key(|node| &graph[**node]) else { return Vec::new() };
    let mut seen = vec![start];
    loop {
        let here = *seen.last().unwrap_or(&start);
        let next = graph
            .neighbors(here)
            .filter(|node| group.contains(node))
            .min_by_key(|node| (seen.contains(node), node.index()));
        match next {
            Some(next) if !seen.contains(&next) => seen.push(next),
            Some(next) => {
                let first = seen.iter().position(|node| *node == next).unwrap_or(0);
                return seen[first..].iter().map(|node| graph[*node].clone()).collect();
            }
            None => return seen.iter().map(|node| graph[*node].clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Attributes;

    fn record(kind: &str, depends_on: &[&str]) -> Record {
        Record {
            kind: kind.into(),
            id: "x".into(),
            inputs: Attributes::new(),
            chosen: BTreeMap::new(),
            marked: None,
            depends_on: depends_on.iter().map(|text| text.parse().unwrap()).collect(),
            power: None,
            prevent_destroy: false,
            ignored: Default::default(),
            tainted: false,
            awaiting_ready: None,
        }
    }

    fn state(records: &[(&str, &[&str])]) -> State {
        let mut state = State::new("l".into(), "default".into(), "runpod".into());
        for (address, depends_on) in records {
            let address: Address = address.parse().unwrap();
            let record = record(&address.kind, depends_on);
            state.resources.insert(address, record);
        }
        state
    }

    #[test]
    fn everything_comes_after_what_it_needs() {
        let graph = ResourceGraph::of_state(&state(&[
            ("pod.a", &["network_volume.z"]),
            ("port.a:22/tcp", &["pod.a"]),
            ("network_volume.z", &[]),
        ]))
        .unwrap();
        let order: Vec<_> = graph.order().iter().map(ToString::to_string).collect();
        assert_eq!(order, ["network_volume.z", "pod.a", "port.a:22/tcp"]);
    }

    #[test]
    fn a_cycle_is_reported_as_a_path() {
        let error = ResourceGraph::of_state(&state(&[("pod.a", &["pod.b"]), ("pod.b", &["pod.a"])])).unwrap_err();
        assert_eq!(error.to_string(), "resources depend on each other in a cycle: pod.a -> pod.b -> pod.a");
    }

    #[test]
    fn a_record_may_outlive_its_dependency() {
        let graph = ResourceGraph::of_state(&state(&[("pod.a", &["network_volume.gone"])])).unwrap();
        assert_eq!(graph.order().len(), 1);
    }

    #[test]
    fn a_record_with_only_an_id_depends_on_the_resource_with_that_id() {
        let mut state = state(&[("network_volume.v", &[]), ("pod.a", &[])]);
        let pod = state.resources.get_mut(&"pod.a".parse().unwrap()).unwrap();
        pod.inputs.insert("network_volume", "x".into());
        let graph = ResourceGraph::of_state(&state).unwrap();
        let needed: Vec<_> = graph.dependencies(&"pod.a".parse().unwrap()).map(ToString::to_string).collect();
        assert_eq!(needed, ["network_volume.v"]);
    }

    #[test]
    fn a_record_with_a_list_of_ids_depends_on_the_resources_with_those_ids() {
        let mut state = state(&[("network_volume.v", &[]), ("endpoint.a", &[])]);
        let endpoint = state.resources.get_mut(&"endpoint.a".parse().unwrap()).unwrap();
        endpoint.inputs.insert("network_volumes", Value::texts(["x"]));
        let graph = ResourceGraph::of_state(&state).unwrap();
        let needed: Vec<_> = graph.dependencies(&"endpoint.a".parse().unwrap()).map(ToString::to_string).collect();
        assert_eq!(needed, ["network_volume.v"]);
    }

    #[test]
    fn an_unknown_reference_of_a_configuration_names_both_ends() {
        let volume = Value::reference("network_volume.gone".parse().unwrap());
        let pod: Address = "pod.a".parse().unwrap();
        let resource = Resource {
            address: pod.clone(),
            inputs: Attributes::from([("network_volume".to_owned(), volume)]),
            parent: None,
            needs: Default::default(),
            power: None,
            lifecycle: Default::default(),
            timeouts: Default::default(),
            position: None,
            positions: BTreeMap::new(),
        };
        let error = ResourceGraph::of_resources(&BTreeMap::from([(pod, resource)])).unwrap_err();
        assert_eq!(error.to_string(), "`pod.a` needs `network_volume.gone`, which does not exist");
    }
}
