//! `sindri output`: values of existing resources, and how to connect to them.

use crate::cli::args::{Global, OutputArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::kind;
use crate::render::status::Outputs;

/// A path such as `trainer.id`, whose address has no kind, completed with the kind of the resource.
fn with_kind(path: &str, outputs: &Outputs) -> Result<Option<String>, Failure> {
    let paths = kind::KINDS.iter().map(|kind| format!("{}.{path}", kind.name));
    let mut found: Vec<String> = paths.filter(|path| outputs.raw(path).is_some()).collect();
    if found.len() > 1 && outputs.raw(path).is_none() {
        let message = format!("`{path}` matches outputs of several kinds");
        let help = format!("write the full path: `{}`", found.join("` or `"));
        return Err(Failure::message(Exit::Usage, FailureCode::Ambiguous, message, Some(help)));
    }
    Ok(found.pop().filter(|_| outputs.raw(path).is_none()))
}

pub async fn run(args: &OutputArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let (state, observed) = session.refresh(console).await?;
    session.close()?;
    let outputs = Outputs::new(&state, &observed);
    match &args.path {
        Some(path) => {
            let full = with_kind(path, &outputs)?;
            let Some(value) = outputs.raw(full.as_ref().unwrap_or(path)) else {
                let known = outputs.paths();
                let nearest = crate::catalog::nearest(path, known.iter().map(String::as_str));
                let help = nearest.map_or_else(
                    || "`sindri output` lists every value".to_owned(),
                    |nearest| format!("did you mean `{nearest}`? `sindri output` lists every value"),
                );
                return Err(Failure::message(
                    Exit::Error,
                    FailureCode::NotFound,
                    format!("there is no output `{path}`"),
                    Some(help),
                ));
            };
            console.result(&format!("{value}\n"));
        }
        None if console.json => console.json(&outputs.json()),
        None => {
            let mut text = String::new();
            let _ = outputs.text(&mut text, &console.style());
            console.result(&text);
        }
    }
    Ok(Exit::Success)
}
