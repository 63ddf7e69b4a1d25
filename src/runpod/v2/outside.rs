//! Objects that pods and endpoints use but that are not in the lists, in v2. Source: `getRegistry` and `getTemplate` of
//! OpenAPI v2.

use crate::kind::AccountObject;
use crate::runpod::wire::AccountCollection;

pub(super) const OUTSIDE: &[AccountCollection] = &[
    AccountCollection { outside: AccountObject::Registry, collection: "/v2/registries", query: "", serverless: None },
    // It returns own and public templates.
    AccountCollection {
        outside: AccountObject::Template,
        collection: "/v2/templates",
        query: "",
        serverless: Some(("serverless", false)),
    },
    AccountCollection {
        outside: AccountObject::ServerlessTemplate,
        collection: "/v2/templates",
        query: "",
        serverless: Some(("serverless", true)),
    },
];
