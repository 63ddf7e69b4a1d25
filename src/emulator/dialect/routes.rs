//! All routes of both dialects.

use super::call::ApiVersion;
use super::route::{KindRoutes, Route};
use super::{v1, v2};
use crate::model::KindRegistry;

/// The kinds of a dialect. Kinds can be added before the first call.
pub fn kinds(dialect: ApiVersion) -> &'static KindRegistry<KindRoutes> {
    match dialect {
        ApiVersion::V1 => &v1::kinds::KINDS,
        ApiVersion::V2 => &v2::kinds::KINDS,
    }
}

/// The routes of a dialect, by kind.
pub fn routes(dialect: ApiVersion) -> Box<dyn Iterator<Item = &'static Route>> {
    match dialect {
        ApiVersion::V1 => Box::new(v1::kinds::routes()),
        ApiVersion::V2 => Box::new(v2::kinds::routes()),
    }
}

/// The names of all operations. Names that both dialects have appear twice.
pub fn operations() -> impl Iterator<Item = &'static str> {
    routes(ApiVersion::V2).chain(routes(ApiVersion::V1)).map(|route| route.operation)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_method_and_path_match_one_route() {
        for dialect in [ApiVersion::V1, ApiVersion::V2] {
            let mut seen = BTreeMap::new();
            for route in routes(dialect) {
                let earlier = seen.insert((route.method.word(), route.path), route.operation);
                assert_eq!(earlier, None, "{dialect:?} {} {}", route.method.word(), route.path);
            }
        }
    }

    #[test]
    fn an_operation_is_a_read_or_a_write_in_both_dialects() {
        let mut seen = BTreeMap::new();
        for route in routes(ApiVersion::V1).chain(routes(ApiVersion::V2)) {
            let writes = seen.entry(route.operation).or_insert(route.changes_world());
            assert_eq!(*writes, route.changes_world(), "{}", route.operation);
        }
    }
}
