//! `sindri import`: records existing objects in the state: one object under a declared address, a whole lost state, or
//! a manually created account.

mod all;
mod blocks;
mod discover;
mod draft;
mod new;
mod objects;

use serde_json::json;

use crate::cli::address::{AddressWord, KnownAddresses};
use crate::cli::args::{Global, ImportArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::{Secrets, Session};
use crate::kind;
use crate::model::{Marker, Object, Observed};
use crate::planner::by_hand::{ByHandError, importable};
use crate::resource;
use crate::resource::records::imported;

const DECLARE_FIRST: &str = "declare it first; import records only declared resources";

pub async fn run(args: &ImportArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    match (&args.address, &args.id) {
        (Some(word), Some(id)) => one(word, id, args, global, console).await,
        _ if args.all => all::run(args, global, console).await,
        _ => discover::run(args.lineage.as_deref(), args.lock_timeout, global, console).await,
    }
}

async fn one(
    word: &AddressWord,
    id: &str,
    args: &ImportArgs,
    global: &Global,
    console: &Console,
) -> Result<Exit, Failure> {
    let session = Session::open(global, console, Secrets::NotNeeded)?;
    let refuse =
        |code, message: String, help: &str| Err(Failure::message(Exit::Error, code, message, Some(help.to_owned())));
    let declared = &session.config.resources;
    let address = KnownAddresses::declared(declared.keys()).with_hint(DECLARE_FIRST).one(word)?;
    let store = session.lock("import", args.lock_timeout)?;
    let observed = session.recover_everything(&store, console).await?;
    let state = store.snapshot().state;
    let object = match importable(&state, &observed, address, id) {
        Ok(object) => object,
        Err(error) => {
            let (code, help) = match &error {
                ByHandError::RecordedAs { .. } => (FailureCode::Recorded, "`sindri state mv` renames a record"),
                ByHandError::NotListed { .. } => (FailureCode::NotFound, "check the id and the API key's account"),
                _ => (FailureCode::Recorded, "`sindri state rm` forgets a record and leaves its object unchanged"),
            };
            return refuse(code, error.to_string(), help);
        }
    };
    let is_own = |marker: &Marker| {
        marker.lineage == state.lineage || marker.same_project(&session.config.name, &session.config.environment)
    };
    if let Some(whose) = foreign(object, &observed, is_own).filter(|_| !args.include_marked) {
        let help = "leave it to that project, or import it with `--include-marked`. That project keeps managing it \
                    until it forgets it with `sindri state rm`. Nothing was changed";
        return Err(Failure::refused(FailureCode::Marked, whose, help).about(address, Some(id)));
    }
    let records = imported(declared, &[(address.clone(), object)], &state);
    store.correct("import", records).await?;
    store.checkpoint()?;
    session.close()?;
    console.either(
        &format!(
            "Imported `{id}` (\"{}\") as `{address}`. `sindri plan` shows where it differs from the configuration.\n",
            object.name
        ),
        &json!({ "format_version": "1.0", "address": address, "id": id, "name": object.name }),
    );
    Ok(Exit::Success)
}

/// The other project to which an object belongs, by its own marker or by the marker of an object that uses it.
fn foreign(object: &Object, observed: &Observed, is_own: impl Fn(&Marker) -> bool) -> Option<String> {
    let of = |marker: &Marker| format!("{}/{}, as `{}`", marker.name, marker.environment, marker.address);
    if let Some(marker) = object.marker.as_ref().filter(|marker| !is_own(marker)) {
        return Some(format!("`{}` (\"{}\") has the marker of {}", object.id, object.name, of(marker)));
    }
    let users = resource::users(observed.iter()).remove(&(object.kind, &object.id))?;
    let marked = users.into_iter().filter_map(|user| Some((user, user.marker.as_ref()?)));
    let (user, marker) = { marked }.find(|(_, marker)| !is_own(marker))?;
    let title = kind::find(user.kind).map_or(user.kind, |kind| kind.title);
    Some(format!("`{}` (\"{}\") is used by {title} `{}` of {}", object.id, object.name, user.id, of(marker)))
}
