//! The hardware of a pod and the cloud it is in.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HostCloud {
    Secure,
    Community,
}

impl HostCloud {
    pub const WORDS: &[&str] = &["SECURE", "COMMUNITY"];

    pub fn word(self) -> &'static str {
        match self {
            Self::Secure => "SECURE",
            Self::Community => "COMMUNITY",
        }
    }

    /// Every value except `COMMUNITY` means the default.
    pub fn from_word(word: Option<&str>) -> Self {
        if word == Some("COMMUNITY") { Self::Community } else { Self::Secure }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Hardware {
    Gpu {
        id: String,
        count: u32,
        /// GPUs the pod actually has: 0 after a start without free GPUs.
        attached: u32,
    },
    Cpu {
        id: String,
        vcpu_count: u32,
    },
}

impl Hardware {
    pub fn id(&self) -> &str {
        match self {
            Self::Gpu { id, .. } | Self::Cpu { id, .. } => id,
        }
    }
}
