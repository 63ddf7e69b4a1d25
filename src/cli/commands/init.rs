//! `sindri init`: writes a first configuration, ready for the sandbox, and the schema for editors beside it.

use std::io::ErrorKind;
use std::path::Path;

use crate::cli::args::{Global, InitArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::config::{LoadOptions, Problem, Problems, SCHEMA_FILE, SchemaOf, Starter, json_schema};
use crate::files;
use crate::render::json;

/// The fields of the first file that flags set.
const FLAGS: [(&str, &str); 4] =
    [("name:", "--name"), ("image:", "--image"), ("gpuType:", "--gpu"), ("region:", "--region")];

pub fn run(args: &InitArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let folder = global.directory.clone().unwrap_or_default();
    let path = global.file.clone().map_or_else(|| folder.join("sindri.yaml"), |file| folder.join(file));
    let text = checked(args, global, &path)?;
    write_new(&path, &text)?;
    let schema = path.with_file_name(SCHEMA_FILE);
    let schema_text = json::to_text(&json_schema(SchemaOf::Base), true) + "\n";
    let for_editors = match write_new(&schema, &schema_text) {
        Ok(()) => format!("Wrote `{}`, which editors use for completion.\n", schema.display()),
        Err(failure) => {
            // The configuration is complete without the schema.
            console.note(&format!("{}; `sindri schema config` prints the schema for editors", failure.report));
            String::new()
        }
    };
    console.wrapped(&format!("Wrote `{}`.\n{for_editors}Next: `sindri plan --sandbox`.\n", path.display()));
    Ok(Exit::Success)
}

/// The text of the file, after validating it.
fn checked(args: &InitArgs, global: &Global, path: &Path) -> Result<String, Failure> {
    let standard = Starter::default();
    let starter = Starter {
        name: args.name.clone().unwrap_or(standard.name),
        image: args.image.clone().unwrap_or(standard.image),
        gpus: if args.gpu.is_empty() { standard.gpus } else { args.gpu.clone() },
        regions: args.region.clone(),
    };
    let alone = LoadOptions::alone(global.directory.clone().unwrap_or_default());
    let options = LoadOptions { file: global.file.clone(), offline_secrets: true, ..alone };
    starter.checked(path, &options).map_err(|problems| refused(&starter.text(), &problems))
}

/// The problems of the text, each with the flag that caused it.
fn refused(text: &str, problems: &Problems) -> Failure {
    let flag = |problem: &Problem| {
        let line = problem.position.as_ref().and_then(|position| text.lines().nth(position.line as usize - 1))?;
        FLAGS.iter().find(|(field, _)| line.trim_start().starts_with(field)).map(|(_, flag)| *flag)
    };
    let message = |problem: &Problem| match flag(problem) {
        Some(flag) => format!("`{flag}`: {problem}"),
        None => problem.to_string(),
    };
    let messages: Vec<String> = problems.iter().map(message).collect();
    let several = messages.len() > 1;
    let help = |problem: &Problem| match (problem.help.as_deref()?, flag(problem)) {
        (help, Some(flag)) if several => Some(format!("`{flag}`: {help}")),
        (help, _) => Some(help.to_owned()),
    };
    let helps: Vec<String> = problems.iter().filter_map(help).collect();
    Failure::message(
        Exit::Usage,
        FailureCode::Usage,
        messages.join("\n"),
        Some(format!("{}\nnothing was written", helps.join("\n"))),
    )
}

/// Writes a new file; never replaces an existing one.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    files::create_new(path, text.as_bytes()).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::refused(
            FailureCode::Exists,
            format!("`{}` already exists", path.display()),
            "it was not changed; select another file with `-f FILE`",
        ),
        _ => Failure::message(
            Exit::Error,
            FailureCode::CannotWrite,
            format!("cannot write `{}`: {error}", path.display()),
            None,
        ),
    })
}
