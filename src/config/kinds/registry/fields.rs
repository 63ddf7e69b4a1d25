//! The fields of a registry credential or an ECR delegation.

use crate::config::habits::habit;
use crate::config::lifecycle::LIFECYCLE;
use crate::config::table::{BlockSchema, Field, ForeignKeys, POSITIVE, ValueShape};

pub(in crate::config) static SECTION: Field = Field::new(
    "registries",
    ValueShape::Named(&BLOCK),
    "Credentials of private container registries and ECR delegations, by name. Pods refer to them with `registry`.",
)
.like("registries: { ghcr: { username: acme-bot, passwordFrom: GHCR_TOKEN } }");

pub(in crate::config) static BLOCK: BlockSchema = BlockSchema {
    title: "a registry",
    habits: HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name"),
        Field::new("username", ValueShape::Text, "The user name. It is sent to RunPod and not stored.")
            .sets("username")
            .like("username: acme-bot"),
        Field::new(
            "passwordFrom",
            ValueShape::Id,
            "The environment variable with the password or token. Its value is sent to RunPod and not stored.",
        )
        .aliases(&["password_from"])
        .sets("password")
        .like("passwordFrom: GHCR_TOKEN"),
        Field::new(
            "version",
            POSITIVE,
            "A counter, 1 by default. Raise it to create a credential with the current user name and password.",
        )
        .sets("version")
        .like("version: 2"),
        Field::new("ecr", ValueShape::Id, "The ARN of an Amazon ECR repository, instead of a user name and password.")
            .sets("ecr")
            .like(r#"ecr: "arn:aws:ecr:eu-central-1:123456789012:repository/trainer""#),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for replacing and destroying it.")
            .like("lifecycle: { preventDestroy: true }"),
    ]],
    ..BlockSchema::EMPTY
};

static HABITS: &[ForeignKeys] = &[
    habit(
        &["password", "token", "passwd", "secret", "pass"],
        "name the environment variable that holds it: `passwordFrom: GHCR_TOKEN`. A password in the file is no secret",
    ),
    habit(&["user", "login", "usernameFrom"], "did you mean `username`? `username: ${NAME}` reads a variable"),
    habit(&["arn", "resource", "repository"], "did you mean `ecr`? It takes the ARN of an ECR repository"),
    habit(&["url", "server", "host", "registry"], "remove it: RunPod takes the registry from the name of the image"),
    habit(&["id"], "pods refer to an existing credential with `registryAuth`, or import it with `sindri import`"),
];
