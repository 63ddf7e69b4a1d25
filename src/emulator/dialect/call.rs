//! What reaches the world and what it gives back: a route that is already resolved, a body that is already JSON.
//!
//! Transport matters (headers, quotas, resets) are settled before a [`Call`] exists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::events::Aftermath;

/// Which of RunPod's two REST dialects a call speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    V1,
    V2,
}

/// Every operation that the world answers, in both dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationName {
    ListPods,
    CreatePod,
    GetPod,
    UpdatePod,
    DeletePod,
    /// v2 only: `start`, `stop`, `restart`, `terminate` in the body.
    PodAction,
    /// v1 only, as are the next three.
    StartPod,
    StopPod,
    RestartPod,
    ResetPod,
    /// v2 only.
    PodLogs,
    ListVolumes,
    CreateVolume,
    GetVolume,
    UpdateVolume,
    DeleteVolume,
    ListTemplates,
    CreateTemplate,
    GetTemplate,
    DeleteTemplate,
    ListRegistries,
    CreateRegistry,
    GetRegistry,
    DeleteRegistry,
    // From here to the secrets: v2 only.
    ListGpus,
    GetGpu,
    ListCpus,
    GetCpu,
    ListDataCenters,
    GetDataCenter,
    GetSshKeys,
    PutSshKeys,
    ListSecrets,
    CreateSecret,
    GetSecret,
    UpdateSecret,
    DeleteSecret,
    OpenApi,
}

impl OperationName {
    pub const ALL: [Self; 38] = [
        Self::ListPods,
        Self::CreatePod,
        Self::GetPod,
        Self::UpdatePod,
        Self::DeletePod,
        Self::PodAction,
        Self::StartPod,
        Self::StopPod,
        Self::RestartPod,
        Self::ResetPod,
        Self::PodLogs,
        Self::ListVolumes,
        Self::CreateVolume,
        Self::GetVolume,
        Self::UpdateVolume,
        Self::DeleteVolume,
        Self::ListTemplates,
        Self::CreateTemplate,
        Self::GetTemplate,
        Self::DeleteTemplate,
        Self::ListRegistries,
        Self::CreateRegistry,
        Self::GetRegistry,
        Self::DeleteRegistry,
        Self::ListGpus,
        Self::GetGpu,
        Self::ListCpus,
        Self::GetCpu,
        Self::ListDataCenters,
        Self::GetDataCenter,
        Self::GetSshKeys,
        Self::PutSshKeys,
        Self::ListSecrets,
        Self::CreateSecret,
        Self::GetSecret,
        Self::UpdateSecret,
        Self::DeleteSecret,
        Self::OpenApi,
    ];

    /// The name that fault rules and the request journal use: RunPod's `operationId` of v2 where it has one.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListPods => "listPods",
            Self::CreatePod => "createPod",
            Self::GetPod => "getPod",
            Self::UpdatePod => "updatePod",
            Self::DeletePod => "deletePod",
            Self::PodAction => "podAction",
            Self::StartPod => "startPod",
            Self::StopPod => "stopPod",
            Self::RestartPod => "restartPod",
            Self::ResetPod => "resetPod",
            Self::PodLogs => "getPodLogs",
            Self::ListVolumes => "listNetworkVolumes",
            Self::CreateVolume => "createNetworkVolume",
            Self::GetVolume => "getNetworkVolume",
            Self::UpdateVolume => "updateNetworkVolume",
            Self::DeleteVolume => "deleteNetworkVolume",
            Self::ListTemplates => "listTemplates",
            Self::CreateTemplate => "createTemplate",
            Self::GetTemplate => "getTemplate",
            Self::DeleteTemplate => "deleteTemplate",
            Self::ListRegistries => "listRegistries",
            Self::CreateRegistry => "createRegistry",
            Self::GetRegistry => "getRegistry",
            Self::DeleteRegistry => "deleteRegistry",
            Self::ListGpus => "listGpuTypes",
            Self::GetGpu => "getGpuType",
            Self::ListCpus => "listCpuTypes",
            Self::GetCpu => "getCpuType",
            Self::ListDataCenters => "listDataCenters",
            Self::GetDataCenter => "getDataCenter",
            Self::GetSshKeys => "getSshKeys",
            Self::PutSshKeys => "updateSshKeys",
            Self::ListSecrets => "listSecrets",
            Self::CreateSecret => "createSecret",
            Self::GetSecret => "getSecret",
            Self::UpdateSecret => "updateSecret",
            Self::DeleteSecret => "deleteSecret",
            Self::OpenApi => "getOpenApi",
        }
    }
}

/// One request, as the world sees it.
///
/// No `Debug`: a body can carry a secret.
#[derive(Clone)]
pub struct Call {
    pub dialect: Dialect,
    pub operation: OperationName,
    /// The `{id}` of the path, percent-decoded.
    pub id: Option<String>,
    /// Decoded query parameters; a repeated v1 parameter arrives comma-joined.
    pub query: BTreeMap<String, String>,
    pub body: Option<Value>,
    pub tweaks: Tweaks,
}

impl Call {
    /// A call without id, query, body or faults.
    pub fn new(dialect: Dialect, operation: OperationName) -> Self {
        Self { dialect, operation, id: None, query: BTreeMap::new(), body: None, tweaks: Tweaks::default() }
    }

    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.insert(name.to_owned(), value.to_string());
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub fn tweaks(mut self, tweaks: Tweaks) -> Self {
        self.tweaks = tweaks;
        self
    }
}

/// The reply.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Empty for 204.
    pub body: Vec<u8>,
    /// Ids of the pods or volumes that the call changed or created.
    pub touched: Vec<String>,
}

/// Faults inside the world that apply to this one call. Durations are virtual seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tweaks {
    /// Create: answer "no capacity", and create the pod all the same (Q7).
    pub ghost: bool,
    /// Create: answer "no capacity".
    pub no_capacity: bool,
    /// Create: GET, PATCH, actions and DELETE of the new object are 404 for this long (Q9).
    pub not_found_after_create_seconds: Option<u64>,
    /// Create: the object is missing from lists for this long. List: objects younger than this are missing (Q9).
    pub appear_lag_seconds: Option<u64>,
    /// Delete: the object stays in lists for this long. List: objects deleted more recently are still shown (Q10).
    pub disappear_lag_seconds: Option<u64>,
    /// Delete: 204, and nothing happens.
    pub delete_ignored: bool,
    /// Delete: the pod can be read as TERMINATED for this long (Q10).
    pub delete_slow_seconds: Option<u64>,
    /// Update, start, stop: every read shows the old values for this long.
    pub stale_read_seconds: Option<u64>,
    /// Update: this member of the body is accepted and ignored.
    pub patch_drops_field: Option<String>,
    /// Start: refused for want of a GPU on the host (Q18).
    pub resume_refused: bool,
    /// Start, create: the pod comes up without its GPUs (Q18).
    pub zero_gpu: bool,
    /// Every object in the answer carries members that no document names.
    pub extra_members: Vec<String>,
    /// Members that every object in the answer lacks (Q23).
    pub missing_members: Vec<String>,
    /// The status that every pod in the answer has.
    pub new_status: Option<String>,
    /// How every pod in the answer says what its container runs.
    pub echo_args: Option<EchoArgs>,
    /// v2 is as it was in August 2026.
    pub august_spec: bool,
    /// Create: refused by a fault of the service itself (Q26).
    pub object_mounts_bug: bool,
    /// Create: somebody else creates a pod of the same name just before.
    pub duplicate_name: bool,
    /// What happens to the account: its balance, in USD.
    pub balance: Option<f64>,
    /// The account's spend limit from here on, this call included. USD per hour.
    pub spend_limit: Option<f64>,
    /// What happens because of the call, now or later.
    pub aftermath: Vec<Aftermath>,
}

/// How `args` comes back; no document says (contract, section 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EchoArgs {
    /// As it was sent.
    Verbatim,
    /// As a JSON object of the two arrays, however it was sent.
    Reserialized,
    /// Only in `entrypoint` and `cmd`.
    Split,
}
