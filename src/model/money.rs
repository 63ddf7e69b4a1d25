//! Money: US dollars per hour in whole millionths. Sums are exact and identical on every machine.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Deserialize, Serialize};

/// Hours in a month, for estimates. Source: inferred in `catalog.json` (`storagePrices.hoursPerMonth`).
pub const HOURS_PER_MONTH: i64 = 730;

/// An amount of US dollars (per hour unless stated otherwise), in millionths. Arithmetic saturates, because amounts
/// also come from files and the API, and no amount may crash a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    pub const ZERO: Self = Self(0);

    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e6).round() as i64)
    }

    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Converts an hourly amount to a month of 730 hours.
    #[must_use]
    pub fn per_month(self) -> Self {
        Self(self.0.saturating_mul(HOURS_PER_MONTH))
    }

    /// Converts a monthly amount to an hourly one.
    #[must_use]
    pub fn from_monthly(self) -> Self {
        Self(self.0 / HOURS_PER_MONTH)
    }

    #[must_use]
    pub fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// `$1.98`, `-$0.02`, `$1,426`: cents below a thousand dollars, whole dollars with separators above. Amounts under a
/// cent keep four decimals, because storage costs that little.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millionths = self.0.unsigned_abs();
        if millionths >= 1_000_000_000 {
            let dollars = (millionths + 500_000) / 1_000_000;
            let digits = dollars.to_string();
            let mut grouped = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            write!(formatter, "{sign}${grouped}")
        } else if millionths > 0 && millionths < 10_000 {
            write!(formatter, "{sign}$0.{:04}", (millionths + 50) / 100)
        } else {
            let cents = (millionths + 5_000) / 10_000;
            write!(formatter, "{sign}${}.{:02}", cents / 100, cents % 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_like_a_price_list() {
        for (dollars, text) in [
            (1.98, "$1.98"),
            (0.0055, "$0.0055"),
            (-0.44, "-$0.44"),
            (1426.4, "$1,426"),
            (0.0, "$0.00"),
            (12345678.0, "$12,345,678"),
        ] {
            assert_eq!(Money::from_dollars(dollars).to_string(), text);
        }
    }

    #[test]
    fn an_absurd_amount_saturates() {
        let most = Money::from_dollars(f64::MAX);
        assert_eq!([most + most, most.per_month(), most.times(3)], [most; 3]);
        assert_eq!(-Money::from_dollars(f64::MIN), most);
        assert_eq!([most, most].into_iter().sum::<Money>() - -most, most);
    }
}
