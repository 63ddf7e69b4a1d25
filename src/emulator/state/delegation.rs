//! Delegations of Amazon ECR repositories, which need no stored credential.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EcrDelegation {
    pub serial: u64,
    pub id: String,
    pub name: Option<String>,
    pub resource: EcrResource,
    pub created_at: Timestamp,
    pub visible: Visibility,
}

/// The parts of an ECR resource ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EcrResource {
    pub region: String,
    /// The AWS account.
    pub account: String,
    pub repository: String,
    pub tag: String,
}

impl EcrResource {
    /// Reads `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`, with an optional `:TAG`.
    pub fn parse(arn: &str) -> Option<Self> {
        let (region, rest) = arn.strip_prefix("arn:aws:ecr:")?.split_once(':')?;
        let (account, rest) = rest.split_once(':')?;
        let name = rest.strip_prefix("repository/")?;
        let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_complete = is_account && ![region, repository, tag].contains(&"");
        is_complete.then(|| Self {
            region: region.to_owned(),
            account: account.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// The host name for a Docker login.
    pub fn registry_uri(&self) -> String {
        format!("{}.dkr.ecr.{}.amazonaws.com", self.account, self.region)
    }
}

impl Keyed for EcrDelegation {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for EcrDelegation {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_arn_of_a_repository_is_read() {
        let read =
            EcrResource::parse("arn:aws:ecr:us-east-2:418399314813:repository/runpod/deployment").expect("an ARN");
        assert_eq!((read.region.as_str(), read.repository.as_str()), ("us-east-2", "runpod/deployment"));
        assert_eq!(read.registry_uri(), "418399314813.dkr.ecr.us-east-2.amazonaws.com");
        let tagged = EcrResource::parse("arn:aws:ecr:eu-central-1:418399314813:repository/a:v2").expect("an ARN");
        assert_eq!((read.tag.as_str(), tagged.tag.as_str()), ("latest", "v2"));
        for arn in [
            "",
            "arn:aws:s3:::bucket",
            "arn:aws:ecr:us-east-2:4183:repository/a",
            "arn:aws:ecr::418399314813:repository/a",
            "arn:aws:ecr:us-east-2:418399314813:repository/",
            "arn:aws:ecr:us-east-2:418399314813:a",
        ] {
            assert_eq!(EcrResource::parse(arn), None, "{arn}");
        }
    }
}
