//! Exit codes, and failures that carry one.

use std::fmt;
use std::process::ExitCode;

use miette::{Diagnostic, Severity};

use crate::apply::recover::RecoverError;
use crate::config::Problems;
use crate::emulator::{OpenError, WorldFileError};
use crate::graph::GraphError;
use crate::model::code::codes;
use crate::model::{Address, Position};
use crate::runpod::{ApiError, ErrorClass};
use crate::store::StoreError;
use crate::transport::http::HttpSetupError;

/// The exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Success,
    Error,
    /// Changes are pending (`plan --detailed-exitcode`), something drifted (`drift`), or two environments differ
    /// (`diff`).
    Changes,
    /// Consent is missing (data loss, protection, adoption, no terminal), or the state belongs to another environment
    /// or API.
    Refused,
    /// Another command holds the lock.
    Locked,
    /// The plan differs from the approved one.
    Stale,
    /// The plan exceeds the budget.
    Policy,
    NoCapacity,
    PartlyApplied,
    Usage,
    Interrupted,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Locked => 4,
            Self::Stale => 5,
            Self::Policy => 6,
            Self::NoCapacity => 7,
            Self::PartlyApplied => 8,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

codes! {
    /// The code of a failure of the command line itself, printed as `sindri::cli::stale_plan`.
    pub enum FailureCode {
        AdoptionNeedsConsent,
        Ambiguous,
        AmbiguousPort,
        ApplyFailed,
        BudgetExceeded,
        Bug,
        CannotListen,
        CannotWrite,
        DataLossNeedsConsent,
        EnvironmentWithoutConfiguration,
        Errored,
        Exists,
        Held,
        ImportBug,
        ImpossibleChange,
        ImpossibleCreate,
        Interrupted,
        Marked,
        MergeConflict,
        /// A value that has to be sent is not set.
        MissingValues,
        MoveBlocked,
        NamedAlready,
        Needed,
        NewerPlan,
        NoCapacity,
        NoDirectSsh,
        NoDirectory,
        NoPlan,
        NoPlanId,
        NoPort,
        NoSuchLineage,
        NoTerminal,
        NotApproved,
        NotFound,
        NotMovable,
        NotOverwritten,
        NotReady,
        OlderPlan,
        OtherLineage,
        OutputLost,
        OwnFile,
        Part,
        PartOfResource,
        PartlyApplied,
        PlanTampered,
        PlanUnreadable,
        PlanUnwritable,
        PlannerBug,
        PodLocked,
        PreventDestroy,
        Protected,
        Recorded,
        RenameNeedsDecision,
        Runtime,
        Sandbox,
        SandboxOutside,
        SeveralLineages,
        SshFailed,
        StalePlan,
        StateWithoutConfiguration,
        Stopped,
        TwoStates,
        UndeclaredObjects,
        UnexpectedPlan,
        UnreachableState,
        Unreadable,
        Unsettled,
        Usage,
        ZeroGpu,
    }
}

/// The error to print for a failed command, and the exit code.
pub struct Failure {
    pub exit: Exit,
    pub report: Box<dyn Diagnostic + Send + Sync>,
    /// The parts of the failure with their positions, for annotations if the report itself has no position.
    pub parts: Vec<(Option<Position>, String)>,
    /// For `--json`: the resource that the failure is about, if it is a single one.
    pub subject: Option<Box<FailedResource>>,
}

/// One resource, and RunPod's id for it if it exists.
pub struct FailedResource {
    pub address: Address,
    pub id: Option<String>,
}

impl Failure {
    fn of(exit: Exit, report: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self { exit, report: Box::new(report), subject: None, parts: Vec::new() }
    }

    /// Adds the resource that the failure is about.
    pub fn about(self, address: &Address, id: Option<&str>) -> Self {
        let subject = FailedResource { address: address.clone(), id: id.map(str::to_owned) };
        Self { subject: Some(Box::new(subject)), ..self }
    }

    /// A failure of the command line itself.
    pub fn message(exit: Exit, code: FailureCode, message: impl Into<String>, help: Option<String>) -> Self {
        Self::of(exit, Message { code, message: message.into(), help, severity: Severity::Error })
    }

    /// A refusal. Nothing was changed, and `help` says how to proceed deliberately.
    pub fn refused(code: FailureCode, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::message(Exit::Refused, code, message, Some(help.into()))
    }
}

/// A warning of the command line itself; see [`Failure::message`].
pub fn warning(code: FailureCode, message: String, help: String) -> miette::Report {
    miette::Report::new(Message { code, message, help: Some(help), severity: Severity::Warning })
}

#[derive(Debug)]
struct Message {
    code: FailureCode,
    message: String,
    help: Option<String>,
    severity: Severity,
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Message {}

impl Diagnostic for Message {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("sindri::cli::{}", self.code)))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Locked { .. } => Exit::Locked,
            StoreError::WrongWorld { .. } => Exit::Refused,
            _ => Exit::Error,
        };
        Self::of(exit, error)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let exit = if error.class == ErrorClass::NoCapacity { Exit::NoCapacity } else { Exit::Error };
        Self::of(exit, error)
    }
}

impl From<RecoverError> for Failure {
    fn from(error: RecoverError) -> Self {
        match error {
            RecoverError::Api(error) => error.into(),
            RecoverError::Store(error) => error.into(),
        }
    }
}

macro_rules! plain_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(Exit::Error, error)
            }
        })+
    };
}

plain_errors!(Problems, GraphError, OpenError, WorldFileError, HttpSetupError);
