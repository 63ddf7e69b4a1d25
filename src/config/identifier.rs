//! Rules for the text of every field: no credential where it would be shown, no character that RunPod cannot pass on,
//! and no blank id.

use super::document::Scalar;
use super::table::ValueShape;
use crate::model::ProblemCode;
use crate::model::credential::surely_holds_credential;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFault {
    /// It comes from a variable that looks like a credential.
    FromCredential,
    /// It is written as a token in the format of a known issuer.
    Token,
    /// It contains a NUL character, which ends a string in most programs.
    Nul,
    /// An id with a control character.
    Control,
    /// An id that is empty or blank.
    Blank,
    /// An id with whitespace at its start or end.
    Padded,
}

impl TextFault {
    pub fn code(self) -> ProblemCode {
        match self {
            Self::FromCredential | Self::Token => ProblemCode::SecretOutsideEnv,
            Self::Nul | Self::Control => ProblemCode::ControlCharacter,
            Self::Blank | Self::Padded => ProblemCode::EmptyId,
        }
    }

    /// Completes a sentence about the field.
    pub fn what(self) -> &'static str {
        match self {
            Self::FromCredential | Self::Token => "would show a credential in plans and state",
            Self::Nul => "contains a NUL character",
            Self::Control => "contains a control character",
            Self::Blank => "must not be empty",
            Self::Padded => "has leading or trailing whitespace",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::FromCredential => "comes from a variable that looks like a credential",
            Self::Token => "this looks like a credential",
            Self::Nul | Self::Control => "not accepted",
            Self::Blank => "empty",
            Self::Padded => "whitespace",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Self::FromCredential => {
                "put it into `env` or `secrets`, where it stays hidden; a command can read it there as `$NAME`"
            }
            Self::Token => {
                "only values of `env` and `secrets` stay hidden; remove the token here, and revoke it if this file \
                 was shared"
            }
            Self::Nul => "environment variables and arguments cannot contain it; remove `\\0`, or encode the value",
            Self::Control => "remove the control character, such as `\\n` or `\\x1b`",
            Self::Blank => "write a value, or remove the field",
            Self::Padded => "remove the whitespace",
        }
    }
}

/// The problem with a field's text, if there is one. `leaves` says whether the text reaches plans, the state or RunPod.
pub(super) fn fault(scalar: &Scalar, shape: &ValueShape, leaves: bool) -> Option<TextFault> {
    let text = scalar.text.as_str();
    let is_command = matches!(shape, ValueShape::Line);
    if matches!(shape, ValueShape::Anything) {
        None
    } else if leaves && scalar.sensitive {
        Some(TextFault::FromCredential)
    } else if leaves && !is_command && surely_holds_credential(text) {
        // Tokens in commands are hidden.
        Some(TextFault::Token)
    } else if text.contains('\0') {
        Some(TextFault::Nul)
    } else if matches!(shape, ValueShape::Id) {
        id_fault(text)
    } else {
        None
    }
}

fn id_fault(text: &str) -> Option<TextFault> {
    match text.trim() {
        trimmed if trimmed.contains(char::is_control) => Some(TextFault::Control),
        "" => Some(TextFault::Blank),
        trimmed if trimmed.len() < text.len() => Some(TextFault::Padded),
        _ => None,
    }
}

/// The problem with a key that the user chose.
pub(super) fn key_fault(key: &str) -> Option<TextFault> {
    surely_holds_credential(key).then_some(TextFault::Token)
}

/// The problem with an environment variable's value.
pub(super) fn value_fault(value: &str) -> Option<TextFault> {
    value.contains('\0').then_some(TextFault::Nul)
}
