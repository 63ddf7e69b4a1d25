//! The target of a request: dialect, route and query.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::emulator::dialect::call::ApiVersion;
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::routes::routes;
use crate::transport::Method;

/// The result of routing.
pub enum Routed {
    /// With the ids in the path.
    Found(&'static Route, PathIds),
    NotFound,
    /// The path exists with these methods, for the `Allow` header.
    WrongMethod(String),
}

/// The ids in a path.
#[derive(Debug, Default, PartialEq)]
pub struct PathIds {
    pub object: Option<String>,
    /// Of a part of the object, such as a worker of an endpoint.
    pub part: Option<String>,
}

/// The parts of a request's path.
#[derive(Debug)]
pub struct RequestTarget<'path> {
    /// `None` for a path outside both dialects, which is answered as in v2.
    pub dialect: Option<ApiVersion>,
    /// The path below `/v1/` or `/v2/`.
    below: &'path str,
    query: &'path str,
}

impl<'path> RequestTarget<'path> {
    pub fn parse(path_and_query: &'path str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        for (mount, dialect) in [("/v1/", ApiVersion::V1), ("/v2/", ApiVersion::V2)] {
            if let Some(below) = path.strip_prefix(mount) {
                return Self { dialect: Some(dialect), below, query };
            }
        }
        Self { dialect: None, below: path, query }
    }

    pub fn route(&self, method: Method) -> Routed {
        if let Some((route, ids)) = self.candidates().find(|(route, _)| route.method == method) {
            return Routed::Found(route, ids);
        }
        match self.methods() {
            methods if methods.is_empty() => Routed::NotFound,
            methods => Routed::WrongMethod(methods),
        }
    }

    /// The methods of the path, for the `Allow` header; empty if there is no such path.
    pub fn methods(&self) -> String {
        self.candidates().map(|(route, _)| route.method.word()).collect::<Vec<_>>().join(", ")
    }

    /// The routes that match the path, with any method, each with the ids. A literal path comes before a pattern:
    /// `registries/delegations` is no registry.
    fn candidates(&self) -> impl Iterator<Item = (&'static Route, PathIds)> {
        let ours = || self.dialect.into_iter().flat_map(routes);
        let is_literal = ours().any(|route| route.path == self.below);
        let eligible = ours().filter(move |route| !is_literal || route.path == self.below);
        eligible.filter_map(|route| Some((route, captured(route.path, self.below)?)))
    }

    /// The decoded query. v1 joins a repeated key by commas. In v2 it is an error, which is returned (contract, section
    /// 2.6).
    pub fn query(&self) -> Result<BTreeMap<String, String>, String> {
        let mut parameters = BTreeMap::<String, String>::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")));
            match parameters.get_mut(&name) {
                None => drop(parameters.insert(name, value)),
                Some(earlier) if self.dialect == Some(ApiVersion::V1) => *earlier = format!("{earlier},{value}"),
                Some(_) => {
                    return Err(format!("parameter '{name}' is not exploded, but is specified multiple times"));
                }
            }
        }
        Ok(parameters)
    }
}

/// The ids in the path, if the path matches the pattern.
fn captured(pattern: &str, path: &str) -> Option<PathIds> {
    let mut ids = PathIds::default();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        match segments.next()? {
            "" => return None,
            segment if expected == "{id}" => ids.object = Some(decode(segment)),
            segment if expected.starts_with('{') => ids.part = Some(decode(segment)),
            segment if segment == expected => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(ids)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use Method::{Delete, Get, Post, Put};

    use super::*;

    /// The operation and the id, `not found`, or the allowed methods.
    fn route(method: Method, path: &str) -> String {
        match RequestTarget::parse(path).route(method) {
            Routed::Found(route, ids) => format!("{} {}", route.operation, ids.object.unwrap_or_default()),
            Routed::NotFound => "not found".to_owned(),
            Routed::WrongMethod(methods) => methods,
        }
    }

    #[test]
    fn an_id_is_percent_decoded() {
        let routed = route(Get, "/v2/catalog/gpus/NVIDIA%20GeForce%20RTX%204090");
        assert_eq!(routed, "getGpuType NVIDIA GeForce RTX 4090");
    }

    #[test]
    fn paths_of_one_dialect_are_unknown_in_the_other() {
        assert_eq!(route(Get, "/v2/networkvolumes"), "not found");
        assert_eq!(route(Get, "/v1/network-volumes"), "not found");
        assert_eq!(route(Post, "/v2/pods/x/start"), "not found");
        assert_eq!(route(Get, "/pods"), "not found");
        assert_eq!(route(Get, "/v2/pods/"), "not found");
    }

    #[test]
    fn a_wrong_method_returns_the_allowed_methods() {
        assert_eq!(route(Put, "/v2/pods/x"), "GET, PATCH, DELETE");
        assert_eq!(route(Get, "/v1/pods/x/start"), "POST");
        assert_eq!(route(Delete, "/v2/registries/delegations"), "GET, POST");
    }

    #[test]
    fn a_literal_path_comes_before_a_pattern() {
        assert_eq!(route(Get, "/v2/registries/delegations"), "listDelegations ");
        assert_eq!(route(Get, "/v2/registries/other"), "getRegistry other");
        assert_eq!(route(Delete, "/v2/registries/delegations/x"), "revokeDelegation x");
    }

    #[test]
    fn a_repeated_parameter_is_joined_in_v1_and_rejected_in_v2() {
        let joined = RequestTarget::parse("/v1/pods?id=a&id=b%20c").query().expect("v1 joins");
        assert_eq!(joined["id"], "a,b c");
        assert!(RequestTarget::parse("/v2/pods?limit=1&limit=2").query().is_err());
    }
}
