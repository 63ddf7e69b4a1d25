//! `sindri output`: values of existing resources, and how to connect to them.

use crate::cli::args::{Global, OutputArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::render::status::Outputs;

pub async fn run(args: &OutputArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let (state, observed) = session.look(console).await?;
    session.close()?;
    let outputs = Outputs::new(&state, &observed);
    match &args.path {
        Some(path) => {
            let Some(value) = outputs.raw(path) else {
                let known = outputs.paths();
                let nearest = crate::catalog::nearest(path, known.iter().map(String::as_str));
                let help = nearest.map_or_else(
                    || "`sindri output` lists every value".to_owned(),
                    |nearest| format!("did you mean `{nearest}`? `sindri output` lists every value"),
                );
                return Err(Failure::message(
                    Exit::Error,
                    "not_found",
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
