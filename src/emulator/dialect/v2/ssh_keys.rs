//! SSH keys of the account (contract, section 6).

use jiff::Timestamp;
use serde_json::json;

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, Pattern, PresentMembers, Type, checked};
use crate::emulator::state::world::World;
use crate::transport::Method::{Get, Put};

const KEY_PATTERN: Pattern =
    Pattern { source: r"^(ssh|ecdsa|sk)-[^\s]+ [^\s]+([ \t][^\n\r]*)?$", holds: is_public_key };

const KEYS: ObjectShape = ObjectShape {
    members: &[&[(
        "keys",
        Type::List {
            of: &Type::Text { min: 0, max: usize::MAX, pattern: Some(&KEY_PATTERN) },
            min: 0,
            max: usize::MAX,
            unique: false,
        },
    )]],
    required: &["keys"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "account/ssh-keys", "getSshKeys", get),
    Route::write(Put, "account/ssh-keys", "updateSshKeys", put),
];

fn is_public_key(key: &str) -> bool {
    let Some((kind, rest)) = key.split_once(' ') else { return false };
    let kind_is_known =
        ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| kind.strip_prefix(prefix).is_some_and(|kind| !kind.is_empty()));
    let (body, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    kind_is_known
        && !kind.contains(char::is_whitespace)
        && !body.is_empty()
        && !body.contains(char::is_whitespace)
        && !comment.contains(['\n', '\r'])
}

fn get(world: &World, _: &Call, _: Timestamp) -> RouteResult {
    Ok(Response::json(200, json!({ "keys": world.ssh_keys })))
}

/// Replaces all keys. Running pods keep theirs.
fn put(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&KEYS, call.body.as_ref())?;
    world.now = now;
    world.ssh_keys = PresentMembers::of(call.body.as_ref()).texts("keys").unwrap_or_default();
    get(world, call, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_needs_a_known_type_and_a_body() {
        for (key, expected) in [
            ("ssh-ed25519 AAAA me@here", true),
            ("ecdsa-sha2-nistp256 AAAA", true),
            ("sk-ssh-ed25519@openssh.com AAAA", true),
            ("ssh-rsa", false),
            ("rsa AAAA", false),
            ("ssh- AAAA", false),
            ("ssh-rsa AAAA a\nssh-rsa BBBB", false),
        ] {
            assert_eq!(is_public_key(key), expected, "{key:?}");
        }
    }
}
