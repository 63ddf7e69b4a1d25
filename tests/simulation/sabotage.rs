//! Safeguards removed deliberately, to prove that the search notices.

use async_trait::async_trait;
use sindri::kind::Kind;
use sindri::model::{Attributes, Dialect, Marker, Object, Power, Rollout, WorkerCounts};
use sindri::runpod::{Api, ApiError, Client, FailureEffect};

/// The removed safeguard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    None,
    /// Markers of pods are ignored.
    NoMarkers,
    /// Intents are not written before requests.
    NoIntents,
    /// A create with an unknown outcome is sent again at once.
    BlindRetry,
    /// Markers of other projects count as ours.
    AnyMarker,
    /// Adopted objects are recorded as declared.
    DeclaredRecords,
    /// A deleted object leaves the records of its parts behind.
    LeftMembers,
    /// A record whose address changes leaves references to the old one behind.
    LeftReferences,
    /// An apply that only has to wait does not wait.
    NobodyWaits,
}

/// The client without one safeguard.
pub struct Sabotaged<'c> {
    pub client: &'c Client,
    pub sabotage: Sabotage,
}

#[async_trait]
impl Api for Sabotaged<'_> {
    fn dialect(&self) -> Dialect {
        self.client.dialect()
    }

    async fn list(&self, kind: &'static Kind) -> Result<Vec<Object>, ApiError> {
        let mut objects = self.client.list(kind).await?;
        if self.sabotage == Sabotage::NoMarkers {
            objects.iter_mut().for_each(|object| object.marker = None);
        }
        if self.sabotage == Sabotage::AnyMarker {
            for marker in objects.iter_mut().filter_map(|object| object.marker.as_mut()) {
                (marker.name, marker.environment) = ("test".to_owned(), "default".to_owned());
            }
        }
        Ok(objects)
    }

    async fn read(&self, kind: &'static Kind, id: &str) -> Result<Option<Object>, ApiError> {
        self.client.read(kind, id).await
    }

    async fn create(
        &self,
        kind: &'static Kind,
        inputs: &Attributes,
        marker: Option<&Marker>,
    ) -> Result<Object, ApiError> {
        let answer = self.client.create(kind, inputs, marker).await;
        match &answer {
            Err(error) if self.sabotage == Sabotage::BlindRetry && error.failure == FailureEffect::Unknown => {
                self.client.create(kind, inputs, marker).await
            }
            _ => answer,
        }
    }

    async fn update(&self, kind: &'static Kind, current: &Object, changes: &Attributes) -> Result<Object, ApiError> {
        self.client.update(kind, current, changes).await
    }

    async fn delete(&self, kind: &'static Kind, id: &str) -> Result<bool, ApiError> {
        self.client.delete(kind, id).await
    }

    async fn in_stock(&self, kind: &'static Kind, inputs: &Attributes) -> Result<Option<bool>, ApiError> {
        self.client.in_stock(kind, inputs).await
    }

    async fn workers(&self, kind: &'static Kind, id: &str) -> Result<Option<WorkerCounts>, ApiError> {
        self.client.workers(kind, id).await
    }

    async fn standby_workers(&self, kind: &'static Kind, object: &Object) -> Result<Option<u64>, ApiError> {
        self.client.standby_workers(kind, object).await
    }

    async fn rollout(&self, kind: &'static Kind, id: &str) -> Result<Option<Rollout>, ApiError> {
        self.client.rollout(kind, id).await
    }

    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError> {
        self.client.power(kind, id, power).await
    }
}
