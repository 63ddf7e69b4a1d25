//! What reaches the world and what it gives back: a route that is already resolved, a body that is already JSON.
//!
//! Transport matters (headers, quotas, resets) are settled before a [`Call`] exists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::tweaks::Tweaks;

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

impl OperationName {
    /// Whether the operation can change the world.
    pub fn changes_world(self) -> bool {
        match self {
            Self::CreatePod
            | Self::UpdatePod
            | Self::DeletePod
            | Self::PodAction
            | Self::StartPod
            | Self::StopPod
            | Self::RestartPod
            | Self::ResetPod
            | Self::CreateVolume
            | Self::UpdateVolume
            | Self::DeleteVolume
            | Self::PutSshKeys
            | Self::CreateSecret
            | Self::UpdateSecret
            | Self::DeleteSecret
            | Self::CreateTemplate
            | Self::DeleteTemplate
            | Self::CreateRegistry
            | Self::DeleteRegistry => true,
            Self::ListPods
            | Self::GetPod
            | Self::PodLogs
            | Self::ListVolumes
            | Self::GetVolume
            | Self::ListGpus
            | Self::GetGpu
            | Self::ListCpus
            | Self::GetCpu
            | Self::ListDataCenters
            | Self::GetDataCenter
            | Self::GetSshKeys
            | Self::ListSecrets
            | Self::GetSecret
            | Self::ListTemplates
            | Self::GetTemplate
            | Self::ListRegistries
            | Self::GetRegistry
            | Self::OpenApi => false,
        }
    }
}
