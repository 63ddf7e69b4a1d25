//! The account's balance and hourly spending.
//!
//! Amounts are whole nano-dollars, so that adding and removing a pod cancel out exactly.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const NANOS_PER_USD: f64 = 1e9;
const MILLIS_PER_HOUR: i128 = 3_600_000;

/// The account as seen from outside. USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub balance: f64,
    pub spend_limit: Option<f64>,
    /// Current spending per hour.
    pub hourly: f64,
    pub spent_compute: f64,
    pub spent_storage: f64,
}

/// Nano-dollars per hour for compute and storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    pub compute: i64,
    pub storage: i64,
}

impl Rate {
    pub fn total(self) -> i64 {
        self.compute + self.storage
    }
}

/// Converts USD to nano-dollars.
pub fn nanos(usd: f64) -> i64 {
    (usd * NANOS_PER_USD).round() as i64
}

fn usd(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_USD
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Nano-dollars, as of `settled`.
    balance: i64,
    spend_limit: Option<i64>,
    rate: Rate,
    spent: Rate,
    settled: Timestamp,
    /// The balance ran out and the pods were stopped or deleted.
    #[serde(rename = "broke")]
    pub is_exhausted: bool,
}

impl Ledger {
    pub fn new(balance_usd: f64, spend_limit_usd: Option<f64>, now: Timestamp) -> Self {
        Self {
            balance: nanos(balance_usd),
            spend_limit: spend_limit_usd.map(nanos),
            rate: Rate::default(),
            spent: Rate::default(),
            settled: now,
            is_exhausted: false,
        }
    }

    fn accrued(&self, rate: i64, now: Timestamp) -> i64 {
        let elapsed = now.duration_since(self.settled).as_millis().max(0);
        i64::try_from(i128::from(rate) * elapsed / MILLIS_PER_HOUR).unwrap_or(i64::MAX)
    }

    /// Charges everything up to `now`.
    pub fn settle(&mut self, now: Timestamp) {
        let paid =
            Rate { compute: self.accrued(self.rate.compute, now), storage: self.accrued(self.rate.storage, now) };
        self.balance = self.balance.saturating_sub(paid.total());
        self.spent.compute = self.spent.compute.saturating_add(paid.compute);
        self.spent.storage = self.spent.storage.saturating_add(paid.storage);
        self.settled = self.settled.max(now);
    }

    /// Replaces the rate `before` by `after` from `now` on.
    pub fn change(&mut self, before: Rate, after: Rate, now: Timestamp) {
        if before == after {
            return;
        }
        self.settle(now);
        self.rate.compute += after.compute - before.compute;
        self.rate.storage += after.storage - before.storage;
    }

    pub fn balance_at(&self, now: Timestamp) -> i64 {
        self.balance.saturating_sub(self.accrued(self.rate.total(), now))
    }

    /// Whether the balance covers one hour of `wanted` (contract, section 12.10).
    pub fn affords(&self, wanted: Rate, now: Timestamp) -> bool {
        !self.is_exhausted && self.balance_at(now) >= wanted.total()
    }

    pub fn is_spending(&self) -> bool {
        self.rate.total() > 0
    }

    pub fn within_limit(&self, wanted: Rate) -> bool {
        self.spend_limit.is_none_or(|limit| self.rate.total() + wanted.total() <= limit)
    }

    pub fn set_balance(&mut self, usd: f64, now: Timestamp) {
        self.settle(now);
        self.balance = nanos(usd);
        self.is_exhausted = false;
    }

    pub fn set_spend_limit(&mut self, usd: Option<f64>) {
        self.spend_limit = usd.map(nanos);
    }

    pub fn account(&self, now: Timestamp) -> Account {
        Account {
            balance: usd(self.balance_at(now)),
            spend_limit: self.spend_limit.map(usd),
            hourly: usd(self.rate.total()),
            spent_compute: usd(self.spent.compute.saturating_add(self.accrued(self.rate.compute, now))),
            spent_storage: usd(self.spent.storage.saturating_add(self.accrued(self.rate.storage, now))),
        }
    }

    #[cfg(test)]
    pub fn rate(&self) -> Rate {
        self.rate
    }
}
