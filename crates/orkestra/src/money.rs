//! Money as exact decimals. Nothing here rounds except [`Usd`]'s display.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub},
    str::FromStr,
};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, ErrorKind};

/// An amount in US dollars, exact. May be negative (savings can be).
///
/// Serialised as a JSON string (`"0.00325"`), so that no reader turns it into a float by accident.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Usd(Decimal);

impl Usd {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// `amount` dollars.
    #[must_use]
    pub fn new(amount: Decimal) -> Self {
        Self(amount.normalize())
    }

    /// The exact amount.
    #[must_use]
    pub fn amount(self) -> Decimal {
        self.0
    }

    /// The price of `tokens` at `per_million` dollars per million tokens.
    #[must_use]
    pub fn for_tokens(tokens: u64, per_million: Decimal) -> Self {
        Self::new(Decimal::from(tokens) * per_million / Decimal::from(1_000_000))
    }

    /// What part of `whole` this is, in percent; 0 of nothing is 0.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> Decimal {
        if whole.0.is_zero() {
            return Decimal::ZERO;
        }
        self.0 / whole.0 * Decimal::ONE_HUNDRED
    }
}

impl fmt::Display for Usd {
    /// Dollars with as many digits as a small bill needs: at least five, at most eight decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.round_dp(8).normalize();
        let decimals = shown.scale().clamp(5, 8) as usize;
        let sign = if shown.is_sign_negative() && !shown.is_zero() { "-" } else { "" };
        write!(f, "{sign}${:.decimals$}", shown.abs())
    }
}

impl FromStr for Usd {
    type Err = Error;

    /// Reads `0.25` or `$0.25`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.trim().trim_start_matches('$');
        Decimal::from_str_exact(digits).map(Self::new).map_err(|cause| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("{text:?} is not an amount in dollars; write it like 0.25"),
            )
            .because(cause)
        })
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.0 + other.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.0 - other.0)
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Writes an amount as a JSON number of dollars, exact to 15 significant digits: for people's tools. The
/// ledger keeps the exact text instead.
pub(crate) fn as_number<S: Serializer>(amount: &Usd, serializer: S) -> Result<S::Ok, S::Error> {
    decimal_as_number(&amount.0, serializer)
}

/// Writes a decimal as a JSON number.
pub(crate) fn decimal_as_number<S: Serializer>(
    decimal: &Decimal,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match decimal.to_f64() {
        Some(number) => serializer.serialize_f64(number),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_shown_with_enough_digits() {
        let shown = |text: &str| text.parse::<Usd>().unwrap().to_string();
        assert_eq!(shown("0.00325"), "$0.00325");
        assert_eq!(shown("13"), "$13.00000");
        assert_eq!(shown("0.00000015"), "$0.00000015");
        assert_eq!(shown("-0.5"), "-$0.50000");
        assert_eq!(shown("-0.000000001"), "$0.00000");
    }

    #[test]
    fn a_word_is_not_an_amount() {
        let error = "ten".parse::<Usd>().unwrap_err();
        assert!(error.to_string().contains("\"ten\""), "{error}");
    }
}
