//! `sindri schema`: the JSON Schemas of files that people write and of output for tools.

use crate::cli::args::{SchemaArgs, SchemaName};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::config::{SchemaOf, json_schema};
use crate::render::json::{drift_schema, error_schema, plan_schema};

pub fn run(args: &SchemaArgs, console: &Console) -> Exit {
    console.json(&match args.what {
        SchemaName::Config => json_schema(SchemaOf::Base),
        SchemaName::Overlay => json_schema(SchemaOf::Overlay),
        SchemaName::Plan => plan_schema(),
        SchemaName::Drift => drift_schema(),
        SchemaName::Error => error_schema(),
    });
    Exit::Success
}
