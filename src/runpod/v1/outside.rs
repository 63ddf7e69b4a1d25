//! Objects that pods use but that are not in the lists, in v1. Source: `GetContainerRegistryAuth` and `GetTemplate` of
//! OpenAPI v1.

use crate::kind::AccountObject;
use crate::runpod::wire::AccountCollection;

pub(super) const OUTSIDE: &[AccountCollection] = &[
    AccountCollection {
        outside: AccountObject::Registry,
        collection: "/v1/containerregistryauth",
        query: "",
        serverless: None,
    },
    AccountCollection {
        outside: AccountObject::Template,
        collection: "/v1/templates",
        // Public templates are shown only on request.
        query: "includePublicTemplates=true&includeRunpodTemplates=true",
        serverless: Some(("isServerless", false)),
    },
];
