//! Hourly cost of resources, as far as prices are known.

use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::Money;

/// Estimated dollars per hour of one or more resources.
///
/// An unknown price is counted separately and never treated as zero, so that totals and limits cannot mistake it for
/// free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Cost {
    /// The known part. If several machine types are acceptable, this uses the most expensive one.
    pub known: Money,
    /// Number of pods whose machine has no known price. For these, `known` includes only the disks.
    pub unpriced: u32,
    /// Whether `known` is an upper bound: RunPod may choose a cheaper machine.
    pub at_most: bool,
}

/// The form in a saved plan: a plain amount if nothing else needs to be stored.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Amount(Money),
    Partial {
        known: Money,
        #[serde(default)]
        unpriced: u32,
        #[serde(default)]
        at_most: bool,
    },
}

impl From<Stored> for Cost {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Amount(known) => known.into(),
            Stored::Partial { known, unpriced, at_most } => Self { known, unpriced, at_most },
        }
    }
}

impl From<Cost> for Stored {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost { known, unpriced: 0, at_most: false } => Self::Amount(known),
            Cost { known, unpriced, at_most } => Self::Partial { known, unpriced, at_most },
        }
    }
}

impl From<Money> for Cost {
    fn from(known: Money) -> Self {
        Self { known, ..Self::ZERO }
    }
}

impl Cost {
    pub const ZERO: Self = Self { known: Money::ZERO, unpriced: 0, at_most: false };

    /// One machine without a known price.
    pub const UNKNOWN: Self = Self { known: Money::ZERO, unpriced: 1, at_most: false };

    /// This cost, if it is or may be higher than `floor`.
    pub fn above(self, floor: Self) -> Option<Self> {
        (self.known > floor.known || self.unpriced > floor.unpriced).then_some(self)
    }

    pub fn is_known(self) -> bool {
        self.unpriced == 0
    }

    /// The amount, if it is fully known.
    pub fn amount(self) -> Option<Money> {
        self.is_known().then_some(self.known)
    }

    /// Whether it costs, or may cost, anything.
    pub fn is_billed(self) -> bool {
        self.known > Money::ZERO || !self.is_known()
    }

    #[must_use]
    pub fn times(self, number: usize) -> Self {
        let factor = u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            known: self.known.times(i64::from(factor)),
            unpriced: self.unpriced.saturating_mul(factor),
            at_most: self.at_most,
        }
    }

    /// For one resource: `$0.74/h`, `up to $0.74/h`, or `an unknown price`.
    pub fn of_one(self) -> String {
        self.of_one_in(self.known, "h")
    }

    /// Like [`Self::of_one`], per month of 730 hours.
    pub fn of_one_monthly(self) -> String {
        self.of_one_in(self.known.per_month(), "mo")
    }

    fn of_one_in(self, amount: Money, unit: &str) -> String {
        match self.is_known() {
            true => format!("{}{amount}/{unit}", self.limit()),
            false => "an unknown price".to_owned(),
        }
    }

    /// For several resources: `$5.94/h`, `$5.94/h plus 2 machines without a known price`.
    pub fn together(self) -> String {
        self.with_unpriced(format!("{}{}/h", self.limit(), self.known))
    }

    /// `$5.94/h ($4,335/mo)`, followed by the number of machines without a known price.
    pub fn hour_and_month(self) -> String {
        self.with_unpriced(format!("{}{}/h ({}/mo)", self.limit(), self.known, self.known.per_month()))
    }

    /// `up to ` if RunPod may choose a cheaper machine.
    pub fn limit(self) -> &'static str {
        if self.at_most { "up to " } else { "" }
    }

    fn with_unpriced(self, known: String) -> String {
        match (self.unpriced, self.known) {
            (0, _) => known,
            (unpriced, Money::ZERO) => without_price(unpriced as usize),
            (unpriced, _) => format!("{known} plus {}", without_price(unpriced as usize)),
        }
    }
}

/// `2 machines without a known price`.
pub fn without_price(machines: usize) -> String {
    format!("{machines} machine{} without a known price", if machines == 1 { "" } else { "s" })
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            known: self.known + other.known,
            unpriced: self.unpriced.saturating_add(other.unpriced),
            at_most: self.at_most || other.at_most,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_counts_unknown_prices() {
        let priced = Cost::from(Money::from_dollars(0.74));
        let limit = Cost { at_most: true, ..priced };
        assert_eq!((priced + priced).together(), "$1.48/h");
        assert_eq!((priced + limit).hour_and_month(), "up to $1.48/h ($1,080/mo)");
        assert_eq!((priced + Cost::UNKNOWN).together(), "$0.74/h plus 1 machine without a known price");
        assert_eq!(Cost::UNKNOWN.times(3).together(), "3 machines without a known price");
        assert_eq!([priced, limit, Cost::UNKNOWN].map(Cost::of_one), ["$0.74/h", "up to $0.74/h", "an unknown price"]);
        assert!([priced, Cost::UNKNOWN].into_iter().sum::<Cost>().amount().is_none());
    }

    #[test]
    fn a_plain_amount_is_stored_as_before() {
        let costs = [Money(740_000).into(), Cost { known: Money(7), unpriced: 1, at_most: true }];
        let stored = costs.map(|cost: Cost| serde_json::to_string(&cost).expect("it is plain data"));
        assert_eq!(stored, ["740000", r#"{"known":7,"unpriced":1,"at_most":true}"#]);
        let read = stored.map(|text| serde_json::from_str::<Cost>(&text).expect("it was written"));
        assert_eq!(read, costs);
    }
}
