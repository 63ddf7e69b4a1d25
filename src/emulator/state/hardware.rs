//! What a pod runs on, and in which cloud.

use serde::{Deserialize, Serialize};

/// The two clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Cloud {
    Secure,
    Community,
}

impl Cloud {
    pub const WORDS: &[&str] = &["SECURE", "COMMUNITY"];

    pub fn word(self) -> &'static str {
        match self {
            Self::Secure => "SECURE",
            Self::Community => "COMMUNITY",
        }
    }

    /// `COMMUNITY`, or the default.
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
        /// What the pod really got: 0 after a start without free GPUs.
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
