//! Which operation a method and a path name, in either dialect.
//!
//! A table, as the vendor's documents list it; what is not in it is a 404, and a known path with another method a 405.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::emulator::dialect::call::{Dialect, OperationName};
use crate::transport::Method;

/// One line of the table. `{}` in a path stands for one segment, the id.
struct Route(Dialect, Method, &'static str, OperationName);

use Dialect::{V1, V2};
use Method::{Delete, Get, Patch, Post, Put};
use OperationName as Op;

/// Source: `paths` of the OpenAPI documents. Serverless, clusters and billing are left out, and so are updates of
/// templates and delegations of registries.
const ROUTES: &[Route] = &[
    Route(V2, Get, "pods", Op::ListPods),
    Route(V2, Post, "pods", Op::CreatePod),
    Route(V2, Get, "pods/{}", Op::GetPod),
    Route(V2, Patch, "pods/{}", Op::UpdatePod),
    Route(V2, Delete, "pods/{}", Op::DeletePod),
    Route(V2, Post, "pods/{}/action", Op::PodAction),
    Route(V2, Get, "pods/{}/logs", Op::PodLogs),
    Route(V2, Get, "network-volumes", Op::ListVolumes),
    Route(V2, Post, "network-volumes", Op::CreateVolume),
    Route(V2, Get, "network-volumes/{}", Op::GetVolume),
    Route(V2, Patch, "network-volumes/{}", Op::UpdateVolume),
    Route(V2, Delete, "network-volumes/{}", Op::DeleteVolume),
    Route(V2, Get, "catalog/gpus", Op::ListGpus),
    Route(V2, Get, "catalog/gpus/{}", Op::GetGpu),
    Route(V2, Get, "catalog/cpus", Op::ListCpus),
    Route(V2, Get, "catalog/cpus/{}", Op::GetCpu),
    Route(V2, Get, "catalog/datacenters", Op::ListDataCenters),
    Route(V2, Get, "catalog/datacenters/{}", Op::GetDataCenter),
    Route(V2, Get, "account/ssh-keys", Op::GetSshKeys),
    Route(V2, Put, "account/ssh-keys", Op::PutSshKeys),
    Route(V2, Get, "account/secrets", Op::ListSecrets),
    Route(V2, Post, "account/secrets", Op::CreateSecret),
    Route(V2, Get, "account/secrets/{}", Op::GetSecret),
    Route(V2, Patch, "account/secrets/{}", Op::UpdateSecret),
    Route(V2, Delete, "account/secrets/{}", Op::DeleteSecret),
    Route(V2, Get, "templates", Op::ListTemplates),
    Route(V2, Post, "templates", Op::CreateTemplate),
    Route(V2, Get, "templates/{}", Op::GetTemplate),
    Route(V2, Delete, "templates/{}", Op::DeleteTemplate),
    Route(V2, Get, "registries", Op::ListRegistries),
    Route(V2, Post, "registries", Op::CreateRegistry),
    Route(V2, Get, "registries/{}", Op::GetRegistry),
    Route(V2, Delete, "registries/{}", Op::DeleteRegistry),
    Route(V2, Get, "openapi.json", Op::OpenApi),
    Route(V1, Get, "pods", Op::ListPods),
    Route(V1, Post, "pods", Op::CreatePod),
    Route(V1, Get, "pods/{}", Op::GetPod),
    Route(V1, Patch, "pods/{}", Op::UpdatePod),
    Route(V1, Delete, "pods/{}", Op::DeletePod),
    Route(V1, Post, "pods/{}/update", Op::UpdatePod),
    Route(V1, Post, "pods/{}/start", Op::StartPod),
    Route(V1, Post, "pods/{}/stop", Op::StopPod),
    Route(V1, Post, "pods/{}/restart", Op::RestartPod),
    Route(V1, Post, "pods/{}/reset", Op::ResetPod),
    Route(V1, Get, "networkvolumes", Op::ListVolumes),
    Route(V1, Post, "networkvolumes", Op::CreateVolume),
    Route(V1, Get, "networkvolumes/{}", Op::GetVolume),
    Route(V1, Patch, "networkvolumes/{}", Op::UpdateVolume),
    Route(V1, Delete, "networkvolumes/{}", Op::DeleteVolume),
    Route(V1, Post, "networkvolumes/{}/update", Op::UpdateVolume),
    Route(V1, Get, "templates", Op::ListTemplates),
    Route(V1, Post, "templates", Op::CreateTemplate),
    Route(V1, Get, "templates/{}", Op::GetTemplate),
    Route(V1, Delete, "templates/{}", Op::DeleteTemplate),
    Route(V1, Get, "containerregistryauth", Op::ListRegistries),
    Route(V1, Post, "containerregistryauth", Op::CreateRegistry),
    Route(V1, Get, "containerregistryauth/{}", Op::GetRegistry),
    Route(V1, Delete, "containerregistryauth/{}", Op::DeleteRegistry),
    Route(V1, Get, "openapi.json", Op::OpenApi),
];

/// What a method and path lead to.
#[derive(Debug, PartialEq)]
pub enum Routed {
    Operation(OperationName, Option<String>),
    NotFound,
    /// The methods that the path knows, for the `Allow` header.
    WrongMethod(String),
}

/// A request's target, taken apart and decoded.
#[derive(Debug)]
pub struct Target<'path> {
    /// The dialect of the mount; unknown mounts answer as v2 does.
    pub dialect: Option<Dialect>,
    /// The path below the mount.
    below: &'path str,
    query: &'path str,
}

impl<'path> Target<'path> {
    pub fn parse(path_and_query: &'path str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        for (mount, dialect) in [("/v1/", V1), ("/v2/", V2)] {
            if let Some(below) = path.strip_prefix(mount) {
                return Self { dialect: Some(dialect), below, query };
            }
        }
        Self { dialect: None, below: path, query }
    }

    pub fn route(&self, method: Method) -> Routed {
        if let Some((route, id)) = self.candidates().find(|(route, _)| route.1 == method) {
            return Routed::Operation(route.3, id);
        }
        match self.methods() {
            methods if methods.is_empty() => Routed::NotFound,
            methods => Routed::WrongMethod(methods),
        }
    }

    /// The methods that the path knows, for the `Allow` header; empty if it is no route.
    pub fn methods(&self) -> String {
        self.candidates().map(|(route, _)| route.1.word()).collect::<Vec<_>>().join(", ")
    }

    /// The routes that the path fits, whatever the method, each with the id in it.
    fn candidates(&self) -> impl Iterator<Item = (&'static Route, Option<String>)> {
        let ours = ROUTES.iter().filter(|route| self.dialect == Some(route.0));
        ours.filter_map(|route| Some((route, captured(route.2, self.below)?)))
    }

    /// The decoded query. A repeated key is joined by commas in v1, and the error in v2, which wants arrays comma-joined
    /// (contract, section 2.6).
    pub fn query(&self) -> Result<BTreeMap<String, String>, String> {
        let mut parameters = BTreeMap::<String, String>::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")));
            match parameters.get_mut(&name) {
                None => drop(parameters.insert(name, value)),
                Some(earlier) if self.dialect == Some(V1) => *earlier = format!("{earlier},{value}"),
                Some(_) => {
                    return Err(format!("parameter '{name}' is not exploded, but is specified multiple times"));
                }
            }
        }
        Ok(parameters)
    }
}

/// Whether the path fits the pattern, and what stands where the pattern says `{}`.
fn captured(pattern: &str, path: &str) -> Option<Option<String>> {
    let mut id = None;
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        match segments.next()? {
            "" => return None,
            segment if expected == "{}" => id = Some(decode(segment)),
            segment if segment == expected => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(id)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, path: &str) -> Routed {
        Target::parse(path).route(method)
    }

    #[test]
    fn an_id_is_percent_decoded() {
        let expected = Routed::Operation(Op::GetGpu, Some("NVIDIA GeForce RTX 4090".into()));
        assert_eq!(route(Get, "/v2/catalog/gpus/NVIDIA%20GeForce%20RTX%204090"), expected);
    }

    #[test]
    fn the_spelling_of_one_dialect_is_unknown_to_the_other() {
        assert_eq!(route(Get, "/v2/networkvolumes"), Routed::NotFound);
        assert_eq!(route(Get, "/v1/network-volumes"), Routed::NotFound);
        assert_eq!(route(Post, "/v2/pods/x/start"), Routed::NotFound);
        assert_eq!(route(Get, "/pods"), Routed::NotFound);
        assert_eq!(route(Get, "/v2/pods/"), Routed::NotFound);
    }

    #[test]
    fn a_known_path_with_another_method_names_the_methods_it_knows() {
        assert_eq!(route(Put, "/v2/pods/x"), Routed::WrongMethod("GET, PATCH, DELETE".into()));
        assert_eq!(route(Get, "/v1/pods/x/start"), Routed::WrongMethod("POST".into()));
    }

    #[test]
    fn a_repeated_parameter_is_joined_in_v1_and_refused_in_v2() {
        let joined = Target::parse("/v1/pods?id=a&id=b%20c").query().expect("v1 joins");
        assert_eq!(joined["id"], "a,b c");
        assert!(Target::parse("/v2/pods?limit=1&limit=2").query().is_err());
    }
}
