//! Delegations of ECR repositories.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::delegation::{EcrDelegation, EcrResource};
use crate::emulator::state::world::World;

impl World {
    /// Delegates the repository of an ARN.
    pub(in crate::emulator) fn create_delegation(
        &mut self,
        arn: &str,
        name: Option<&str>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&EcrDelegation, RequestRefusal> {
        let resource = EcrResource::parse(arn).ok_or_else(|| RequestRefusal::rule("Invalid ARN format"))?;
        tweaks.check_create()?;
        self.now = now;
        let delegation = EcrDelegation {
            serial: self.take_serial(),
            id: self.rng.id(12),
            name: name.map(str::to_owned),
            resource,
            created_at: now,
            visible: tweaks.visibility(now),
        };
        let id = delegation.id.clone();
        self.delegations.objects.insert(delegation);
        self.touched.push(id.clone());
        tweaks.deny_create()?;
        self.delegations.find(&id, Timestamp::MAX)
    }

    pub(in crate::emulator) fn revoke_delegation(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let found = self.delegations.find(id, now);
        found.map_err(|_| RequestRefusal::Absent("Delegation not found or access denied".to_owned()))?;
        if !tweaks.delete_ignored {
            self.now = now;
            self.delegations.delete(id, tweaks, now);
            self.touched.push(id.to_owned());
        }
        Ok(())
    }
}
