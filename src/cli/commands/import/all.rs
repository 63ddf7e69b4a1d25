//! `sindri import --all` with a configuration: records objects that it already declares, and prints blocks to add for
//! the others. Never edits the file.

use serde_json::json;

use super::blocks::{Blocks, Checks, NoBlockReason};
use super::objects::{skipped, unmanaged};
use super::{draft, new};
use crate::cli::args::{Global, ImportArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::{Secrets, Session, load_options};
use crate::config::{self, ProblemCode, write};
use crate::planner::recognise::takeover::takeover;
use crate::render::takeover as report;
use crate::resource::records::imported;

pub async fn run(args: &ImportArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let options = load_options(global, Secrets::NotNeeded)?;
    let named = global.file.as_ref().map(|file| options.directory.join(file));
    match config::load(&options) {
        Err(problems) if named.as_ref().is_some_and(|file| !file.exists()) || is_missing(&problems) => {
            let base = named.unwrap_or_else(|| options.directory.join("sindri.yaml"));
            new::run(args, &base, &options, global, console).await
        }
        Err(problems) => Err(problems.into()),
        Ok(config) => {
            if args.name.as_ref().is_some_and(|name| *name != config.name) {
                return Err(Failure::refused(
                    FailureCode::NamedAlready,
                    format!("`{}` already has the name `{}`", config.file.display(), config.name),
                    "omit `--name`, or run this in a folder without a configuration; nothing was changed",
                ));
            }
            add(args, Session::of(config, global, console)?, &options, console).await
        }
    }
}

fn is_missing(problems: &config::Problems) -> bool {
    problems.iter().any(|problem| problem.code == ProblemCode::NoConfiguration)
}

async fn add(
    args: &ImportArgs,
    session: Session,
    options: &config::LoadOptions<'_>,
    console: &Console,
) -> Result<Exit, Failure> {
    let store = session.lock("import --all", args.lock_timeout)?;
    let observed = session.recover_everything(&store, console).await?;
    let state = store.snapshot().state;
    let config = &session.config;
    let mut blocks = Blocks::default();
    let mut open = unmanaged(&state, &observed);
    if !args.include_marked {
        open = blocks.without_marked(open);
    }
    let takeover = takeover(&config.resources, (&state, &observed), open);
    let records = imported(&config.resources, &takeover.taken, &state);
    let differs = |(object, address, fields)| (object, NoBlockReason::Differs { address, fields });
    blocks.skipped.extend(takeover.differing.into_iter().map(differs));
    if !records.is_empty() {
        store.correct("import --all", records).await?;
    }
    store.checkpoint()?;
    draft::clear(&config.file);
    session.close()?;

    let checks = Checks { name: &config.name, base: &config.file, options, dialect: config.dialect };
    let in_use = config.resources.keys().cloned().collect();
    blocks.write(&takeover.undeclared, &in_use, &checks);
    let text = write::lists(&blocks.blocks) + &write::sections(&blocks.blocks);
    let file = session.config_name();
    let skipped: Vec<report::SkippedImport<'_>> =
        blocks.skipped.iter().map(|(object, reason)| skipped(object, reason)).collect();
    if console.json {
        let mut json = report::json(&takeover.taken, &skipped);
        json["file"] = json!(null);
        json["yaml"] = json!(text);
        console.json(&json);
    } else {
        let mut summary = String::new();
        // Writing to a string cannot fail.
        let _ = report::text(&mut summary, &takeover.taken, &skipped, &console.style());
        // Only the blocks are the result, so that they can be redirected to a file.
        console.say(summary.trim_end());
        console.result(&text);
    }
    match blocks.objects.len() {
        0 => Ok(Exit::Success),
        count => Err(Failure::refused(
            FailureCode::UndeclaredObjects,
            format!("{count} unmanaged objects are not declared in `{file}`"),
            format!(
                "add the blocks above to `{file}`, indented ones under `providers.runpod` and the others at the top, \
                 and run this again to record the matching objects. If the file declares a single pod, first give that pod a block under `pods`, with a \
                 `moved` entry. Fields next to `pods` are defaults for every pod. In a folder without a \
                 configuration, this command writes one. `{file}` was not changed"
            ),
        )),
    }
}
